import Core
import Dataset
import Geometry

/// A submission CSV read row by row without giving up: what each row holds and everything that is wrong with it.
///
/// Header `filename,polygons`; coordinates separated by spaces, polygons by `|`; fields quoted or not (RFC 4180); LF or
/// CRLF; a byte order mark and blank lines at the end are passed over. `SubmissionCSV` throws the first problem found
/// here, `Validation` reports them all, so that the two cannot disagree.
public struct CSVRows: Sendable {
    /// Something that keeps a row, or one polygon of it, from being read.
    public struct Problem: Sendable, Equatable {
        /// What kind of problem this is.
        public var code: Finding.Code
        /// The line in the file, from 1.
        public var line: Int
        /// The character in the line, from 1.
        public var column: Int
        /// What is wrong, one clause.
        public var message: String
        /// What stands there.
        public var found: String?
        /// What should stand there.
        public var expected: String?
        /// The polygon's place in its row, from 0, where the problem lies in one.
        public var polygon: Int?

        /// `line:column`.
        public var place: String { "\(line):\(column)" }
    }

    /// One polygon that can be read.
    public struct ReadPolygon: Sendable {
        /// The polygon's place in its row, from 0.
        public var index: Int
        /// The polygon, image pixels.
        public var polygon: Polygon
        /// The first coordinate that is not spelled as an integer, where there is one; it was read all the same.
        public var notAnInteger: Problem?
    }

    /// One image's line.
    public struct Row: Sendable {
        /// The line that the row starts in, from 1.
        public var line: Int
        /// The image's name, unquoted.
        public var name: String
        /// The polygons that can be read.
        public var polygons: [ReadPolygon] = []
        /// How many polygons the row has, whether they can be read or not.
        public var polygonCount = 0
        /// Whether the row has the placeholder `0 0 0 0 0 0 0 0` that stands for no polygon.
        public var isPlaceholder = false
        /// Whether either field is quoted.
        public var isQuoted = false
        /// What could not be read.
        public var problems: [Problem] = []
    }

    /// The rows in file order.
    public private(set) var rows: [Row] = []
    /// Problems of the file as a whole, such as its header.
    public private(set) var problems: [Problem] = []
    /// Whether the file starts with a UTF-8 byte order mark.
    public private(set) var hasByteOrderMark = false
    /// Whether a line ends in CR LF.
    public private(set) var hasCRLF = false

    /// The header of every submission.
    public static let header = "filename,polygons"

    /// Reads the file at `path`.
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `SubmissionError` (65) where it is not UTF-8.
    /// - Complexity: O(size).
    public init(path: String) throws {
        self = try MappedFile(path: path).withBytes { try CSVRows($0, path: path) }
    }

    /// Reads CSV from `bytes`; `path` names them in errors.
    public init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        if let offset = firstInvalidUTF8(in: bytes) {
            throw SubmissionError.badData(
                "not a CSV: the file is not UTF-8", path: path, place: "byte \(offset)",
                found: "the byte 0x" + String(bytes[offset], radix: 16, uppercase: true), expected: "UTF-8 text",
                nextStep: "save the file as UTF-8")
        }
        var scanner = CSVScanner(bytes)
        hasByteOrderMark = scanner.hasByteOrderMark
        var isFirst = true
        while let record = scanner.record() {
            if isFirst {
                isFirst = false
                if checkHeader(record, scanner) { continue }
            }
            rows.append(scanner.row(record))
        }
        hasCRLF = scanner.hasCRLF
        if isFirst {
            problems.append(
                Problem(
                    code: .wrongHeader, line: 1, column: 1, message: "the file is empty", found: "no line",
                    expected: CSVRows.header))
        }
    }

    /// Whether `record` is a header, right or wrong; what is wrong is noted.
    private mutating func checkHeader(_ record: CSVScanner.Record, _ scanner: CSVScanner) -> Bool {
        let fields = record.fields.map { scanner.text($0) }
        if fields == ["filename", "polygons"] && record.problems.isEmpty { return true }
        let text = fields.joined(separator: ",")
        // A first line with polygons in it is a row whose header is missing.
        let digits = fields.dropFirst().joined().utf8.filter { (0x30...0x39).contains($0) }.count
        let isRow = digits > 0 || (fields.count == 2 && fields[1].isEmpty)
        let (line, column) = scanner.place(record.start)
        problems.append(
            Problem(
                code: .wrongHeader, line: line, column: column,
                message: isRow ? "the header is missing" : "the header is wrong",
                found: String(text.prefix(60)).debugDescription, expected: CSVRows.header.debugDescription))
        return !isRow
    }
}

/// The offset of the first byte that is no UTF-8, nil where all is well.
func firstInvalidUTF8(in bytes: UnsafeRawBufferPointer) -> Int? {
    if bytes.allSatisfy({ $0 < 0x80 }) { return nil }
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
        switch decoder.parseScalar(from: &iterator) {
        case .valid(let encoded): offset += encoded.count
        case .error: return offset
        case .emptyInput: return nil
        }
    }
}
