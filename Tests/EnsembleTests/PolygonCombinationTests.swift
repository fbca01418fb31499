import Core
import Dataset
import Ensemble
import Foundation
import Geometry
import Testing
import TestSupport

@Suite("Suppression and fusion")
struct PolygonCombinationTests {
    struct Golden: Decodable {
        let cases: [Case]
        struct Case: Decodable {
            let sources: [Source]
            let results: [Outcome]
        }
        struct Source: Decodable {
            let boxes: [[Double]]
            let scores: [Double]
        }
        struct Outcome: Decodable {
            let method: String
            let weights: [Double]
            let iou: Double
            let boxes: [[Double]]
            let scores: [Double]
            let skip, sigma, floor: Double?
            let conf_type: String?

            var rule: PolygonCombination.Method? {
                switch method {
                case "nms": .nms(iou: iou)
                case "soft_linear": .softNMSLinear(iou: iou, floor: floor ?? 0)
                case "soft_gaussian": .softNMSGaussian(sigma: sigma ?? 0.5, floor: floor ?? 0)
                default:
                    conf_type.flatMap(PolygonCombination.Confidence.init).map {
                        .fusion(iou: iou, skip: skip ?? 0, confidence: $0)
                    }
                }
            }
        }
    }

    @Test("equals ensemble-boxes on axis-aligned boxes to 1e-6")
    func goldens() async throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: TestData.fixture("Ensemble/box_methods.json")))
        let golden = try JSONDecoder().decode(Golden.self, from: data)
        #expect(golden.cases.flatMap(\.results).count == 42)
        for item in golden.cases {
            let sources = item.sources.map { source in
                PolygonVoteTests.source(
                    zip(source.boxes, source.scores).map {
                        (PolygonVoteTests.box($0[0], $0[1], $0[2] - $0[0], $0[3] - $0[1]), $1)
                    })
            }
            for expected in item.results {
                let rule = try #require(expected.rule)
                let combination = try await PolygonCombination(
                    sources: sources, method: rule, weights: expected.weights, roundsCorners: false)
                let words = try combination.result().images[0].words.sorted { ($0.score ?? 0) > ($1.score ?? 0) }
                let label = "\(expected.method) \(expected.conf_type ?? "") \(expected.iou) \(expected.weights)"
                try #require(words.count == expected.boxes.count, "\(label)")
                let order = expected.scores.indices.sorted { expected.scores[$0] > expected.scores[$1] }
                for (word, index) in zip(words, order) {
                    let box = try #require(word.polygon.boundingBox)
                    let values = [word.score ?? 0, box.minX, box.minY, box.maxX, box.maxY]
                    let target = [expected.scores[index]] + expected.boxes[index]
                    let worst = zip(values, target).map { abs($0 - $1) }.max() ?? 1
                    #expect(worst < 1e-6, "\(label): \(values), expected \(target)")
                }
            }
        }
    }

    @Test("rotated quads fuse corner by corner, whichever corner they start with")
    func rotated() async throws {
        let quad = Polygon([Point(50, 0), Point(100, 50), Point(50, 100), Point(0, 50)])
        let shifted = Polygon([Point(104, 52), Point(54, 102), Point(4, 52), Point(54, 2)])
        let fused = try await PolygonCombination(
            sources: [PolygonVoteTests.source([(quad, 0.5)]), PolygonVoteTests.source([(shifted, 0.5)])],
            method: .fusion(iou: 0.55, skip: 0, confidence: .average))
        let word = try #require(try fused.result(votes: 2).images[0].words.first)
        #expect(Set(word.polygon.points) == [Point(52, 1), Point(102, 51), Point(52, 101), Point(2, 51)])
        #expect(fused.shrinkage().shrunken == 0)
    }

    @Test("a cluster of quads that a polygon joins is fused along the arc, all of its members by their strengths")
    func fromCornersToArc() async throws {
        func square(_ x: Double, _ y: Double) -> Polygon { PolygonVoteTests.box(100 + x, 100 + y, 80, 80) }
        // Its corners from another one on and the other way round, with a fifth in the middle of a side.
        let five = Polygon([Point(180, 182), Point(180, 142), Point(180, 102), Point(100, 102), Point(100, 182)])
        let fused = try await PolygonCombination(
            sources: [
                PolygonVoteTests.source([(square(0, 0), 0.9)]), PolygonVoteTests.source([(square(4, 0), 0.6)]),
                PolygonVoteTests.source([(five, 0.5)]),
            ],
            method: .fusion(iou: 0.55, skip: 0, confidence: .average), roundsCorners: false)
        let points = try #require(try fused.result(votes: 3).images[0].words.first).polygon.points
        // Every ten pixels along the sides, moved by (0.9 * 0 + 0.6 * 4, 0.5 * 2) / 2.
        let sides: [(Double, Double)] =
            (0..<8).map { (Double(10 * $0), 0) } + (0..<8).map { (80, Double(10 * $0)) }
            + (0..<8).map { (Double(80 - 10 * $0), 80) } + (0..<8).map { (0, Double(80 - 10 * $0)) }
        try #require(points.count == sides.count)
        for (point, side) in zip(points, sides) {
            #expect(abs(point.x - (101.2 + side.0)) < 1e-9 && abs(point.y - (100.5 + side.1)) < 1e-9)
        }
    }

    @Test("options out of range are refused")
    func options() async throws {
        let source = PolygonVoteTests.source([(PolygonVoteTests.box(0, 0, 9, 9), 1)])
        let methods: [PolygonCombination.Method] = [
            .nms(iou: 0), .softNMSLinear(iou: 0.5, floor: 1), .softNMSGaussian(sigma: 0, floor: 0),
            .fusion(iou: 0.5, skip: -0.1, confidence: .maximum),
        ]
        for method in methods {
            await #expect(throws: EnsembleError.self) {
                try await PolygonCombination(sources: [source], method: method)
            }
        }
    }
}
