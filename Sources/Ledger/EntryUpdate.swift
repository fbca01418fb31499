import Core
import Foundation

/// What is to be recorded of a file: all of a new entry, or some of one that is there.
public struct EntryUpdate: Sendable, Hashable {
    /// The file as it is now.
    public var file: SubmittedFile
    /// When it was submitted; nil keeps the recorded time, or takes now.
    public var date: Date?
    /// Scores in [0,1]; nil keeps what is recorded.
    public var publicScore, privateScore, localScore: Double?
    /// Free text; an empty one removes the note, nil keeps it.
    public var note: String?

    /// An update; parts that are nil keep what is recorded.
    public init(
        file: SubmittedFile, date: Date? = nil, publicScore: Double? = nil, privateScore: Double? = nil,
        localScore: Double? = nil, note: String? = nil
    ) {
        self.file = file
        self.date = date
        self.publicScore = publicScore
        self.privateScore = privateScore
        self.localScore = localScore
        self.note = note
    }

    /// The update that makes `entry` where there is none of its path.
    init(_ entry: LedgerEntry) {
        self.init(
            file: SubmittedFile(
                path: entry.path, sha256: entry.sha256, images: entry.images, boxes: entry.boxes,
                sidecar: Sidecar(settings: entry.settings, checkpoint: entry.checkpoint)),
            date: entry.date, publicScore: entry.publicScore, privateScore: entry.privateScore,
            localScore: entry.localScore, note: entry.note)
    }

    /// The entry after this update.
    ///
    /// - Parameters:
    ///   - recorded: the entry of the same path; nil where there is none.
    ///   - now: the time of an entry that becomes a submission without a time of its own.
    ///   - force: whether another public score than the recorded one is taken.
    /// - Throws: `LedgerError` (65) where the file is not the one that was recorded, or has another public score and
    ///   `force` is false.
    func applied(to recorded: LedgerEntry?, now: Date, force: Bool) throws -> LedgerEntry {
        var entry =
            recorded
            ?? LedgerEntry(path: file.path, sha256: file.sha256, images: file.images, boxes: file.boxes, date: now)
        guard entry.sha256 == file.sha256 else {
            throw LedgerError.badData(
                "the file has changed since it was recorded, so its score would be another file's", path: file.path,
                found: "SHA-256 \(file.sha256.prefix(12))…, \(file.images) images, \(file.boxes) boxes",
                expected: "SHA-256 \(entry.sha256.prefix(12))…, \(entry.images) images, \(entry.boxes) boxes",
                nextStep: "bring the recorded file back, or give the new one a name of its own")
        }
        if let publicScore, let known = entry.publicScore, known != publicScore, !force {
            throw LedgerError.badData(
                "another public score is recorded for this file", path: file.path, found: "\(publicScore)",
                expected: "\(known)", nextStep: "pass --force where the recorded score was mistyped")
        }
        let becomesSubmission = recorded != nil && entry.publicScore == nil && publicScore != nil
        if let date { entry.date = date } else if becomesSubmission { entry.date = now }
        entry.publicScore = publicScore ?? entry.publicScore
        entry.privateScore = privateScore ?? entry.privateScore
        entry.localScore = localScore ?? file.sidecar?.localScore ?? entry.localScore
        if let note { entry.note = note.isEmpty ? nil : note }
        entry.settings = file.sidecar?.settings ?? entry.settings
        entry.checkpoint = file.sidecar?.checkpoint ?? entry.checkpoint
        return entry
    }
}
