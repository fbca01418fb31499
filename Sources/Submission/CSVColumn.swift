import Core

/// One column of a table by the image's name, as spreadsheets write it: any header, names in the first column, or in the
/// one called `filename`, `image` or `name`.
public struct CSVColumn: Sendable {
    /// What stands in the column, by the name of the image.
    public let values: [String: String]

    /// Reads the column `column` of the file at `path`.
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `SubmissionError` (65) where it is not CSV, has no such
    ///   column, a line is short, or an image stands there twice.
    /// - Complexity: O(size).
    public init(path: String, column: String) throws {
        values = try MappedFile(path: path).withBytes { try Self.values($0, path, column) }
    }

    private static func values(_ bytes: UnsafeRawBufferPointer, _ path: String, _ column: String) throws
        -> [String: String]
    {
        if let offset = firstInvalidUTF8(in: bytes) {
            throw SubmissionError.badData(
                "not a CSV: the file is not UTF-8", path: path, place: "byte \(offset)", expected: "UTF-8 text",
                nextStep: "save the file as UTF-8")
        }
        var scanner = CSVScanner(bytes)
        let header = scanner.record()?.fields.map { scanner.text($0) } ?? []
        guard let place = header.firstIndex(of: column) else {
            throw SubmissionError.badData(
                "no such column", path: path, place: "line 1", found: header.joined(separator: ", "),
                expected: column)
        }
        let key = header.firstIndex { ["filename", "image", "name"].contains($0) } ?? 0
        var values: [String: String] = [:]
        while let record = scanner.record() {
            let fields = record.fields.map { scanner.text($0) }
            let line = "line \(scanner.place(record.start).line)"
            if let problem = record.problems.first {
                throw SubmissionError.badData(
                    problem.message, path: path, place: line, found: problem.found, expected: problem.expected)
            }
            guard fields.count > max(place, key) else {
                throw SubmissionError.badData(
                    "the line is short", path: path, place: line, found: "\(fields.count) fields",
                    expected: "\(header.count), as in the header")
            }
            guard values.updateValue(fields[place], forKey: fields[key]) == nil else {
                throw SubmissionError.badData(
                    "the image stands here twice", path: path, place: line, found: fields[key])
            }
        }
        return values
    }
}
