import Core
import Dataset
import Geometry

/// One line of an ICDAR text file, split at its commas.
struct ICDARLine: Sendable {
    /// The line without its end.
    let text: String
    /// Where each field starts and ends, in UTF-8 bytes of `text`.
    private let fields: [Range<Int>]
    /// How many fields at the start are decimal numbers.
    let numberCount: Int

    init(_ text: String) {
        var text = text
        text.makeContiguousUTF8()
        self.text = text
        var fields: [Range<Int>] = []
        var numbers = 0
        text.utf8.withContiguousStorageIfAvailable { bytes in
            var start = 0
            for position in 0...bytes.count where position == bytes.count || bytes[position] == UInt8(ascii: ",") {
                if numbers == fields.count, Self.isNumber(bytes[start..<position]) { numbers += 1 }
                fields.append(start..<position)
                start = position + 1
            }
        }
        self.fields = fields
        numberCount = numbers
    }

    var fieldCount: Int { fields.count }

    /// Whether anything, be it empty, stands behind the leading numbers.
    var hasText: Bool { numberCount < fields.count && !endsInOneComma(after: numberCount) }

    /// Whether `count` fields and a comma are all there is.
    func endsInOneComma(after count: Int) -> Bool {
        fields.count == count + 1 && fields[count].isEmpty
    }

    /// The number in field `index`; nil where it is none.
    func number(_ index: Int) -> Double? {
        guard index < fields.count else { return nil }
        let text = raw(fields[index]).utf8.drop { $0 == 0x20 || $0 == 0x09 }
        let value = Double(String(decoding: text.prefix { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self))
        return value.flatMap { $0.isFinite ? $0 : nil }
    }

    /// Whether field `index` has a decimal point.
    func hasPoint(_ index: Int) -> Bool {
        raw(fields[index]).utf8.contains(UInt8(ascii: "."))
    }

    /// Everything from field `index` on.
    func rest(from index: Int) -> String {
        String(raw(fields[index].lowerBound..<text.utf8.count))
    }

    private func raw(_ range: Range<Int>) -> Substring {
        let utf8 = text.utf8
        return text[
            utf8.index(
                utf8.startIndex, offsetBy: range.lowerBound)..<utf8.index(
                    utf8.startIndex, offsetBy: range.upperBound)]
    }

    /// `-?digits[.digits]` with space around it.
    private static func isNumber(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var rest = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = rest.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let whole = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !whole.isEmpty else { return false }
        rest = rest.dropFirst(whole.count)
        guard rest.first == UInt8(ascii: ".") else { return rest.isEmpty }
        return rest.count > 1 && rest.dropFirst().allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
}

extension ICDARLine {
    /// Why a line is no word.
    struct Refusal: Error {
        let what: String
        let found: String
    }

    /// The word that the line makes in `form`.
    ///
    /// A transcription in double quotes loses them, `\\` and `\"` in it become `\` and `"`, in the published scripts'
    /// order; `###` means don't care.
    func word(id: String, form: ICDARForm) throws -> Word {
        let layout = try layout(form)
        var values = try (0..<layout.coordinateCount).map { index in
            guard let value = number(index) else {
                throw Refusal(what: "coordinate \(index + 1) is no number", found: text.debugDescription)
            }
            return value
        }
        if form.shape == .ltrb {
            guard values[0] <= values[2], values[1] <= values[3] else {
                throw Refusal(what: "left and top are beyond right and bottom", found: text.debugDescription)
            }
            values = [values[0], values[1], values[2], values[1], values[2], values[3], values[0], values[3]]
        }
        let points = stride(from: 0, to: values.count, by: 2).map { Point(values[$0], values[$0 + 1]) }
        var word = Word(id: id, polygon: Polygon(points))
        if let index = layout.confidence {
            guard let score = number(index) else {
                throw Refusal(what: "the confidence is no number", found: text.debugDescription)
            }
            word.score = score
        }
        if let index = layout.transcription {
            let transcription = Self.unquoted(rest(from: index))
            word.transcription = transcription
            word.isDontCare = transcription == ICDARText.dontCare
        }
        return word
    }

    /// Which fields are what.
    private struct Layout {
        var coordinateCount: Int
        var confidence: Int?
        var transcription: Int?
    }

    private func layout(_ form: ICDARForm) throws -> Layout {
        let behind = (form.hasConfidence ? 1 : 0)
        let count = form.coordinateCount ?? polygonCoordinateCount(form)
        guard count >= 2, numberCount >= count else {
            throw Refusal(
                what: "\(numberCount) numbers at the start of the line where the form has \(max(2, count))",
                found: text.debugDescription)
        }
        var layout = Layout(coordinateCount: count, confidence: form.hasConfidence ? count : nil)
        if form.hasTranscription {
            guard fieldCount > count + behind else {
                throw Refusal(what: "no transcription", found: text.debugDescription)
            }
            layout.transcription = count + behind
        } else if fieldCount > count + behind, !endsInOneComma(after: count + behind) {
            throw Refusal(what: "more fields than the form has", found: text.debugDescription)
        } else if fieldCount < count + behind {
            throw Refusal(what: "no confidence", found: text.debugDescription)
        }
        return layout
    }

    /// How many of the leading numbers are a polygon's: an even number; one left over, or the only one with a decimal
    /// point, is the confidence or starts the transcription.
    private func polygonCoordinateCount(_ form: ICDARForm) -> Int {
        guard form.hasConfidence else { return numberCount - numberCount % 2 }
        let pointed = (0..<numberCount).filter(hasPoint)
        if pointed.count == 1, pointed[0] % 2 == 0 { return pointed[0] }
        if form.hasTranscription && !hasText && fieldCount == numberCount { return (numberCount - 2) & ~1 }
        return (numberCount - 1) & ~1
    }

    /// `text` without its double quotes, where it has them.
    static func unquoted(_ text: String) -> String {
        var inner = text.utf8[...]
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
        inner = inner.drop(while: isSpace)
        while let last = inner.last, isSpace(last) { inner = inner.dropLast() }
        guard inner.count >= 2, inner.first == UInt8(ascii: "\""), inner.last == UInt8(ascii: "\"") else { return text }
        let plain = String(decoding: inner.dropFirst().dropLast(), as: UTF8.self)
        return plain.replacing("\\\\", with: "\\").replacing("\\\"", with: "\"")
    }

    /// `text` in double quotes, escaped so that `unquoted` gives it back wherever that can be.
    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\"", with: "\\\"").replacing("\\", with: "\\\\") + "\""
    }
}
