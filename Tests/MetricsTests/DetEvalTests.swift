import Core
import Dataset
import Geometry
import Metrics
import Submission
import TestSupport
import Testing

/// DetEval against the published script.
@Suite struct DetEvalTests {
    static func fixture() throws -> JSONObject {
        try #require(JSONValue(contentsOf: TestData.fixture("Metrics/deteval_scenes.json")).object)
    }

    /// A rectangle by its edges, its corners from the upper left, clockwise.
    static func word(_ edges: JSONValue, isDontCare: Bool = false) throws -> Word {
        let edges = try #require(edges.array).compactMap(\.number)
        let corners = [(0, 1), (2, 1), (2, 3), (0, 3)].map { Point(edges[$0.0], edges[$0.1]) }
        return Word(id: "", polygon: Polygon(corners), isDontCare: isDontCare)
    }

    static func sets(_ scenes: [JSONValue]) throws -> (truth: AnnotationSet, detections: AnnotationSet) {
        func set(_ name: String, _ isDontCare: (JSONObject, Int) -> Bool) throws -> AnnotationSet {
            AnnotationSet(
                try scenes.enumerated().map { index, scene in
                    let scene = try #require(scene.object)
                    let words = try #require(scene[name]?.array).enumerated()
                        .map { try word($1, isDontCare: isDontCare(scene, $0)) }
                    return ImageAnnotation(name: "\(index)", words: words)
                })
        }
        return (
            try set("truth") { $0["dont_care"]?.array?[$1].bool == true }, try set("detections") { _, _ in false }
        )
    }

    @Test func countsAndFiguresEqualTheScript() async throws {
        let fixture = try Self.fixture()
        let scenes = try #require(fixture["scenes"]?.array)
        #expect(scenes.count == 300)
        let (truth, detections) = try Self.sets(scenes)
        let set = try await scoreSet(
            truth: truth, predictions: detections, options: ScoringOptions(metric: .detEval), width: 2)
        for (index, scene) in scenes.enumerated() {
            let score = set.images[index].score
            let counts = try #require(scene.object?["counts"]?.object)
            let expected = ["truth", "detected", "splits", "merges", "misses", "false_positives"]
                .map { counts[$0]?.int }
            #expect(
                [
                    score.truthBoxes, score.detections, score.splits, score.merges, score.misses, score.falsePositives,
                ] == expected, "scene \(index)")
            if let rates = scene.object?["rates"] {
                #expect(try Scenes.difference(score.rates, Scenes.rates(rates)) < 1e-12, "scene \(index)")
            }
            ImageErrorsTests.expectCounts(
                truth.images[index], detections.images[index].words, ScoringOptions(metric: .detEval), "scene \(index)")
        }
        #expect(try Scenes.difference(set.pooled, Scenes.rates(fixture["pooled"])) < 1e-12)
    }

    /// Polygons stand for the upright rectangles around them. The figures are those that the script prints for ICDAR
    /// 2015's quads (`make_deteval.py kit gt_IC15.zip result.zip`).
    @Test(
        .enabled(if: TestData.shared != nil),
        arguments: [
            ("result", false, 0.6230139624458348, 0.6574446680080483, 0.6397664055095493, 1988, 50, 31, 773, 659),
            ("gt_IC15", true, 0.9450168512277314, 0.9881314369789109, 0.9660933564897076, 2039, 56, 0, 103, 0),
        ])
    func rectanglesAroundQuads(
        result: String, transcribed: Bool, recall: Double, precision: Double, hmean: Double, detected: Int,
        splits: Int, merges: Int, misses: Int, falsePositives: Int
    ) async throws {
        let score = try await PublishedFiguresTests.score(
            "icdar15/gt_IC15.zip", "icdar15/\(result).zip", .detEval, transcribed: transcribed)
        #expect(Scenes.difference(score.pooled, Rates(recall: recall, precision: precision, hmean: hmean)) < 1e-12)
        #expect(score.counts.truth == 2077 && score.counts.detected == detected)
        let sums = [\ImageScore.splits, \.merges, \.misses, \.falsePositives]
            .map { count in score.images.reduce(0) { $0 + $1.score[keyPath: count] } }
        #expect(sums == [splits, merges, misses, falsePositives])
    }

    /// A split in halves counts .8 by default, nothing where parts must be the whole.
    @Test func optionsCount() throws {
        let truth = [MetricOptionsTests.word(from: 0, to: 199)]
        let halves = [MetricOptionsTests.word(from: 0, to: 99), MetricOptionsTests.word(from: 100, to: 199)]
        var options = ScoringOptions(metric: .detEval)
        #expect(abs(try MetricOptionsTests.score(truth, halves, options).rates.hmean - 0.8) < 1e-12)
        options.oneToManyCredit = 0.5
        #expect(abs(try MetricOptionsTests.score(truth, halves, options).rates.recall - 0.5) < 1e-12)
        let part = [MetricOptionsTests.word(from: 0, to: 149)]
        #expect(try MetricOptionsTests.score(truth, part, options).rates.hmean == 0)
        options.areaRecallConstraint = 0.75
        #expect(try MetricOptionsTests.score(truth, part, options).rates.hmean == 1)
        options.centreDistanceConstraint = 0.1
        #expect(try MetricOptionsTests.score(truth, part, options).rates.hmean == 0)
    }
}
