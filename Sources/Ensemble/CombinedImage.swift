import Core
import Dataset
import Geometry

/// One polygon that several detections were combined to.
struct MergedPolygon: Sendable {
    /// How many sources stand behind it.
    var votes: Int
    var score: Double
    var polygon: Polygon
    /// The mean of its members' places in their images.
    var place: Double
    /// Whether its area falls below 80% of its members' median.
    var isShrunken = false
    /// Whether a mean or a union was asked for but the medoid stands.
    var fellBack = false

    /// Whether `polygon` has less than 80% of the median area of `members`.
    static func isShrunken(_ polygon: Polygon, among members: [Polygon]) -> Bool {
        let areas = members.map(\.area).sorted()
        guard !areas.isEmpty else { return false }
        let median = (areas[(areas.count - 1) / 2] + areas[areas.count / 2]) / 2
        return polygon.area < 0.8 * median
    }
}

/// What the sources' detections on one image were combined to, in output order.
struct CombinedImage: Sendable {
    let name: String
    let width, height: Int?
    let groups: [MergedPolygon]

    init(name: String, sources: [ImageAnnotation?], groups: [MergedPolygon]) {
        self.name = name
        width = sources.lazy.compactMap { $0?.width }.first
        height = sources.lazy.compactMap { $0?.height }.first
        self.groups = groups.enumerated()
            .sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }.map(\.element)
    }

    func annotation(votes: Int) -> ImageAnnotation {
        var words: [Word] = []
        for group in groups where group.votes >= votes {
            let number = String(words.count + 1)
            words.append(
                Word(
                    id: String(repeating: "0", count: max(0, 4 - number.count)) + number, polygon: group.polygon,
                    score: group.score, extras: ["votes": .int(group.votes)]))
        }
        return ImageAnnotation(name: name, width: width, height: height, words: words)
    }
}

extension Detection {
    /// All sources' detections on one image; a word without a score counts as 1.
    static func all(on name: String, _ sources: [ImageAnnotation?], weights: [Double]) throws -> [Detection] {
        var detections: [Detection] = []
        for (source, image) in sources.enumerated() {
            guard let words = image?.words else { continue }
            for (index, word) in words.enumerated() {
                let score = word.score ?? 1
                guard score.isFinite else {
                    throw EnsembleError.badScore(score, image: name, word: word.id, source: source)
                }
                detections.append(
                    Detection(
                        polygon: word.polygon, score: score, source: source, index: index, weight: weights[source],
                        place: (Double(index) + 0.5) / Double(words.count)))
            }
        }
        return detections
    }
}
