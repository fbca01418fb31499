/// What the lines of ICDAR text files hold, besides coordinates and commas.
///
/// `x1,y1,x2,y2,…[,confidence][,transcription]`, the form of the ICDAR robust reading scripts and of CLEval.
public struct ICDARForm: Sendable, Equatable {
    /// How a line gives a region.
    public enum Shape: String, Sendable, CaseIterable {
        /// Four numbers: left, top, right, bottom.
        case ltrb
        /// Eight numbers: four corners.
        case quad
        /// Any even number of numbers.
        case poly
    }

    /// How a line gives a region.
    public var shape: Shape
    /// Whether a confidence follows the coordinates.
    public var hasConfidence: Bool
    /// Whether a transcription ends the line; it may contain commas.
    public var hasTranscription: Bool

    /// A form of line.
    public init(shape: Shape, hasConfidence: Bool = false, hasTranscription: Bool = false) {
        self.shape = shape
        self.hasConfidence = hasConfidence
        self.hasTranscription = hasTranscription
    }

    /// For messages: `x1,y1,x2,y2,x3,y3,x4,y4,confidence,transcription`.
    public var text: String {
        let coordinates =
            switch shape {
            case .ltrb: "left,top,right,bottom"
            case .quad: "x1,y1,x2,y2,x3,y3,x4,y4"
            case .poly: "x1,y1,x2,y2,…"
            }
        return coordinates + (hasConfidence ? ",confidence" : "") + (hasTranscription ? ",transcription" : "")
    }

    /// The number of coordinates a line must have; nil where any even number does.
    var coordinateCount: Int? {
        switch shape {
        case .ltrb: 4
        case .quad: 8
        case .poly: nil
        }
    }
}

extension ICDARForm {
    /// What two lines of one set say about its shape, where they cannot both be right.
    struct Ambiguity: Error {
        let polygonLine, quadLine: Int
    }

    /// The form that all of `lines` have, from the lines themselves.
    ///
    /// A line's leading numbers are counted. `ltrb` where most lines have four or five; `poly` where a line has twelve
    /// or more, or ten with text behind them, or where nothing but coordinates and a confidence stands anywhere and a
    /// line has not eight; else `quad`, whose ninth and tenth numbers are a transcription such as `1,000`.
    /// There are confidences where every line has a number from 0 to 1 behind its coordinates and one of them has a
    /// decimal point; there are transcriptions where any line has more.
    ///
    /// - Throws: `Ambiguity` where a line says `poly` and another, ten numbers in a set with transcriptions, `quad`.
    static func recognize(
        _ lines: [ICDARLine], shape: Shape? = nil, hasConfidence: Bool? = nil, hasTranscription: Bool? = nil
    ) throws -> ICDARForm {
        let shape = try shape ?? recognizeShape(lines)
        func confidence(_ line: ICDARLine) -> Int? {
            if shape == .poly { return line.numberCount % 2 == 1 ? line.numberCount - 1 : nil }
            let index = shape == .ltrb ? 4 : 8
            return line.numberCount > index ? index : nil
        }
        let hasConfidence =
            hasConfidence
            ?? (!lines.isEmpty
                && lines.allSatisfy { line in
                    confidence(line).flatMap { line.number($0) }.map { $0 >= 0 && $0 <= 1 } ?? false
                } && lines.contains { line in confidence(line).map { line.hasPoint($0) } ?? false })
        let hasTranscription =
            hasTranscription
            ?? lines.contains { line in
                let behind = hasConfidence ? 1 : 0
                switch shape {
                case .poly: return line.hasText || line.numberCount % 2 != behind
                case .ltrb: return line.fieldCount > 4 + behind && !line.endsInOneComma(after: 4 + behind)
                case .quad: return line.fieldCount > 8 + behind && !line.endsInOneComma(after: 8 + behind)
                }
            }
        return ICDARForm(shape: shape, hasConfidence: hasConfidence, hasTranscription: hasTranscription)
    }

    private static func recognizeShape(_ lines: [ICDARLine]) throws -> Shape {
        let upright = lines.reduce(0) { $0 + ($1.numberCount == 4 || $1.numberCount == 5 ? 1 : 0) }
        if upright * 2 > lines.count { return .ltrb }
        let polygonLine = lines.firstIndex {
            $0.numberCount >= 12 || ($0.numberCount >= 10 && $0.numberCount % 2 == 0 && $0.hasText)
        }
        // Sets of numbers only: an odd one at the end is a confidence where it has a point on some line.
        if !lines.contains(where: \.hasText) {
            let isOdd = lines.allSatisfy { $0.numberCount % 2 == 1 }
            let isEven = lines.allSatisfy { $0.numberCount % 2 == 0 }
            let behind = isOdd && lines.contains { $0.hasPoint($0.numberCount - 1) } ? 1 : 0
            if isEven || behind == 1 { return lines.allSatisfy { $0.numberCount == 8 + behind } ? .quad : .poly }
        }
        guard let polygonLine else { return .quad }
        if let quadLine = lines.firstIndex(where: { $0.numberCount == 10 && !$0.hasText }) {
            throw Ambiguity(polygonLine: polygonLine, quadLine: quadLine)
        }
        return .poly
    }
}
