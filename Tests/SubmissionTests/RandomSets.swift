import Core
import Dataset
import Geometry

/// Random annotations for round trips.
enum RandomSets {
    /// What the random words may have.
    struct Options {
        var hasScores = true
        var hasFractions = true
        var hasExtras = true
        var hasTranscriptions = true
        var corners = 1...9
    }

    static func make(_ generator: inout SeededGenerator, _ options: Options = Options()) -> AnnotationSet {
        let names = ["a.jpg", "b,c.jpg", "\"q\".png", "한글 영수증.jpg", "d e.JPG", "f=1.jpeg", "gt.jpg", "res_1.jpg", "é"]
        let images = names.shuffled(using: &generator).prefix(Int.random(in: 0...names.count, using: &generator)).map {
            name in
            var image = ImageAnnotation(name: name)
            if options.hasExtras && Bool.random(using: &generator) {
                image.width = Int.random(in: 1...5000, using: &generator)
                image.height = Int.random(in: 1...5000, using: &generator)
                image.extras["tags"] = ["x", .null, [1, 2.5]]
            }
            for index in 0..<Int.random(in: 0...6, using: &generator) {
                image.words.append(word(index, &generator, options))
            }
            return image
        }
        return AnnotationSet(Array(images), extras: options.hasExtras ? ["settings": ["thresh": 0.22]] : [:])
    }

    private static func word(_ index: Int, _ generator: inout SeededGenerator, _ options: Options) -> Word {
        func coordinate() -> Double {
            let whole = Double(Int.random(in: -40...4000, using: &generator))
            return options.hasFractions && Int.random(in: 0..<4, using: &generator) == 0
                ? whole + Double.random(in: -1...1, using: &generator) : whole
        }
        let digits = String(index + 1)
        var result = Word(
            id: String(repeating: "0", count: 4 - digits.count) + digits,
            polygon: Polygon(
                (0..<Int.random(in: options.corners, using: &generator)).map { _ in Point(coordinate(), coordinate()) })
        )
        if options.hasScores { result.score = Double.random(in: 0...1, using: &generator) }
        if options.hasTranscriptions {
            let texts = [
                "plain", "1,000", "a, b,c", "", " \"quoted\" ", "back\\slash \\\" \\\\", "한국어", "###", "0.5",
                "1,234,567", "\"", "tail,",
            ]
            let text = texts.randomElement(using: &generator) ?? ""
            result.transcription = text
            result.isDontCare = text == "###"
        }
        if options.hasExtras && Bool.random(using: &generator) {
            result.extras["orientation"] = "Horizontal"
            result.extras["language"] = ["ko", .null]
            result.extras["illegibility"] = result.isDontCare ? nil : false
        }
        return result
    }
}

/// `bytes` with a few bytes replaced, removed or cut off.
func damaged(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
        guard let position = result.indices.randomElement(using: &generator) else { return result }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: result.removeSubrange(position...)
        case 1: result.remove(at: position)
        case 2:
            result[position] = [0x2C, 0x22, 0x7C, 0x0A, 0x20, 0x2D, 0x65, 0x7B].randomElement(using: &generator) ?? 0
        default: result[position] = UInt8.random(in: 0...255, using: &generator)
        }
    }
    return result
}
