import Dataset
import Geometry

/// One source's detection on an image.
package struct Detection: Sendable {
    package let polygon: Polygon
    package let score: Double
    /// The source's number, the detection's number in its file, and its number among all sources'.
    package let source, index, number: Int
    package let weight: Double
    /// Where in its image's list it stands, in (0,1).
    package let place: Double

    /// Weight · score.
    var strength: Double { weight * score }

    /// Whether it comes first: by descending score, ties in source order, then file order.
    func precedes(_ other: Detection) -> Bool {
        (other.score, source, index) < (score, other.source, other.index)
    }

    /// All sources' detections on one image; a word without a score counts as 1.
    package static func all(on name: String, _ sources: [ImageAnnotation?], weights: [Double]) throws -> [Detection] {
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
                        polygon: word.polygon, score: score, source: source, index: index, number: detections.count,
                        weight: weights[source], place: (Double(index) + 0.5) / Double(words.count)))
            }
        }
        return detections
    }
}
