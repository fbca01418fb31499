import Core
import Foundation

/// What made a CSV, kept beside it as `NAME.csv.json`: command, version, settings, sources with hashes, checkpoints. No
/// time and no machine: the same bytes for the same inputs. The ledger reads it.
///
/// `{"schema": 1, "format": "sidecar", "version", "command", "sha256", "settings", "checkpoint", "sources": [{"path",
/// "sha256", "checkpoint", "checkpoint_sha256", "settings"}], "local"}`; `checkpoint` is a name, or a list where the sources
/// have several, and missing where none is known, as of predictions in JSON.
public struct PredictionSidecar: Sendable, Equatable {
    /// A file or store that the boxes come from.
    public struct Source: Sendable, Equatable {
        /// As the user named it.
        public var path: String
        /// Of a file's bytes; of a store's maps and their make.
        public var sha256: String
        /// The checkpoints behind it, by name, where they are known.
        public var checkpoints: [String]
        /// The hash of the one checkpoint of a store; nil where it is not known.
        public var checkpointSHA256: String?
        /// The settings of a CSV's own sidecar.
        public var settings: JSONObject?

        /// A source.
        public init(
            path: String, sha256: String, checkpoints: [String] = [], checkpointSHA256: String? = nil,
            settings: JSONObject? = nil
        ) {
            self.path = path
            self.sha256 = sha256
            self.checkpoints = checkpoints
            self.checkpointSHA256 = checkpointSHA256
            self.settings = settings
        }
    }

    /// The verb that wrote the CSV, such as `extract`.
    public var command: String
    /// What it was told, as far as boxes depend on it.
    public var settings: JSONObject
    /// In the order of the command.
    public var sources: [Source]
    /// The score of these settings on own truth, in [0,1]; nil where there is none.
    public var localScore: Double?

    /// What a command says of the CSVs that it writes.
    public init(command: String, settings: JSONObject, sources: [Source], localScore: Double? = nil) {
        self.command = command
        self.settings = settings
        self.sources = sources
        self.localScore = localScore
    }

    /// The value of `format` in the document.
    static let format = "sidecar"

    /// Where the sidecar of the CSV at `path` stands.
    public static func path(of csv: String) -> String { csv + ".json" }

    /// The document of a CSV with these bytes.
    ///
    /// - Parameter sha256: of the CSV.
    public func text(sha256: String) -> String {
        var seen: Set<String> = []
        let checkpoints = sources.flatMap(\.checkpoints).filter { seen.insert($0).inserted }
        var object: JSONObject = [
            "schema": 1, "format": .string(Self.format), "version": .string(Version.text),
            "command": .string(command), "sha256": .string(sha256), "settings": .object(settings),
        ]
        switch checkpoints.count {
        case 0: break
        case 1: object["checkpoint"] = .string(checkpoints[0])
        default: object["checkpoint"] = .array(checkpoints.map(JSONValue.string))
        }
        object["sources"] = .array(
            sources.map { source in
                var member: JSONObject = ["path": .string(source.path), "sha256": .string(source.sha256)]
                if !source.checkpoints.isEmpty {
                    member["checkpoint"] =
                        source.checkpoints.count == 1
                        ? .string(source.checkpoints[0]) : .array(source.checkpoints.map(JSONValue.string))
                }
                member["checkpoint_sha256"] = source.checkpointSHA256.map(JSONValue.string)
                member["settings"] = source.settings.map(JSONValue.object)
                return .object(member)
            })
        object["local"] = localScore.map(JSONValue.number)
        return JSONValue.object(object).text(indent: 2) + "\n"
    }

    // MARK: Files

    /// Writes the sidecar beside the CSV at `csv`, whose text is `contents`.
    ///
    /// One that was written for these very contents stays: it says what made them first. Another one, of a CSV that is
    /// gone, is replaced with `overwrite` only, and so is any other file.
    ///
    /// - Throws: `FileError` (73) where it cannot be written.
    public func write(beside csv: String, contents: String, overwrite: Bool) throws {
        let digest = SHA256.hexDigest(of: contents)
        if !overwrite, Self.stands(for: digest, at: Self.path(of: csv)) { return }
        try AtomicFile.write(text(sha256: digest), to: Self.path(of: csv), overwrite: overwrite)
    }

    /// Looks before several files are written that belong together.
    ///
    /// - Throws: `FileError` (73) where `write` would refuse.
    public func check(beside csv: String, contents: String) throws {
        let digest = SHA256.hexDigest(of: contents)
        if Self.stands(for: digest, at: Self.path(of: csv)) { return }
        try AtomicFile.stands(text(sha256: digest), at: Self.path(of: csv))
    }

    /// Whether a sidecar for contents with this digest is at `path`.
    private static func stands(for digest: String, at path: String) -> Bool {
        guard FileManager.default.fileExists(atPath: path), let object = try? JSONValue(contentsOf: path).object else {
            return false
        }
        return object["format"]?.string == format && object["sha256"]?.string == digest
    }

    // MARK: Sources

    /// A file of predictions as a source: its hash and, where it is a CSV with a sidecar of its own, what that says.
    ///
    /// - Throws: `FileError` (66) where it cannot be read.
    public static func source(path: String) throws -> Source {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            return Source(path: path, sha256: try folderDigest(path))
        }
        let digest = try MappedFile(path: path).sha256()
        var source = Source(path: path, sha256: digest)
        guard stands(for: digest, at: Self.path(of: path)),
            let object = try? JSONValue(contentsOf: Self.path(of: path)).object
        else { return source }
        source.checkpoints =
            object["checkpoint"]?.string.map { [$0] } ?? object["checkpoint"]?.array?.compactMap(\.string) ?? []
        source.settings = object["settings"]?.object
        return source
    }

    /// Of the names and hashes of a folder's files.
    private static func folderDigest(_ path: String) throws -> String {
        let names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
        let lines = try names.compactMap { name -> String? in
            let file = (path as NSString).appendingPathComponent(name)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), !isFolder.boolValue else {
                return nil
            }
            return try "\(MappedFile(path: file).sha256())  \(name)\n"
        }
        return SHA256.hexDigest(of: lines.joined())
    }
}
