import Core
import Foundation

/// What made a CSV, from the JSON object `NAME.csv.json` beside it.
///
/// Every key may be missing: `settings` (an object), `checkpoint` (a name, or any JSON for several), `local` (the score
/// on own truth, in [0,1]), `sha256` (of the CSV that the sidecar was written for). Other keys are passed over.
public struct Sidecar: Sendable, Hashable {
    /// The settings, a JSON object on one line.
    public let settings: String?
    /// A name, or JSON on one line.
    public let checkpoint: String?
    /// The score on own truth, in [0,1].
    public let localScore: Double?

    init(settings: String?, checkpoint: String?, localScore: Double? = nil) {
        self.settings = settings
        self.checkpoint = checkpoint
        self.localScore = localScore
    }

    /// Reads the sidecar of the CSV at `path`, whose digest is `sha256`; nil where there is none.
    ///
    /// - Throws: `FileError` (65, 66) or `LedgerError` (65) where it cannot be read, is of another form, or was written
    ///   for other contents.
    init?(beside path: String, sha256: String) throws {
        let path = path + ".json"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let document = try JSONValue(contentsOf: path)
        guard let object = document.object else {
            throw LedgerError.badData(
                "the sidecar is no JSON object", path: path, found: document.kind, expected: "an object")
        }
        if let digest = object["sha256"], digest.string?.lowercased() != sha256 {
            throw LedgerError.badData(
                "the sidecar was written for other contents", path: path, place: "sha256", found: digest.text(),
                expected: sha256, nextStep: "bring the CSV back that it was written for, or remove the sidecar")
        }
        if let settings = object["settings"], settings.object == nil {
            throw LedgerError.badData(
                "the settings are no JSON object", path: path, place: "settings", found: settings.kind,
                expected: "an object")
        }
        if let local = object["local"], local.number.map({ (0...1).contains($0) }) != true {
            throw LedgerError.badData(
                "the local score is none", path: path, place: "local", found: local.text(),
                expected: "a number from 0 to 1")
        }
        let checkpoint = object["checkpoint"].flatMap { $0 == .null ? nil : $0.string ?? $0.text() }
        self.init(
            settings: object["settings"].map { $0.text() }, checkpoint: checkpoint == "" ? nil : checkpoint,
            localScore: object["local"]?.number)
    }
}
