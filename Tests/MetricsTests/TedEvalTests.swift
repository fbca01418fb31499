import Core
import Dataset
import Geometry
import Metrics
import TestSupport
import Testing

/// TedEval against the published script.
@Suite struct TedEvalTests {
    static func quad(_ value: JSONValue) throws -> Polygon {
        let numbers = try #require(value.array).compactMap(\.number)
        try #require(numbers.count == 8)
        return Polygon((0..<4).map { Point(numbers[2 * $0], numbers[2 * $0 + 1]) })
    }

    static func sets(_ scenes: [JSONValue]) throws -> (truth: AnnotationSet, detections: AnnotationSet) {
        var truth: [ImageAnnotation] = []
        var detections: [ImageAnnotation] = []
        for (index, scene) in scenes.enumerated() {
            let scene = try #require(scene.object)
            let texts = try #require(scene["texts"]?.array).compactMap(\.string)
            let words = try zip(try #require(scene["truth"]?.array), texts)
                .map { Word(id: "", polygon: try quad($0), transcription: $1, isDontCare: $1 == "###") }
            truth.append(ImageAnnotation(name: "\(index)", words: words))
            let found = try #require(scene["detections"]?.array).map { Word(id: "", polygon: try quad($0)) }
            detections.append(ImageAnnotation(name: "\(index)", words: found))
        }
        return (AnnotationSet(truth), AnnotationSet(detections))
    }

    static func options(_ published: JSONObject) -> ScoringOptions {
        var options = ScoringOptions(metric: .tedEval)
        if let value = published["AREA_RECALL_CONSTRAINT"]?.number { options.areaRecallConstraint = value }
        if let value = published["AREA_PRECISION_CONSTRAINT"]?.number { options.areaPrecisionConstraint = value }
        if let value = published["EV_PARAM_IND_CENTER_DIFF_THR"]?.number { options.centreDistanceConstraint = value }
        return options
    }

    @Test func countsAndFiguresEqualTheScript() async throws {
        let fixture = try #require(JSONValue(contentsOf: TestData.fixture("Metrics/tedeval_scenes.json")).object)
        let groups = try #require(fixture["groups"]?.array).compactMap(\.object)
        #expect(groups.count == 5)
        for (number, group) in groups.enumerated() {
            let scenes = try #require(group["scenes"]?.array)
            #expect(scenes.count == 60)
            let (truth, detections) = try Self.sets(scenes)
            let options = Self.options(try #require(group["options"]?.object))
            let set = try await scoreSet(truth: truth, predictions: detections, options: options, width: 2)
            for (index, scene) in scenes.enumerated() {
                let score = set.images[index].score
                let counts = try #require(scene.object?["counts"]?.object)
                let expected = ["truth", "detected", "splits", "merges", "misses", "false_positives"]
                    .map { counts[$0]?.int }
                #expect(
                    [
                        score.truthBoxes, score.detections, score.splits, score.merges, score.misses,
                        score.falsePositives,
                    ] == expected, "group \(number), scene \(index)")
                let rates = try Scenes.rates(scene.object?["rates"])
                #expect(Scenes.difference(score.rates, rates) < 1e-12, "group \(number), scene \(index)")
                ImageErrorsTests.expectCounts(
                    truth.images[index], detections.images[index].words, options, "group \(number), scene \(index)")
            }
            #expect(try Scenes.difference(set.pooled, Scenes.rates(group["pooled"])) < 1e-12)
        }
    }

    /// The figures are those that the script prints; of truth against itself with `TRANSCRIPTION`.
    @Test(
        .enabled(if: TestData.shared != nil),
        arguments: [
            ("result", false, 0.85896383529863, 0.8617872419370036, 0.8603732222964292),
            ("gt_IC15", true, 0.9986519017814154, 0.9975137362637362, 0.9980824945453077),
        ])
    func wholeSets(result: String, transcribed: Bool, recall: Double, precision: Double, hmean: Double) async throws {
        let score = try await PublishedFiguresTests.score(
            "icdar15/gt_IC15.zip", "icdar15/\(result).zip", .tedEval, transcribed: transcribed)
        #expect(Scenes.difference(score.pooled, Rates(recall: recall, precision: precision, hmean: hmean)) < 1e-9)
    }

    /// Six corners along a line read as the four of their ends do, where a character stands in each third.
    @Test func polygonsHaveCharactersAlongTheirLine() {
        let bent = Polygon(
            [(0, 0), (60, 0), (120, 0), (120, 20), (60, 20), (0, 20)].map { Point($0.0, $0.1) })
        let truth = ImageTruth(
            ImageAnnotation(name: "a", words: [Word(id: "", polygon: bent, transcription: "abcdef")]),
            options: ScoringOptions(metric: .tedEval))
        #expect(truth.score([Word(id: "", polygon: bent)]).rates.hmean == 1)
        let half = Polygon([Point(0, 0), Point(60, 0), Point(60, 20), Point(0, 20)])
        let score = truth.score([Word(id: "", polygon: half)])
        #expect(score.rates.recall == 0.5 && score.rates.precision == 0.5)
    }
}
