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

    /// All but the greedy choices of ICDAR's script and of DetEval's, which take boxes in order.
    @Test(arguments: [MetricKind.clevalLeaderboard, .clevalUpstream, .tedEval, .icdarIoU])
    func theOrderOfBoxesDoesNotMatter(metric: MetricKind) {
        var options = Self.honouring(metric)
        options.maxMatching = metric == .icdarIoU
        for (index, scene) in Self.scenes.enumerated() {
            let score = ImageTruth(scene.truth, options: options).score(scene.detections)
            var reversed = scene.truth
            reversed.words.reverse()
            let other = ImageTruth(reversed, options: options).score(scene.detections.reversed())
            #expect(Self.equal(score, other), "scene \(index)")
        }
    }

    @Test(arguments: MetricKind.allCases) func figuresLieBetweenNoneAndAll(metric: MetricKind) {
        for options in [ScoringOptions(metric: metric), Self.honouring(metric)] {
            for (index, scene) in Self.scenes.enumerated() {
                let truth = ImageTruth(scene.truth, options: options)
                for detections in [scene.detections, scene.truth.words, scene.detections + scene.truth.words, []] {
                    #expect(DegenerateInputTests.isDefined(truth.score(detections)), "scene \(index)")
                }
            }
        }
    }

    /// On a truth box or off them all: what matters is that no detection is under it.
    @Test(arguments: MetricKind.allCases) func aDontCareThatOverlapsNoDetectionChangesNothing(metric: MetricKind) {
        let options = Self.honouring(metric)
        var generator = SeededGenerator(seed: 22)
        let far = BoundingBox(minX: -900, minY: -900, maxX: -900, maxY: -900)
        var (tried, onTruth) = (0, 0)
        for (index, scene) in Self.scenes.enumerated() {
            let before = ImageTruth(scene.truth, options: options).score(scene.detections)
            for _ in 0..<20 {
                let (x, y) = (
                    Double(Int.random(in: -60..<400, using: &generator)),
                    Double(Int.random(in: -60..<300, using: &generator))
                )
                let box = Polygon([Point(x, y), Point(x + 30, y), Point(x + 30, y + 12), Point(x, y + 12)])
                func isClear(of word: Word) -> Bool {
                    guard let common = box.boundingBox?.intersection(word.polygon.boundingBox ?? far) else {
                        return true
                    }
                    return common.maxX < common.minX - 2 || common.maxY < common.minY - 2
                }
                guard scene.detections.allSatisfy(isClear) else { continue }
                tried += 1
                if !scene.truth.words.allSatisfy(isClear) { onTruth += 1 }
                var truth = scene.truth
                truth.words.append(Word(id: "veil", polygon: box, transcription: "###", isDontCare: true))
                let after = ImageTruth(truth, options: options).score(scene.detections)
                #expect(after == before, "scene \(index), \(x), \(y)")
            }
        }
        #expect(tried > 1000 && onTruth > 100)
    }

    /// A don't-care hides detections, and that is all: truth counts as before, and no detection comes in.
    @Test(arguments: MetricKind.allCases) func aDontCareAnywhereLeavesTruthAlone(metric: MetricKind) {
        let options = Self.honouring(metric)
        var generator = SeededGenerator(seed: 21)
        for (index, scene) in Self.scenes.enumerated() {
            let (x, y) = (Double.random(in: 0..<300, using: &generator), Double.random(in: 0..<200, using: &generator))
            let box = Polygon([Point(x, y), Point(x + 90, y), Point(x + 90, y + 60), Point(x, y + 60)])
            var truth = scene.truth
            truth.words.append(Word(id: "veil", polygon: box, transcription: "###", isDontCare: true))
            let before = ImageTruth(scene.truth, options: options).score(scene.detections)
            let after = ImageTruth(truth, options: options).score(scene.detections)
            #expect(
                after.truthBoxes == before.truthBoxes && after.counts.truth == before.counts.truth, "scene \(index)")
            #expect(after.detections <= before.detections, "scene \(index)")
        }
    }

    /// CLEval and TedEval cut the truth out of what covers it.
    @Test(arguments: [MetricKind.clevalLeaderboard, .clevalUpstream, .tedEval])
    func aDontCareOnATruthBoxChangesNothing(metric: MetricKind) {
        let options = Self.honouring(metric)
        for (index, scene) in Self.scenes.enumerated() {
            var truth = scene.truth
            for word in scene.truth.words where !word.isDontCare {
                truth.words.append(
                    Word(id: "veil", polygon: word.polygon, transcription: "###", isDontCare: true))
            }
            let score = ImageTruth(scene.truth, options: options).score(scene.detections)
            let other = ImageTruth(truth, options: options).score(scene.detections)
            #expect(Self.equal(score, other), "scene \(index)")
        }
    }

    private static func honouring(_ metric: MetricKind) -> ScoringOptions {
        var options = ScoringOptions(metric: metric)
        options.honoursDontCares = true
        return options
    }

    /// The same but for the rounding of sums in another order.
    private static func equal(_ a: ImageScore, _ b: ImageScore) -> Bool {
        func integers(_ score: ImageScore) -> [Int] {
            [
                score.truthBoxes, score.detections, score.splits, score.merges, score.overlaps, score.misses,
                score.falsePositives, score.counts.truth, score.counts.detected, score.counts.truePositives,
                score.counts.falsePositives,
            ]
        }
        return Scenes.difference(a.rates, b.rates) < 1e-12 && integers(a) == integers(b)
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
