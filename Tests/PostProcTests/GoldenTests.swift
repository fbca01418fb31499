import Core
import Dataset
import Foundation
import Geometry
import Maps
import PostProc
import TestSupport
import Testing

/// Whole runs against the reference's polygons and scores on small random maps (make_goldens.py beside them).
struct GoldenTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var map: ImageMap
        var results: [(options: PostProcOptions, polygons: [Polygon], scores: [Double])]
        var testDescription: String { name }
    }

    static let cases: [Case] = {
        guard let document = try? JSONValue(contentsOf: TestData.fixture("PostProc/random_maps.json")).object,
            let transform = document["transform"]?.array?.compactMap(\.number), transform.count == 4
        else { return [] }
        return (document["cases"]?.array ?? []).compactMap { value in
            guard let members = value.object, let name = members["name"]?.string,
                let width = members["width"]?.int, let height = members["height"]?.int,
                let levels = members["levels"]?.string.flatMap({ Data(base64Encoded: $0) })
            else { return nil }
            let map = ImageMap(
                imageName: name, imageWidth: width, imageHeight: height,
                inverse: MapToImageTransform(
                    scaleX: transform[0], offsetX: transform[1], scaleY: transform[2], offsetY: transform[3]),
                map: ProbabilityMap(width: width, height: height, values: levels.map { Float($0) / 255 }))
            return Case(name: name, map: map, results: (members["results"]?.array ?? []).compactMap(result))
        }
    }()

    private static func result(
        _ value: JSONValue
    ) -> (options: PostProcOptions, polygons: [Polygon], scores: [Double])? {
        guard let members = value.object, let setting = members["setting"]?.object else { return nil }
        var options = PostProcOptions()
        options.thresh = setting["thresh"]?.number ?? options.thresh
        options.boxThresh = setting["box_thresh"]?.number ?? options.boxThresh
        options.usePolygon = setting["polygon"]?.bool ?? options.usePolygon
        options.unclipRatio = setting["unclip_ratio"]?.number
        options.minSize = setting["min_size"]?.number ?? options.minSize
        options.maxCandidates = setting["max_candidates"]?.int ?? options.maxCandidates
        return (
            options, (members["polygons"]?.array ?? []).map(polygon),
            (members["scores"]?.array ?? []).compactMap(\.number)
        )
    }

    static func polygon(_ value: JSONValue) -> Polygon {
        Polygon(
            (value.array ?? []).map { corner in
                let numbers = (corner.array ?? []).compactMap(\.number)
                return Point(numbers[0], numbers[1])
            })
    }

    @Test func goldensArePresent() {
        #expect(Self.cases.count == 16)
        #expect(Self.cases.reduce(0) { $0 + $1.results.reduce(0) { $0 + $1.scores.count } } == 476)
    }

    @Test(arguments: cases)
    func equalsTheReference(_ sample: Case) throws {
        let processor = PostProcessor()
        for (options, polygons, scores) in sample.results {
            let words = try processor.detect(sample.map, options: options)
            #expect(words.map(\.polygon) == polygons, "\(options)")
            try #require(words.count == scores.count)
            for (word, score) in zip(words, scores) {
                #expect(abs((word.score ?? -1) - score) <= 1e-12, "\(options)")
            }
            #expect(words.map(\.id) == (1...max(1, words.count)).prefix(words.count).map { String(format: "%04d", $0) })
        }
    }

    /// One candidate set gives the words of every `box_thresh` and `max_candidates`.
    @Test(arguments: cases)
    func candidatesHoldEveryBoxThresh(_ sample: Case) throws {
        for usePolygon in [false, true] {
            var options = PostProcOptions()
            options.usePolygon = usePolygon
            let set = try CandidateSet(sample.map, options: CandidateOptions(options))
            let cuts = [0, 0.35, 0.7, 1] + set.candidates.map(\.score)
            for (index, boxThresh) in cuts.enumerated() {
                options.boxThresh = boxThresh
                options.maxCandidates = index % 2 == 0 ? 1000 : set.contourCount / 2
                #expect(
                    set.words(boxThresh: boxThresh, maxCandidates: options.maxCandidates)
                        == (try detect(sample.map, options: options)))
            }
        }
    }

    @Test func workspacesKeepNothingBetweenMaps() throws {
        let processor = PostProcessor()
        var options = PostProcOptions()
        options.boxThresh = 0.3
        for sample in Self.cases + Self.cases.reversed() {
            for usePolygon in [true, false] {
                options.usePolygon = usePolygon
                #expect(
                    try processor.detect(sample.map, options: options) == detect(sample.map, options: options))
            }
        }
    }
}
