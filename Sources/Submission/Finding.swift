import Core

/// One thing that validation says about a submission.
public struct Finding: Sendable, Equatable {
    /// How much a finding matters.
    public enum Severity: String, Sendable, Comparable, CaseIterable {
        /// Worth knowing; the leaderboard reads the file all the same.
        case note
        /// The leaderboard takes the file, but it probably does not say what was meant.
        case warning
        /// The leaderboard would refuse the file, or miscount it.
        case error

        /// Notes before warnings before errors.
        public static func < (left: Severity, right: Severity) -> Bool {
            left.rank < right.rank
        }

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .error: 2
            }
        }
    }

    /// What kinds of findings there are; the raw value is what reports print.
    ///
    /// Errors are what the leaderboard's reader refuses (it wants its header, and every image of the test set once) or
    /// what changes the score behind one's back: it skips a polygon with fewer than 8 values or an odd number of them,
    /// and everything behind the 500th polygon of an image.
    public enum Code: String, Sendable, CaseIterable {
        // Errors.

        /// The first line is not `filename,polygons`.
        case wrongHeader = "wrong-header"
        /// Quotes that do not close, or text behind them.
        case badQuoting = "bad-quoting"
        /// A row without exactly two fields, or without a name.
        case badRow = "bad-row"
        /// A coordinate that is no finite number, or none that fits into 32 bits.
        case badNumber = "bad-number"
        /// A coordinate that is not spelled as an integer, which is what the leaderboard's parser reads.
        case notAnInteger = "not-an-integer"
        /// Nothing between two `|`, or behind the last one.
        case emptyPolygon = "empty-polygon"
        /// An odd number of coordinates: the leaderboard skips the polygon.
        case oddCoordinates = "odd-coordinates"
        /// Fewer than four points: the leaderboard skips the polygon.
        case tooFewPoints = "too-few-points"
        /// An image of the test set without a row.
        case missingImage = "missing-image"
        /// A row for an image that the test set has not.
        case extraImage = "extra-image"
        /// A name that equals the test set's only after Unicode normalization; the leaderboard compares bytes.
        case nameSpelling = "name-spelling"
        /// A second row for one image.
        case duplicateImage = "duplicate-image"
        /// More than 500 polygons in an image: only the first 500 in file order count.
        case tooManyPolygons = "too-many-polygons"
        /// The CSV is not what the JSON beside it says.
        case jsonMismatch = "json-mismatch"

        // Warnings.

        /// A polygon without area: it can only count as a false positive.
        case zeroArea = "zero-area"
        /// Edges that cross: areas of its parts cancel.
        case selfCrossing = "self-crossing"
        /// Coordinates beyond the image's right or lower edge.
        case outOfImage = "out-of-image"
        /// Coordinates below zero.
        case negativeCoordinate = "negative-coordinate"
        /// The same polygon twice in one image.
        case duplicatePolygon = "duplicate-polygon"
        /// No image has a polygon.
        case noPolygons = "no-polygons"

        // Notes.

        /// A UTF-8 byte order mark.
        case byteOrderMark = "byte-order-mark"
        /// Lines end in CR LF.
        case carriageReturns = "crlf"
        /// Quoted fields.
        case quoted
        /// Images that are empty by `0 0 0 0 0 0 0 0`.
        case placeholder
        /// Rows stand in another order than the sample's.
        case order

        /// How much a finding of this kind matters.
        public var severity: Severity {
            switch self {
            case .wrongHeader, .badQuoting, .badRow, .badNumber, .notAnInteger, .emptyPolygon, .oddCoordinates,
                .tooFewPoints, .missingImage, .extraImage, .nameSpelling, .duplicateImage, .tooManyPolygons,
                .jsonMismatch:
                .error
            case .zeroArea, .selfCrossing, .outOfImage, .negativeCoordinate, .duplicatePolygon, .noPolygons: .warning
            case .byteOrderMark, .carriageReturns, .quoted, .placeholder, .order: .note
            }
        }
    }

    /// What kind of finding this is.
    public var code: Code
    /// The image concerned; nil for the file as a whole.
    public var image: String?
    /// The line in the CSV, from 1.
    public var line: Int?
    /// The character in the line, from 1, where one is to blame.
    public var column: Int?
    /// The polygon's place in its row, from 0.
    public var polygon: Int?
    /// What is the matter, one clause.
    public var message: String
    /// What stands there.
    public var found: String?
    /// What should stand there.
    public var expected: String?

    /// How much the finding matters.
    public var severity: Severity { code.severity }

    /// A finding of kind `code`.
    public init(
        _ code: Code, image: String? = nil, line: Int? = nil, column: Int? = nil, polygon: Int? = nil, message: String,
        found: String? = nil, expected: String? = nil
    ) {
        self.code = code
        self.image = image
        self.line = line
        self.column = column
        self.polygon = polygon
        self.message = message
        self.found = found
        self.expected = expected
    }
}

extension Finding {
    /// One line for people: `error zero-area, line 3, image "a.jpg", polygon 0: message (found …, expected …)`.
    public var text: String {
        var place = ["\(severity.rawValue) \(code.rawValue)"]
        if let line { place.append(column.map { "line \(line):\($0)" } ?? "line \(line)") }
        if let image { place.append("image \(image.debugDescription)") }
        if let polygon { place.append("polygon \(polygon)") }
        let details = [found.map { "found " + $0 }, expected.map { "expected " + $0 }].compactMap { $0 }
        return place.joined(separator: ", ") + ": " + message
            + (details.isEmpty ? "" : " (" + details.joined(separator: ", ") + ")")
    }

    /// The finding as a JSON object; members that are nil are left out.
    public var json: JSONValue {
        var result: JSONObject = ["severity": .string(severity.rawValue), "code": .string(code.rawValue)]
        result["image"] = image.map(JSONValue.string)
        result["line"] = line.map(JSONValue.int)
        result["column"] = column.map(JSONValue.int)
        result["polygon"] = polygon.map(JSONValue.int)
        result["message"] = .string(message)
        result["found"] = found.map(JSONValue.string)
        result["expected"] = expected.map(JSONValue.string)
        return .object(result)
    }
}
