import Core
import Dataset
import Foundation

/// The one door to files of truth and predictions, whatever their format.
public enum AnnotationFile {
    /// Settings of each format's writer.
    public struct WriteOptions: Sendable, Equatable {
        /// The image names to write and their order, CSV only; nil takes the set's own.
        public var order: [String]?
        /// The form of a CSV.
        public var csv: CSVStyle

        /// Settings, by default the leaderboard's.
        public init(order: [String]? = nil, csv: CSVStyle = CSVStyle()) {
            self.order = order
            self.csv = csv
        }
    }

    /// Reads the annotations at `path`; see `contents(path:as:)`.
    public static func read(path: String, as format: FileFormat? = nil) throws -> AnnotationSet {
        try contents(path: path, as: format).set
    }

    /// Reads the annotations at `path`, with what is worth saying about them.
    ///
    /// - Parameters:
    ///   - path: a JSON or CSV file.
    ///   - format: the format; nil finds it by `format(of:)`.
    /// - Throws: `FileError` (66) where the file cannot be read, `FileError` or `SubmissionError` (65) with the place
    ///   of what is wrong in it.
    public static func contents(path: String, as format: FileFormat? = nil) throws -> AnnotationContents {
        switch try format ?? self.format(of: path) {
        case .json: try AnnotationJSON.read(path: path)
        case .csv: try SubmissionCSV.read(path: path)
        case .icdar: throw unknown(path)
        }
    }

    /// Writes `set` to `path`, atomically.
    ///
    /// - Parameters:
    ///   - format: the format; nil takes the one that the path's extension names.
    ///   - overwrite: whether a file with other contents is replaced.
    /// - Returns: one sentence each, for people: what the format cannot hold and was therefore left out.
    /// - Throws: `FileError` (73) where the file exists or cannot be written; `SubmissionError` (65) where the format
    ///   cannot hold the annotations at all.
    @discardableResult
    public static func write(
        _ set: AnnotationSet, to path: String, as format: FileFormat? = nil, options: WriteOptions = WriteOptions(),
        overwrite: Bool = false
    ) throws -> [String] {
        guard let format = format ?? self.format(ofExtension: path) else { throw unknown(path) }
        switch format {
        case .json: try AtomicFile.write(AnnotationJSON.text(of: set), to: path, overwrite: overwrite)
        case .csv:
            let text = try SubmissionCSV.text(of: set, order: options.order, style: options.csv)
            try AtomicFile.write(text, to: path, overwrite: overwrite)
        case .icdar: throw unknown(path)
        }
        return []
    }

    /// The format of the file at `path`, by its contents: JSON starts with `{`, a CSV with its header; by its extension
    /// where the contents say nothing.
    public static func format(of path: String) throws -> FileFormat {
        let file = try MappedFile(path: path)
        var start = file.bytes.prefix(64)[...]
        if start.starts(with: [0xEF, 0xBB, 0xBF]) { start = start.dropFirst(3) }
        start = start.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        if start.first == UInt8(ascii: "{") { return .json }
        if start.starts(with: CSVRows.header.utf8) { return .csv }
        guard let format = format(ofExtension: path) else { throw unknown(path) }
        return format
    }

    private static func format(ofExtension path: String) -> FileFormat? {
        switch (path as NSString).pathExtension.lowercased() {
        case "json": .json
        case "csv": .csv
        default: nil
        }
    }

    private static func unknown(_ path: String) -> SubmissionError {
        .badData(
            "the format is not known", path: path, expected: ".json or .csv",
            nextStep: "name the file by its format")
    }
}
