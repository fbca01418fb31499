import Archive
import Core
import Dataset
import Geometry

extension ICDARText {
    /// How ICDAR text is written.
    public struct WriteOptions: Sendable, Equatable {
        /// How lines give regions; nil is `quad` where every region has four corners, else `poly`.
        public var shape: ICDARForm.Shape?
        /// Whether confidences are written; nil where every word has a score.
        public var hasConfidence: Bool?
        /// Whether transcriptions are written; nil where any word has one or is not to be counted.
        public var hasTranscription: Bool?
        /// What file names start with: `res_` (the default) for results, `gt_` for truth, or nothing.
        public var prefix: String
        /// Whether lines end in CR LF; default LF.
        public var crlf: Bool
        /// Whether coordinates are rounded half to even, as the published scripts want integers; default no.
        public var roundsCoordinates: Bool

        /// How to write, by default so that nothing is lost.
        public init(
            shape: ICDARForm.Shape? = nil, hasConfidence: Bool? = nil, hasTranscription: Bool? = nil,
            prefix: String = "res_", crlf: Bool = false, roundsCoordinates: Bool = false
        ) {
            self.shape = shape
            self.hasConfidence = hasConfidence
            self.hasTranscription = hasTranscription
            self.prefix = prefix
            self.crlf = crlf
            self.roundsCoordinates = roundsCoordinates
        }
    }

    /// One text file an image, in the set's order: what an archive or folder gets.
    ///
    /// Every line is read back before it is kept, so that what was written is what will be read.
    ///
    /// - Returns: the files' names and bytes, and the form of their lines.
    /// - Throws: `SubmissionError` (65) where there are no images, two would share a file, or a word does not fit
    ///   the form.
    public static func files(of set: AnnotationSet, options: WriteOptions = WriteOptions()) throws
        -> (files: [(name: String, bytes: [UInt8])], form: ICDARForm)
    {
        try set.checkFinite()
        guard !set.images.isEmpty else {
            throw SubmissionError(
                Diagnosis(
                    .badData, "no images to write", found: "an empty set", expected: "at least one image: one file each"
                ))
        }
        let form = form(for: set, options: options)
        var known: [String: String] = [:]
        let files = try set.images.map { image in
            let stem = stem(ofImage: image.name)
            let isSafe =
                !stem.isEmpty && stem.utf8.count < 60_000
                && !stem.utf8.contains(where: { $0 == 0x2F || $0 == 0x5C || $0 < 0x20 })
            guard isSafe, withoutPrefix(options.prefix + stem) == stem else {
                throw SubmissionError.cannotHold(
                    "its name makes no text file's", image: image.name,
                    found: (options.prefix + stem + ".txt").debugDescription,
                    expected: "a name without folders that reads back", nextStep: "rename the image")
            }
            if let other = known.updateValue(image.name, forKey: stem) {
                throw SubmissionError.cannotHold(
                    "two images share a text file", image: image.name, found: "\(other.debugDescription) before it",
                    expected: "names that differ in more than their extension", nextStep: "rename one of the images")
            }
            var text = ""
            for word in image.words {
                text += try line(word, image: image.name, form: form, options: options)
                text += options.crlf ? "\r\n" : "\n"
            }
            return (options.prefix + stem + ".txt", Array(text.utf8))
        }
        return (files, form)
    }

    private static func form(for set: AnnotationSet, options: WriteOptions) -> ICDARForm {
        func all(_ condition: (Word) -> Bool) -> Bool { set.images.allSatisfy { $0.words.allSatisfy(condition) } }
        return ICDARForm(
            shape: options.shape ?? (all { $0.polygon.points.count == 4 } ? .quad : .poly),
            hasConfidence: options.hasConfidence ?? (set.wordCount > 0 && all { $0.score != nil }),
            hasTranscription: options.hasTranscription ?? !all { $0.transcription == nil && !$0.isDontCare })
    }

    private static func line(_ word: Word, image: String, form: ICDARForm, options: WriteOptions) throws -> String {
        func refuse(_ what: String, _ expected: String) -> SubmissionError {
            .cannotHold(
                "word \(word.id.debugDescription) \(what)", image: image, found: "\(word.polygon.points.count) points",
                expected: expected, nextStep: "take a shape that holds it: ltrb, quad or poly")
        }
        let points = word.polygon.points.map { point in
            options.roundsCoordinates
                ? Point(point.x.rounded(.toNearestOrEven), point.y.rounded(.toNearestOrEven)) : point
        }
        var values: [Double]
        switch form.shape {
        case .ltrb:
            guard let box = Self.box(points) else { throw refuse("is no upright rectangle", "left,top,right,bottom") }
            values = box
        case .quad:
            guard points.count == 4 else { throw refuse("has not four corners", "4 points") }
            values = points.flatMap { [$0.x, $0.y] }
        case .poly:
            guard !points.isEmpty else { throw refuse("has no points", "at least one point") }
            values = points.flatMap { [$0.x, $0.y] }
        }
        var head = values.map(decimalText).joined(separator: ",")
        if form.hasConfidence {
            guard let score = word.score else { throw refuse("has no score", "a score for every word") }
            let text = decimalText(score)
            head += "," + (text.utf8.contains(UInt8(ascii: ".")) ? text : text + ".0")
        }
        guard form.hasTranscription else { return head }
        let oneLine = (word.transcription ?? "").unicodeScalars.map { $0 == "\n" || $0 == "\r" ? " " : String($0) }
        let transcription = word.isDontCare ? dontCare : oneLine.joined()
        for text in [transcription, ICDARLine.quoted(transcription)] {
            let line = head + "," + text
            guard let read = try? ICDARLine(line).word(id: word.id, form: form) else { continue }
            if read.transcription == transcription, read.polygon.points == points,
                read.score == (form.hasConfidence ? word.score : nil)
            {
                return line
            }
        }
        throw SubmissionError.cannotHold(
            "word \(word.id.debugDescription) has a transcription that does not read back", image: image,
            found: transcription.debugDescription, expected: "text that \(form.text) can hold",
            nextStep: "write the file without transcriptions")
    }

    /// Left, top, right, bottom, where `points` are such a rectangle's corners from the upper left one clockwise.
    private static func box(_ points: [Point]) -> [Double]? {
        guard points.count == 4, points[0].x == points[3].x, points[1].x == points[2].x, points[0].y == points[1].y,
            points[2].y == points[3].y, points[0].x <= points[1].x, points[0].y <= points[2].y
        else { return nil }
        return [points[0].x, points[0].y, points[2].x, points[2].y]
    }
}

/// `value` in the shortest decimal form that reads back equal, never with an exponent.
func decimalText(_ value: Double) -> String {
    let text = JSONValue.numberText(value)
    guard let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }),
        let exponent = Int(text[text.index(after: mark)...])
    else { return text }
    let isNegative = text.hasPrefix("-")
    let mantissa = text[..<mark].filter { $0 != "-" }
    let digits = mantissa.filter { $0 != "." }
    let whole =
        mantissa.firstIndex(of: ".").map { mantissa.distance(from: mantissa.startIndex, to: $0) } ?? mantissa.count
    let point = whole + exponent
    let body: String
    if point <= 0 {
        body = "0." + String(repeating: "0", count: -point) + digits
    } else if point >= digits.count {
        body = digits + String(repeating: "0", count: point - digits.count)
    } else {
        body = digits.prefix(point) + "." + digits.dropFirst(point)
    }
    return (isNegative ? "-" : "") + body
}
