import Core
import Dataset
import Geometry

/// The JSON of truth and predictions:
/// `{"images": {FILE: {"words": {ID: {"points": [[x, y], …]}}}}}`.
///
/// Optional members: `img_w`, `img_h` of an image; `score`, `transcription`, `illegibility` of a word; an image without
/// `words` has none. File order is kept on every level, and members that this tool does not know are kept in `extras`.
/// A word with an empty `points` list is skipped and counted. Points are pairs; a flat list of coordinates is refused,
/// as the competition's own CSV converter breaks on one.
public enum AnnotationJSON {
    /// Reads the file at `path`.
    ///
    /// - Throws: `FileError` where the file cannot be read (66) or is no JSON (65, with `line:column`);
    ///   `SubmissionError` (65) with image, word and what was found where the JSON has another shape.
    /// - Complexity: O(size); no tree of the whole document is built.
    public static func read(path: String) throws -> AnnotationContents {
        try MappedFile(path: path).withBytes { try read($0, path: path) }
    }

    /// Reads JSON from `bytes`; `path` names them in errors.
    public static func read(_ bytes: UnsafeRawBufferPointer, path: String) throws -> AnnotationContents {
        var reader = AnnotationJSONReader(path: path)
        return try reader.document(JSONParser(bytes: bytes, path: path))
    }

    /// `set` as JSON: one line a word, members in a fixed order, numbers in their shortest form that reads back equal.
    ///
    /// - Returns: UTF-8 text with a final line feed; the same set always gives the same bytes.
    /// - Throws: `SubmissionError` (65) where a coordinate or score is not finite.
    public static func text(of set: AnnotationSet) throws -> String {
        try set.checkFinite()
        var output = "{"
        for (key, value) in set.extras where key != "images" { append(key, value, to: &output) }
        output += "\"images\": {"
        for (position, image) in set.images.enumerated() {
            output += position == 0 ? "\n" : ",\n"
            append(image, to: &output)
        }
        output += "\n}}\n"
        return output
    }

    private static func append(_ image: ImageAnnotation, to output: inout String) {
        JSONValue.write(image.name, to: &output)
        output += ": {"
        if let width = image.width { append("img_w", .int(width), to: &output) }
        if let height = image.height { append("img_h", .int(height), to: &output) }
        for (key, value) in image.extras where !shadowed(key, by: image) { append(key, value, to: &output) }
        output += "\"words\": {"
        for (position, word) in image.words.enumerated() {
            output += position == 0 ? "\n" : ",\n"
            append(word, to: &output)
        }
        output += "}}"
    }

    private static func append(_ word: Word, to output: inout String) {
        JSONValue.write(word.id, to: &output)
        output += ": {\"points\": ["
        for (position, point) in word.polygon.points.enumerated() {
            output += position == 0 ? "[" : ", ["
            output += JSONValue.numberText(point.x)
            output += ", "
            output += JSONValue.numberText(point.y)
            output += "]"
        }
        output += "]"
        func member(_ key: String, _ value: JSONValue) {
            output += ", "
            JSONValue.write(key, to: &output)
            output += ": "
            value.write(to: &output)
        }
        if let score = word.score { member("score", .number(score)) }
        if let transcription = word.transcription { member("transcription", .string(transcription)) }
        if word.isDontCare { member("illegibility", true) }
        for (key, value) in word.extras where !shadowed(key, by: word) { member(key, value) }
        output += "}"
    }

    private static func append(_ key: String, _ value: JSONValue, to output: inout String) {
        JSONValue.write(key, to: &output)
        output += ": "
        value.write(to: &output)
        output += ", "
    }

    /// Whether a kept member would stand beside the property that took its place.
    private static func shadowed(_ key: String, by image: ImageAnnotation) -> Bool {
        switch key {
        case "words": true
        case "img_w": image.width != nil
        case "img_h": image.height != nil
        default: false
        }
    }

    private static func shadowed(_ key: String, by word: Word) -> Bool {
        switch key {
        case "points": true
        case "score": word.score != nil
        case "transcription": word.transcription != nil
        case "illegibility": word.isDontCare
        default: false
        }
    }
}

/// Walks one document with `JSONParser` and keeps where it is for messages.
private struct AnnotationJSONReader {
    let path: String
    var image: String?
    var word: String?
    var wordsWithoutPoints = 0

    init(path: String) {
        self.path = path
    }

    mutating func document(_ start: JSONParser) throws -> AnnotationContents {
        var parser = start
        var images: [ImageAnnotation] = []
        var extras = JSONObject()
        var hasImages = false
        try require(parser.isNext("{"), parser, "not an annotation file", expected: Self.shape)
        try parser.members { parser, key in
            if key != "images" {
                try keep(key, in: &extras, &parser)
                return
            }
            if hasImages { throw parser.repeated(key) }
            hasImages = true
            try require(parser.isNext("{"), parser, "\"images\" is no object", expected: Self.shape)
            var names: Set<String> = []
            try parser.members { parser, name in
                if !names.insert(name).inserted { throw parser.repeated(name) }
                image = name
                images.append(try readImage(name, &parser))
                image = nil
            }
        }
        try parser.end()
        if !hasImages, extras["format"]?.string == PredictionSidecar.format {
            throw SubmissionError.badData(
                "a sidecar, which says what made a CSV, and no predictions", path: path,
                nextStep: "name the CSV beside it, without .json")
        }
        try require(hasImages, start, "no \"images\"", expected: Self.shape)
        var notes: [String] = []
        if wordsWithoutPoints > 0 { notes.append("\(wordsWithoutPoints) words without points were skipped") }
        return AnnotationContents(set: AnnotationSet(images, extras: extras), format: .json, notes: notes)
    }

    private mutating func readImage(_ name: String, _ parser: inout JSONParser) throws -> ImageAnnotation {
        var result = ImageAnnotation(name: name)
        var hasWords = false
        try require(parser.isNext("{"), parser, "the image is no object", expected: #"{"words": {…}}"#)
        try parser.members { parser, key in
            switch key {
            case "words":
                if hasWords { throw parser.repeated(key) }
                hasWords = true
                try require(parser.isNext("{"), parser, "\"words\" is no object", expected: #"{"0001": {"points": …}}"#)
                var ids: Set<String> = []
                try parser.members { parser, id in
                    if !ids.insert(id).inserted { throw parser.repeated(id) }
                    word = id
                    if let next = try readWord(id, &parser) { result.words.append(next) }
                    word = nil
                }
            case "img_w" where !parser.isNext("n"):
                if result.width != nil { throw parser.repeated(key) }
                result.width = try size(key, &parser)
            case "img_h" where !parser.isNext("n"):
                if result.height != nil { throw parser.repeated(key) }
                result.height = try size(key, &parser)
            default:
                try keep(key, in: &result.extras, &parser)
            }
        }
        return result
    }

    /// One word; nil where its `points` are empty.
    private mutating func readWord(_ id: String, _ parser: inout JSONParser) throws -> Word? {
        var points: [Point]?
        var result = Word(id: id, polygon: Polygon([]))
        try require(parser.isNext("{"), parser, "the word is no object", expected: #"{"points": [[x, y], …]}"#)
        let start = parser
        try parser.members { parser, key in
            switch key {
            case "points":
                if points != nil { throw parser.repeated(key) }
                points = try readPoints(&parser)
            case "score" where !parser.isNext("n"):
                if result.score != nil { throw parser.repeated(key) }
                try require(parser.isNumberNext(), parser, "the score is no number", expected: "a number such as 0.87")
                result.score = try parser.number()
            case "transcription" where !parser.isNext("n"):
                if result.transcription != nil { throw parser.repeated(key) }
                try require(parser.isNext("\""), parser, "the transcription is no string", expected: "text in quotes")
                result.transcription = try parser.string()
            case "illegibility" where parser.isNext("t"):
                if result.isDontCare { throw parser.repeated(key) }
                _ = try parser.value()
                result.isDontCare = true
            default:
                try keep(key, in: &result.extras, &parser)
            }
        }
        guard let points else { throw wrong(start, "the word has no \"points\"", expected: "[[x, y], …]") }
        if points.isEmpty {
            wordsWithoutPoints += 1
            return nil
        }
        result.polygon = Polygon(points)
        return result
    }

    private func readPoints(_ parser: inout JSONParser) throws -> [Point] {
        var points: [Point] = []
        points.reserveCapacity(4)
        try require(parser.isNext("["), parser, "the points are no list", expected: "[[x, y], …]")
        try parser.elements { parser in
            try require(!parser.isNumberNext(), parser, "the points are a flat list", expected: "pairs: [[x, y], …]")
            try require(parser.isNext("["), parser, "a point is no pair", expected: "[x, y]")
            let start = parser
            var point = Point(0, 0)
            var count = 0
            try parser.elements { parser in
                try require(parser.isNumberNext(), parser, "a coordinate is no number", expected: "[x, y]")
                let value = try parser.number()
                if count == 0 { point.x = value } else { point.y = value }
                count += 1
            }
            try require(count == 2, start, "a point has \(count) coordinates", expected: "[x, y]")
            points.append(point)
        }
        return points
    }

    private func size(_ key: String, _ parser: inout JSONParser) throws -> Int {
        let start = parser
        guard parser.isNumberNext(), let value = Int(exactly: try parser.number()), value > 0 else {
            throw wrong(start, "\"\(key)\" is no size", expected: "a whole number of pixels above 0")
        }
        return value
    }

    private func keep(_ key: String, in extras: inout JSONObject, _ parser: inout JSONParser) throws {
        if extras[key] != nil { throw parser.repeated(key) }
        extras[key] = try parser.value()
    }

    private static let shape = #"{"images": {FILE: {"words": {"0001": {"points": [[x, y], …]}}}}}"#

    private func require(
        _ condition: Bool, _ parser: JSONParser, _ what: @autoclosure () -> String, expected: @autoclosure () -> String
    ) throws {
        if !condition { throw wrong(parser, what(), expected: expected()) }
    }

    /// The error for what stands at the parser's place, with image and word.
    private func wrong(_ parser: JSONParser, _ what: String, expected: String) -> SubmissionError {
        var diagnosis = parser.error(what, expected: expected).diagnosis
        let place = [image.map { "image \($0.debugDescription)" }, word.map { "word \($0.debugDescription)" }]
        diagnosis.what = (place.compactMap { $0 } + [what]).joined(separator: ": ")
        diagnosis.nextStep = "write the file in the form that is expected here"
        return SubmissionError(diagnosis)
    }
}
