import Dataset

/// What a file of annotations holds, and what is worth saying about it.
public struct AnnotationContents: Sendable, Equatable {
    /// Images and words in file order.
    public var set: AnnotationSet
    /// The format that the file has.
    public var format: FileFormat
    /// One sentence each, for people: what was skipped or assumed while reading.
    public var notes: [String]

    init(set: AnnotationSet, format: FileFormat, notes: [String] = []) {
        self.set = set
        self.format = format
        self.notes = notes
    }
}

extension AnnotationSet {
    /// Refuses coordinates and scores that no text format has a number for.
    func checkFinite() throws {
        for image in images {
            for word in image.words {
                let values = word.polygon.points.flatMap { [$0.x, $0.y] } + [word.score].compactMap { $0 }
                if let value = values.first(where: { !$0.isFinite }) {
                    throw SubmissionError.cannotHold(
                        "word \(word.id.debugDescription) has a number that no file can hold", image: image.name,
                        found: "\(value)", expected: "finite coordinates and scores")
                }
            }
        }
    }
}
