import Core
import Dataset
import Metrics
import TestSupport
import Testing

/// What is punished is named, and as often as it is counted.
@Suite struct ImageErrorsTests {
    /// One truth box found in two parts, two found as one, one missed, one detection of nothing.
    @Test(arguments: [MetricKind.clevalLeaderboard, .clevalUpstream])
    func eachKindOnce(metric: MetricKind) {
        func word(from left: Double, to right: Double) -> Word {
            MetricOptionsTests.word(from: left, to: right, "transcript")
        }
        let truth = [
            word(from: 1000, to: 1100), word(from: 0, to: 200), word(from: 300, to: 400), word(from: 400, to: 500),
        ]
        let detections = [
            word(from: 300, to: 500), word(from: 100, to: 200), word(from: 0, to: 100), word(from: 1200, to: 1300),
        ]
        let image = ImageAnnotation(name: "a.jpg", words: truth)
        let pairs = ImageTruth(image, options: ScoringOptions(metric: metric)).pairs(with: detections)
        let errors = pairs.errors()
        #expect(errors.missed == [0])
        #expect(errors.falsePositives == [3])
        #expect(errors.splits.map(\.index) == [1] && errors.splits.map(\.matches) == [[1, 2]])
        #expect(errors.merges.map(\.index) == [0] && errors.merges.map(\.matches) == [[2, 3]])
        let without = pairs.errors(keeping: [0, 1])
        #expect(without.splits.isEmpty && without.falsePositives.isEmpty && without.missed == [0])
    }

    /// Skipped truth does not shift the places of the rest.
    @Test func placesAreThoseOfTheImage() {
        var pointless = MetricOptionsTests.word(from: 0, to: 100)
        pointless.polygon.points.removeAll()
        let truth = [pointless, MetricOptionsTests.word(from: 0, to: 100), MetricOptionsTests.word(from: 200, to: 300)]
        let image = ImageAnnotation(name: "a.jpg", words: truth)
        for metric in MetricKind.allCases {
            let errors = ImageTruth(image, options: ScoringOptions(metric: metric))
                .pairs(with: [pointless, truth[1]]).errors()
            #expect(errors.missed == [2] && errors.falsePositives.isEmpty, "\(metric)")
        }
    }

    @Test(arguments: [
        ("upstream_scenes", MetricKind.clevalUpstream), ("leaderboard_scenes", .clevalLeaderboard),
        ("leaderboard_scenes", .icdarIoU),
    ])
    func asManyAsAreCountedInScenes(file: String, metric: MetricKind) throws {
        let scenes = try #require(
            JSONValue(contentsOf: TestData.fixture("Metrics/\(file).json")).object?["scenes"]?.array)
        var total = 0
        for (index, scene) in scenes.enumerated() {
            let scene = try #require(scene.object)
            var options = try SceneGoldenTests.options(scene, metric, .single)
            options.maxMatching = metric == .icdarIoU && index % 2 == 0
            let (truth, detections) = SceneGoldenTests.words(scene)
            total += Self.expectCounts(truth, detections, options, "scene \(index)")
        }
        #expect(total > 500)
    }

    @Test(
        .enabled(if: TestData.shared != nil),
        arguments: ["goldens/resnet50/resnet50_960.quad.json", "goldens/folds/fold3.poly.json"])
    func asManyAsAreCountedOnReceipts(file: String) throws {
        let truth = try Scenes.annotations(TestData.shared("receipts/truth.json"))
        let predictions = try Scenes.annotations(TestData.shared(file))
        for metric in MetricKind.allCases {
            for image in truth.images {
                Self.expectCounts(
                    image, predictions[image.name]?.words ?? [], ScoringOptions(metric: metric), image.name)
            }
        }
    }

    /// - Returns: how many errors there are.
    @discardableResult
    static func expectCounts(
        _ truth: ImageAnnotation, _ detections: [Word], _ options: ScoringOptions, _ place: String
    ) -> Int {
        let pairs = ImageTruth(truth, options: options).pairs(with: detections)
        let (score, errors) = (pairs.score(), pairs.errors())
        let counted = [score.misses, score.falsePositives, score.splits, score.merges]
        let named = [errors.missed.count, errors.falsePositives.count, errors.splits.count, errors.merges.count]
        #expect(named == counted, "\(options.metric), \(place)")
        return counted.reduce(0, +)
    }
}
