import Dataset
import Maps
import Metrics
import PostProc
import Submission
import Sweep
import TestSupport
import Testing

/// `box_thresh: exact` against brute force: every distinct score as a threshold.
@Suite("Exact box_thresh")
struct ExactBoxThreshTests {
    /// All scores of the maps at `options`, each once, ascending.
    private static func scores(_ maps: any MapSource, _ names: [String], _ setting: Setting) throws -> [Double] {
        var scores = Set<Double>()
        for name in names {
            let options = CandidateOptions(setting.resolved)
            for candidate in try CandidateSet(maps.read(name), options: options).candidates {
                scores.insert(candidate.score)
            }
        }
        return scores.sorted()
    }

    /// Checks each point's curve and optimum against a sweep over all its scores.
    private static func check(
        _ yaml: String, target: SweepConfiguration.Target, maps: any MapSource, truth: AnnotationSet, metric: MetricKind
    ) async throws {
        var configuration = try SweepRunTests.configuration(yaml)
        configuration.target = target
        let options = ScoringOptions(metric: metric)
        let none = BootstrapOptions(draws: 0)
        let run = try SweepRun(configuration, maps: maps, truth: truth, options: options)
        let result = try await run.run(bootstrap: none, width: 2)
        #expect(result.failed.isEmpty && result.sweptParameters.contains(.boxThresh))
        for point in result.ranked {
            let curve = try #require(point.curve)
            let scores = try Self.scores(maps, run.imageNames, point.setting)
            let last = scores.last == 1 ? [] : [1.0]
            var settings = point.setting
            let rows = SearchSpace([Axis([.boxThresh], .rows((scores + last).map { [.number($0)] }))])
            settings.options.boxThresh = 0
            let brute = try await SweepRun(
                SweepConfiguration(rows, target: target), base: settings, maps: maps, truth: truth, options: options
            ).run(bootstrap: none, width: 2)
            let best = try #require(brute.ranked.first)
            #expect(point.value(of: target) == best.value(of: target), "\(point.setting)")
            let inTrialOrder = brute.ranked.sorted { $0.trial < $1.trial }
            // Above a max_candidates the boxes' scores are no steps: the curve's are among the brute force's.
            var position = 0
            for step in curve.steps {
                while position < inTrialOrder.count - 1, inTrialOrder[position].setting.options.boxThresh < step.through
                {
                    position += 1
                }
                let same = inTrialOrder[position]
                #expect(same.mean == step.mean && same.pooled == step.pooled && same.boxes == step.boxes)
            }
            let plateau = curve.plateau
            #expect(plateau.above < plateau.boxThresh && plateau.boxThresh <= plateau.through)
            #expect(point.setting.options.boxThresh == plateau.boxThresh)
            // Right outside the plateau the figure is worse.
            for trial in inTrialOrder {
                let threshold = trial.setting.options.boxThresh
                guard threshold > plateau.above, threshold <= plateau.through else { continue }
                #expect(trial.value(of: target) == best.value(of: target))
            }
        }
        #expect(result.ranked.contains { ($0.curve?.steps.count ?? 0) > 20 })
    }

    @Test(
        "is the best of all scores",
        arguments: zip(
            SweepConfiguration.Target.allCases,
            [MetricKind.clevalLeaderboard, .clevalUpstream, .icdarIoU, .icdarIoU, .clevalLeaderboard, .clevalUpstream]))
    func bruteForce(target: SweepConfiguration.Target, metric: MetricKind) async throws {
        let random = RandomSweep(seed: 41)
        let yaml = """
            parameters:
              thresh: {values: [0.2, 0.35]}
              use_polygon: {values: [false, true]}
              models.head.postprocess.box_thresh: exact
              max_candidates: {values: [12, 1000]}
            """
        try await Self.check(yaml, target: target, maps: random.maps, truth: random.truth, metric: metric)
    }

    @Test("is the best of all scores on real maps", .enabled(if: TestData.shared != nil))
    func sharedMaps() async throws {
        try await TestData.withTemporaryFolder { folder in
            let truth = try AnnotationFile.read(path: TestData.shared("receipts/truth.json"))
            let maps = try MapStore.create(
                at: folder + "/fold0", provenance: .imported(from: "fold0", geometry: .letterbox))
            let images = truth.images.map {
                MapImport.Image(name: $0.name, width: $0.width ?? 0, height: $0.height ?? 0)
            }
            _ = try await MapImport.run(images: images, from: TestData.shared("maps/fold0"), into: maps, width: 2)
            let stored = try MapStore.open(at: folder + "/fold0")
            try await Self.check(
                "parameters: {thresh: {values: [0.2, 0.24]}, box_thresh: exact}", target: .hmean, maps: stored,
                truth: truth, metric: .clevalLeaderboard)
        }
    }

    @Test("resumes from the journal, writes curves, and tells of a broken map")
    func files() async throws {
        try await TestData.withTemporaryFolder { folder in
            var random = RandomSweep(seed: 42)
            let configuration = try SweepRunTests.configuration(
                "parameters: {thresh: {values: [0.2, 0.3]}, box_thresh: exact}")
            func run() async throws -> SweepResult {
                try await SweepRun(
                    configuration, maps: random.maps, truth: random.truth, options: SweepRunTests.leaderboard
                ).run(journal: folder + "/journal.jsonl", width: 2)
            }
            let first = try await run()
            let again = try await run()
            #expect(try again.resumedImages == 4 && again.json() == first.json() && again.csv == first.csv)
            var curves = ""
            first.writeCurves { curves += $0 }
            #expect(
                curves.split(separator: "\n").count == 1 + first.ranked.reduce(0) { $0 + ($1.curve?.steps.count ?? 0) })
            random.maps.broken = ["image_2.jpg"]
            let broken = try await run()
            #expect(broken.ranked.isEmpty && broken.failed.count == 2)
            #expect(broken.failed[0].reason.contains("image_2.jpg"))
        }
    }

    @Test("only box_thresh can be exact")
    func refusals() throws {
        #expect(throws: SweepError.self) { try SweepRunTests.configuration("parameters: {thresh: exact}") }
        #expect(throws: SweepError.self) { try SweepRunTests.configuration("parameters: {box_thresh: exactly}") }
    }
}
