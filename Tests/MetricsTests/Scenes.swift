import Core
import Dataset
import Geometry
import Metrics
import Testing

/// What the tests read.
enum Scenes {
    /// An annotation JSON, read by itself so that a fault in a reader does not hide one in a metric.
    static func annotations(_ path: String) throws -> AnnotationSet {
        let images = try #require(JSONValue(contentsOf: path).object?["images"]?.object)
        return AnnotationSet(
            images.map { name, image in
                let words = image.object?["words"]?.object ?? [:]
                return ImageAnnotation(
                    name: name,
                    words: words.map { Word(id: $0, polygon: polygon($1.object?["points"])) })
            })
    }

    static func polygon(_ value: JSONValue?) -> Polygon {
        Polygon((value?.array ?? []).map { Point($0.array?[0].number ?? .nan, $0.array?[1].number ?? .nan) })
    }

    static func rates(_ value: JSONValue?) throws -> Rates {
        let object = try #require(value?.object)
        return Rates(
            recall: try #require(object["recall"]?.number), precision: try #require(object["precision"]?.number),
            hmean: try #require(object["hmean"]?.number))
    }

    static func difference(_ a: Rates, _ b: Rates) -> Double {
        max(abs(a.recall - b.recall), abs(a.precision - b.precision), abs(a.hmean - b.hmean))
    }
}
