import Core
import Dataset
import Geometry

/// How a submission CSV is written, where readers differ.
public struct CSVStyle: Sendable, Equatable {
    /// What stands for an image without polygons.
    public enum EmptyImage: String, Sendable, CaseIterable {
        /// An empty field.
        case field
        /// `0 0 0 0 0 0 0 0`.
        case zeros
    }

    /// Which fields stand in quotes.
    public enum Quoting: String, Sendable, CaseIterable {
        /// Only names that hold a comma, a quote or a line break.
        case needed
        /// Every field of every row but the header.
        case all
    }

    /// What stands for an image without polygons; default `field`.
    public var emptyImage: EmptyImage
    /// Which fields stand in quotes; default `needed`.
    public var quoting: Quoting
    /// Whether coordinates are rounded half to even; default no, which keeps files with fractions exact.
    public var roundsCoordinates: Bool

    /// A style, by default the leaderboard's.
    public init(emptyImage: EmptyImage = .field, quoting: Quoting = .needed, roundsCoordinates: Bool = false) {
        self.emptyImage = emptyImage
        self.quoting = quoting
        self.roundsCoordinates = roundsCoordinates
    }
}

/// The leaderboard's CSV: `filename,polygons`, one line an image, `x1 y1 x2 y2 …|x1 y1 …`.
public enum SubmissionCSV {
    /// Reads the file at `path`, strictly; see `CSVRows` for what is accepted.
    ///
    /// Words are named by their place in the row: "0001", "0002", …
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `SubmissionError` (65) with `line:column` of the first
    ///   problem.
    /// - Complexity: O(size).
    public static func read(path: String) throws -> AnnotationContents {
        try contents(of: CSVRows(path: path), path: path)
    }

    /// Reads CSV from `bytes`; `path` names them in errors.
    public static func read(_ bytes: UnsafeRawBufferPointer, path: String) throws -> AnnotationContents {
        try contents(of: CSVRows(bytes, path: path), path: path)
    }

    private static func contents(of rows: CSVRows, path: String) throws -> AnnotationContents {
        if let problem = rows.problems.first ?? rows.rows.lazy.compactMap(\.problems.first).first {
            throw SubmissionError.badData(
                "bad CSV: \(problem.message)", path: path, place: problem.place, found: problem.found,
                expected: problem.expected, nextStep: "run submit validate to see everything that is wrong")
        }
        var lines: [String: Int] = [:]
        let images = try rows.rows.map { row in
            if let line = lines.updateValue(row.line, forKey: row.name) {
                throw SubmissionError.badData(
                    "bad CSV: a second row for one image", path: path, place: "\(row.line):1",
                    found: "\(row.name.debugDescription), which line \(line) has already",
                    expected: "one row an image", nextStep: "run submit validate to see everything that is wrong")
            }
            let words = row.polygons.map { Word(id: wordID($0.index), polygon: $0.polygon) }
            return ImageAnnotation(name: row.name, words: words)
        }
        return AnnotationContents(set: AnnotationSet(images), format: .csv)
    }

    /// `set` as CSV: LF, no byte order mark.
    ///
    /// - Parameters:
    ///   - order: the names and their order, from `imageOrder(of:)`; an image of the order that `set` lacks is written
    ///     as an empty one. nil writes the set's own images in their order.
    ///   - style: quoting, the form of an empty image, rounding.
    /// - Throws: `SubmissionError` (65) where `set` has an image that the order lacks, a coordinate that is not finite,
    ///   or an image whose only polygon would read back as the placeholder for none.
    public static func text(of set: AnnotationSet, order: [String]? = nil, style: CSVStyle = CSVStyle()) throws
        -> String
    {
        try set.checkFinite()
        let names = order ?? set.images.map(\.name)
        let known = Set(names)
        if let image = set.images.first(where: { !known.contains($0.name) }) {
            throw SubmissionError.cannotHold(
                "the image is not in the order to write", image: image.name,
                found: "an image that the sample or truth does not name", expected: "only images that it names",
                nextStep: "take the order from the sample of the same test set")
        }
        var output = CSVRows.header + "\n"
        for name in names {
            guard !name.isEmpty else {
                throw SubmissionError.cannotHold(
                    "an image without a name", image: name, found: "an empty name", expected: "a file name")
            }
            output += quoted(name, always: style.quoting == .all) + ","
            if style.quoting == .all { output += "\"" }
            try append(set[name]?.words ?? [], of: name, style: style, to: &output)
            if style.quoting == .all { output += "\"" }
            output += "\n"
        }
        return output
    }

    /// The image names of a sample submission or truth, in file order: what `text(of:order:style:)` takes.
    public static func imageOrder(of set: AnnotationSet) -> [String] {
        set.images.map(\.name)
    }

    private static func append(_ words: [Word], of name: String, style: CSVStyle, to output: inout String) throws {
        if words.isEmpty && style.emptyImage == .zeros { output += placeholder }
        for (position, word) in words.enumerated() {
            if position > 0 { output += "|" }
            guard !word.polygon.points.isEmpty else {
                throw SubmissionError.cannotHold(
                    "word \(word.id.debugDescription) has no points", image: name, found: "an empty polygon",
                    expected: "at least one point")
            }
            for (index, point) in word.polygon.points.enumerated() {
                if index > 0 { output += " " }
                output += number(point.x, style)
                output += " "
                output += number(point.y, style)
            }
        }
        if words.count == 1, output.utf8.count > placeholder.utf8.count, words[0].polygon.points.count == 4,
            words[0].polygon.points.allSatisfy({ number($0.x, style) == "0" && number($0.y, style) == "0" })
        {
            throw SubmissionError.cannotHold(
                "the only polygon has eight zeros", image: name, found: placeholder,
                expected: "a polygon that cannot be taken for an empty image", nextStep: "remove the polygon")
        }
    }

    private static let placeholder = "0 0 0 0 0 0 0 0"

    private static func number(_ value: Double, _ style: CSVStyle) -> String {
        JSONValue.numberText(style.roundsCoordinates ? value.rounded(.toNearestOrEven) : value)
    }

    private static func quoted(_ name: String, always: Bool) -> String {
        let needed = name.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
        guard needed || always else { return name }
        return "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// The id of the word at `index`, from 0, where a file names none: "0001", "0002", …
func wordID(_ index: Int) -> String {
    let digits = String(index + 1)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
