import Core
import Dataset
import Geometry
import Metrics
import TestSupport
import Testing

/// Properties that hold for any scene.
@Suite struct SubsetAndOrderTests {
    static let scenes: [(truth: ImageAnnotation, detections: [Word])] = ["upstream_scenes", "leaderboard_scenes"]
        .flatMap { name in
            let file = try? JSONValue(contentsOf: TestData.fixture("Metrics/\(name).json"))
            return (file?.object?["scenes"]?.array ?? []).compactMap { $0.object.map(SceneGoldenTests.words) }
        }

    @Test(arguments: MetricKind.allCases) func aSubsetScoresAsThoughAlone(metric: MetricKind) {
        #expect(Self.scenes.count == 500)
        var generator = SeededGenerator(seed: 8)
        for (index, scene) in Self.scenes.enumerated() {
            for limit in [nil, 3] {
                var options = ScoringOptions(metric: metric)
                options.maxDetections = limit
                let truth = ImageTruth(scene.truth, options: options)
                let pairs = truth.pairs(with: scene.detections)
                let kept = scene.detections.indices.filter { _ in Bool.random(using: &generator) }
                #expect(pairs.score(keeping: kept) == truth.score(kept.map { scene.detections[$0] }), "scene \(index)")
                #expect(pairs.score() == truth.score(scene.detections), "scene \(index)")
            }
        }
    }

    @Test(arguments: [MetricKind.clevalLeaderboard, .clevalUpstream]) func theOrderOfBoxesDoesNotMatter(
        metric: MetricKind
    ) {
        let options = ScoringOptions(metric: metric)
        for (index, scene) in Self.scenes.enumerated() {
            let score = ImageTruth(scene.truth, options: options).score(scene.detections)
            var reversed = scene.truth
            reversed.words.reverse()
            let other = ImageTruth(reversed, options: options).score(scene.detections.reversed())
            #expect(score == other, "scene \(index)")
        }
    }

    @Test func aDontCareOnEmptyGroundChangesNothing() {
        let options = ScoringOptions(metric: .clevalUpstream)
        for (index, scene) in Self.scenes.enumerated() {
            var truth = scene.truth
            truth.words.append(
                Word(
                    id: "far",
                    polygon: Polygon([Point(-900, -900), Point(-800, -900), Point(-800, -880), Point(-900, -880)]),
                    transcription: "###", isDontCare: true))
            let score = ImageTruth(scene.truth, options: options).score(scene.detections)
            #expect(ImageTruth(truth, options: options).score(scene.detections) == score, "scene \(index)")
        }
    }

    @Test func setsCountMissingImagesAndListUnknownOnes() async throws {
        let word = DegenerateInputTests.plain
        let truth = AnnotationSet([
            ImageAnnotation(name: "a", words: [word]), ImageAnnotation(name: "b", words: [word]),
        ])
        let predictions = AnnotationSet([
            ImageAnnotation(name: "a", words: [word]), ImageAnnotation(name: "c", words: [word]),
        ])
        let options = ScoringOptions(metric: .clevalLeaderboard)
        let score = try await scoreSet(truth: truth, predictions: predictions, options: options, width: 2)
        #expect(score.images.map(\.name) == ["a", "b"])
        #expect(score.mean.hmean == 0.5 && score.images[1].score.rates == .zero)
        #expect(score.pooled.recall == 0.5 && score.pooled.precision == 1)
        #expect(score.unknownImages == ["c"] && score.missingImages == ["b"])
    }

    @Test func strangersAreRefused() async {
        let truth = AnnotationSet([ImageAnnotation(name: "a.jpg")])
        let options = ScoringOptions(metric: .clevalLeaderboard)
        for predictions in [AnnotationSet([ImageAnnotation(name: "a.png")]), AnnotationSet([])] {
            await #expect(throws: MetricsError.self) {
                _ = try await scoreSet(truth: truth, predictions: predictions, options: options, width: 1)
            }
        }
        await #expect(throws: MetricsError.self) {
            _ = try await scoreSet(truth: AnnotationSet([]), predictions: truth, options: options, width: 1)
        }
        var bad = options
        bad.areaPrecisionConstraint = .nan
        #expect(throws: MetricsError.self) { try bad.validate() }
        bad = options
        bad.maxDetections = 0
        #expect(throws: MetricsError.self) { try bad.validate() }
    }
}
