import Foundation

/// A file that was submitted, or may be, and what it scored.
public struct LedgerEntry: Sendable, Hashable {
    /// The file, as `SubmittedFile.standardPath` has it; no two entries share one.
    public var path: String
    /// SHA-256 of the file, 64 hexadecimal digits.
    public var sha256: String
    /// Rows of the file.
    public var images: Int
    /// Boxes over all images.
    public var boxes: Int
    /// When it was submitted, whole seconds; where there is no public score, when it was recorded.
    public var date: Date
    /// The leaderboard's scores, each in [0,1]. An entry without a public one has not been submitted.
    public var publicScore, privateScore: Double?
    /// The score on own truth, in [0,1].
    public var localScore: Double?
    /// Free text, never empty.
    public var note: String?
    /// The settings that made the file: a JSON object on one line.
    public var settings: String?
    /// The checkpoints that made the file: a name, or JSON on one line.
    public var checkpoint: String?

    /// An entry; parts that are nil are not known.
    public init(
        path: String, sha256: String, images: Int, boxes: Int, date: Date, publicScore: Double? = nil,
        privateScore: Double? = nil, localScore: Double? = nil, note: String? = nil, settings: String? = nil,
        checkpoint: String? = nil
    ) {
        self.path = path
        self.sha256 = sha256
        self.images = images
        self.boxes = boxes
        self.date = date
        self.publicScore = publicScore
        self.privateScore = privateScore
        self.localScore = localScore
        self.note = note
        self.settings = settings
        self.checkpoint = checkpoint
    }
}
