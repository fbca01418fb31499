import Archive
import Core
import Dataset
import Foundation

/// Files of truth, predictions and submissions: read, written, converted, validated.
///
/// The one door to all of them is here: `read` and `write` find the format by contents and name. Each format has a file
/// of its own (`AnnotationJSON`, `SubmissionCSV`, `ICDARText`); `Validation` says everything that is wrong with a CSV.
public enum AnnotationFile {
    /// Settings of each format's writer.
    public struct WriteOptions: Sendable, Equatable {
        /// The image names to write and their order, CSV only; nil takes the set's own.
        public var order: [String]?
        /// The form of a CSV.
        public var csv: CSVStyle
        /// The form of ICDAR text.
        public var icdar: ICDARText.WriteOptions

        /// Settings, by default the leaderboard's.
        public init(
            order: [String]? = nil, csv: CSVStyle = CSVStyle(),
            icdar: ICDARText.WriteOptions = ICDARText.WriteOptions()
        ) {
            self.order = order
            self.csv = csv
            self.icdar = icdar
        }
    }

    /// Reads the annotations at `path`; see `contents(path:as:icdar:)`.
    public static func read(path: String, as format: FileFormat? = nil) throws -> AnnotationSet {
        try contents(path: path, as: format).set
    }

    /// Reads the annotations at `path`, with what is worth saying about them.
    ///
    /// - Parameters:
    ///   - path: a JSON or CSV file; a zip archive, folder or single file of ICDAR text.
    ///   - format: the format; nil finds it by `format(of:)`.
    ///   - icdar: what the reader of ICDAR text is told.
    /// - Throws: `FileError` (66) where the file cannot be read, `FileError`, `ArchiveError` or `SubmissionError` (65)
    ///   with the place of what is wrong in it.
    public static func contents(
        path: String, as format: FileFormat? = nil, icdar: ICDARText.ReadOptions = ICDARText.ReadOptions()
    ) throws -> AnnotationContents {
        switch try format ?? self.format(of: path) {
        case .json: try AnnotationJSON.read(path: path)
        case .csv: try SubmissionCSV.read(path: path)
        case .icdar: try ICDARText.read(path: path, options: icdar)
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
        guard let format = format ?? self.format(ofExtension: path), format != .icdar || !path.hasSuffix(".txt") else {
            throw unknown(path)
        }
        switch format {
        case .json:
            try AtomicFile.write(AnnotationJSON.text(of: set), to: path, overwrite: overwrite)
            return []
        case .csv:
            let text = try SubmissionCSV.text(of: set, order: options.order, style: options.csv)
            try AtomicFile.write(text, to: path, overwrite: overwrite)
            return FormatLosses(of: set).csv(order: options.order, style: options.csv)
        case .icdar:
            let (files, form) = try ICDARText.files(of: set, options: options.icdar)
            let size = files.reduce(0) { $0 + $1.bytes.count + 2 * $1.name.utf8.count + 128 }
            guard files.count < 0xFFFF, size < Int(UInt32.max) else {
                throw SubmissionError.badData(
                    "too much for one zip archive", path: path, found: "\(files.count) images, \(size) bytes",
                    expected: "less than 65,535 images and 4 GiB", nextStep: "split the set")
            }
            var archive = ZipWriter()
            for file in files { archive.add(file.name, file.bytes) }
            try AtomicFile.write(archive.finish(), to: path, overwrite: overwrite)
            return FormatLosses(of: set).icdar(form: form, options: options.icdar)
        }
    }

    /// The format of the file or folder at `path`.
    ///
    /// A folder is ICDAR text. A file is told by its contents: JSON starts with `{`, a CSV with its header, a zip archive
    /// with `PK`; by its extension (`.json`, `.csv`, `.zip`, `.txt`) where the contents say nothing.
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `SubmissionError` (65) where nothing tells.
    public static func format(of path: String) throws -> FileFormat {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue { return .icdar }
        let start = try MappedFile(path: path).withBytes { Array($0.prefix(64)) }
        if start.starts(with: [0x50, 0x4B]) { return .icdar }
        var text = start[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        text = text.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        if text.first == UInt8(ascii: "{") { return .json }
        if text.starts(with: CSVRows.header.utf8) { return .csv }
        guard let format = format(ofExtension: path) else { throw unknown(path) }
        return format
    }

    private static func format(ofExtension path: String) -> FileFormat? {
        switch (path as NSString).pathExtension.lowercased() {
        case "json": .json
        case "csv": .csv
        case "zip", "txt": .icdar
        default: nil
        }
    }

    private static func unknown(_ path: String) -> SubmissionError {
        .badData(
            "the format is not known", path: path, expected: "a name in .json, .csv or .zip",
            nextStep: "name the format, or the file by its format")
    }
}
