import Core
import Dataset
import Maps
import Metrics
import PostProc
import Submission
import Sweep
import TestSupport
import Testing

@Suite("Sweep run")
struct SweepRunTests {
    static let leaderboard = ScoringOptions(metric: .clevalLeaderboard)

    static let grid = """
        parameters:
          thresh: {values: [0.2, 0.25, 0.35]}
          box_thresh: {values: [0.3, 0.45, 0.5, 0.62]}
          max_candidates: {values: [5, 20, 1000]}
        """

    static func configuration(_ yaml: String) throws -> SweepConfiguration {
        try SweepConfiguration(yaml: yaml, path: "sweep.yaml")
    }

    /// The point scored by itself: maps read, boxes made and scored with nothing shared.
    static func alone(_ setting: Setting, _ random: RandomSweep, _ options: ScoringOptions) throws -> (SetScore, Int) {
        var boxes = 0
        let scores = try random.maps.maps.map { map in
            let words = try detect(map, options: setting.resolved)
            boxes += words.count
            let truth = try #require(random.truth[map.imageName])
            return (name: map.imageName, score: ImageTruth(truth, options: options).score(words))
        }
        return (SetScore(images: scores, options: options), boxes)
    }

    static let spaces: [String] = [
        grid,
        """
        parameters:
          use_polygon: {values: [false, true]}
          box_unclip_ratio: {values: [1.2, 1.6]}
          polygon_unclip_ratio: {values: [1.5, 2.25]}
          min_size: {values: [3, 5]}
          box_thresh: {values: [0.4, 0.5]}
          clip_to_image: {value: true}
        """,
        "method: random\nrun_cap: 40\nparameters:\n  thresh: {min: 0.1, max: 0.6}\n  box_thresh: {min: 0.0, max: 1.0}\n"
            + "  max_candidates: {min: 0, max: 40}",
    ]

    @Test(
        "every point equals the point alone, whatever it shares",
        arguments: zip(spaces + spaces, MetricKind.allCases + [.icdarIoU, .clevalLeaderboard, .clevalUpstream]))
    func bruteForce(yaml: String, metric: MetricKind) async throws {
        let random = RandomSweep(seed: 11)
        let options = ScoringOptions(metric: metric)
        let configuration = try Self.configuration(yaml)
        let result = try await SweepRun(configuration, maps: random.maps, truth: random.truth, options: options)
            .run(width: 2)
        #expect(result.failed.isEmpty)
        let points = try configuration.points()
        #expect(result.ranked.count == points.count)
        for point in result.ranked {
            let (score, boxes) = try Self.alone(point.setting, random, options)
            #expect(
                point.mean == score.mean && point.pooled == score.pooled && point.boxes == boxes, "\(point.setting)")
        }
        // Points that differ give different figures, or this test would see nothing.
        #expect(Set(result.ranked.map(\.mean)).count > result.ranked.count / 4)
        #expect(Set(result.ranked.map(\.trial)) == Set(1...result.ranked.count))
    }

    @Test("a box_thresh that equals a score keeps the box, in every point")
    func equalScores() async throws {
        let random = RandomSweep(seed: 18)
        let candidates = try CandidateSet(random.maps.maps[1], options: CandidateOptions(thresh: 0.3)).candidates
        let rows = candidates.map { "[\($0.score), \($0.contourIndex + 1)], [\($0.score), 1000]" }
        let configuration = try Self.configuration(
            "points: {columns: [box_thresh, max_candidates], rows: [\(rows.joined(separator: ", "))]}")
        let result = try await SweepRun(
            configuration, maps: random.maps, truth: random.truth, options: Self.leaderboard
        ).run(width: 2)
        #expect(result.ranked.count == 2 * candidates.count)
        for point in result.ranked {
            let (score, boxes) = try Self.alone(point.setting, random, Self.leaderboard)
            #expect(point.mean == score.mean && point.boxes == boxes, "\(point.setting)")
        }
    }

    @Test("the number of threads changes nothing")
    func threads() async throws {
        let random = RandomSweep(images: 9, seed: 12)
        let run = try SweepRun(
            Self.configuration(Self.grid), maps: random.maps, truth: random.truth, options: Self.leaderboard)
        #expect(try await run.run(width: 1).json() == run.run(width: 5).json())
    }

    @Test("ranked by the target; ties by fewer boxes, then by the order of the space")
    func ranking() async throws {
        let random = RandomSweep(seed: 13)
        for target in SweepConfiguration.Target.allCases {
            var configuration = try Self.configuration(Self.grid)
            configuration.target = target
            let ranked = try await SweepRun(
                configuration, maps: random.maps, truth: random.truth, options: Self.leaderboard
            ).run(width: 2).ranked
            #expect(ranked.map(\.rank) == Array(1...ranked.count))
            for (ahead, behind) in zip(ranked, ranked.dropFirst()) {
                let values = (ahead.value(of: target), behind.value(of: target))
                #expect(values.0 >= values.1)
                if values.0 == values.1 { #expect((ahead.boxes, ahead.trial) < (behind.boxes, behind.trial)) }
            }
        }
        // Without any box all points are level.
        let level = try await SweepRun(
            Self.configuration("parameters: {box_thresh: {values: [1, 0.99]}, max_candidates: {value: 0}}"),
            maps: random.maps, truth: random.truth, options: Self.leaderboard
        ).run(width: 1)
        #expect(level.ranked.map(\.trial) == [1, 2])
    }

    @Test("a map that cannot be read fails the points, with its name, and is never a score")
    func brokenMap() async throws {
        var random = RandomSweep(seed: 14)
        random.maps.broken = ["image_1.jpg", "image_3.jpg"]
        let result = try await SweepRun(
            Self.configuration(Self.grid), maps: random.maps, truth: random.truth, options: Self.leaderboard
        ).run(width: 2)
        #expect(result.ranked.isEmpty)
        #expect(result.failed.count == 36)
        #expect(result.failed.allSatisfy { $0.reason.hasPrefix("2 images failed, the first: image_1.jpg: ") })
        #expect(result.csv.split(separator: "\n").count == 37)
        #expect(try result.json().object?["failed"]?.array?.count == 36)
    }

    @Test("points fail alone where only their candidates do")
    func brokenPoints() async throws {
        var random = RandomSweep(seed: 15)
        // A value that is no number inside a blob of 0.4: the blob is a candidate below that threshold only.
        let map = random.maps.maps[2]
        var values = [Float](repeating: 0, count: map.map.values.count)
        for y in 20..<40 { for x in 20..<90 { values[y * map.map.width + x] = 0.4 } }
        values[30 * map.map.width + 50] = .nan
        random.maps.maps[2].map = ProbabilityMap(width: map.map.width, height: map.map.height, values: values)
        let result = try await SweepRun(
            Self.configuration("parameters: {thresh: {values: [0.3, 0.5]}, box_thresh: {values: [0.3, 0.5]}}"),
            maps: random.maps, truth: random.truth, options: Self.leaderboard
        ).run(width: 2)
        #expect(result.ranked.map(\.setting.options.thresh) == [0.5, 0.5])
        #expect(result.failed.map(\.trial) == [1, 2])
        #expect(result.failed.allSatisfy { $0.reason.hasPrefix("image_2.jpg: ") })
    }

    @Test("truth and maps that do not go together")
    func mismatches() throws {
        let random = RandomSweep(seed: 16)
        let configuration = try Self.configuration(Self.grid)
        func run(_ maps: MemoryMaps, _ truth: AnnotationSet, onlyCommonImages: Bool = false) throws -> SweepRun {
            try SweepRun(
                configuration, maps: maps, truth: truth, options: Self.leaderboard, onlyCommonImages: onlyCommonImages)
        }
        let foreign = AnnotationSet([ImageAnnotation(name: "other.jpg")])
        for truth in [foreign, AnnotationSet([])] {
            for onlyCommonImages in [false, true] {
                let error = #expect(throws: SweepError.self) {
                    try run(random.maps, truth, onlyCommonImages: onlyCommonImages)
                }
                #expect(error?.diagnosis.status == .badData)
                #expect(error?.diagnosis.what == "the truth names no image of the maps")
            }
        }
        var fewer = random.maps
        fewer.maps.remove(at: 1)
        let error = #expect(throws: SweepError.self) { try run(fewer, random.truth) }
        #expect(error?.diagnosis.found == "no map of image_1.jpg")
        let common = try run(fewer, random.truth, onlyCommonImages: true)
        #expect(common.imageNames == ["image_0.jpg", "image_2.jpg", "image_3.jpg"])
        #expect(common.notes == ["1 images of the truth have no map and are not scored"])
        // Maps beyond the truth are no error: the truth may be a fold's.
        let part = AnnotationSet(Array(random.truth.images.prefix(2).reversed()))
        let run = try run(random.maps, part)
        #expect(run.imageNames == ["image_1.jpg", "image_0.jpg"])
        #expect(run.notes == ["2 maps have no truth and are not scored"])
    }

    @Test("bad scoring options are refused before any work")
    func badOptions() async throws {
        let random = RandomSweep(seed: 17)
        var options = Self.leaderboard
        options.areaPrecisionConstraint = -1
        let run = try SweepRun(
            Self.configuration(Self.grid), maps: random.maps, truth: random.truth, options: options)
        await #expect(throws: MetricsError.self) { try await run.run(width: 1) }
    }

    @Test("equal to the goldens on real maps", .enabled(if: TestData.shared != nil), arguments: 0..<5)
    func realMaps(fold: Int) async throws {
        try await TestData.withTemporaryFolder { folder in
            let truth = try AnnotationFile.read(path: TestData.shared("receipts/truth.json"))
            let images = truth.images.map {
                MapImport.Image(name: $0.name, width: $0.width ?? 0, height: $0.height ?? 0)
            }
            let path = folder + "/maps"
            _ = try await MapImport.run(
                images: images, from: TestData.shared("maps/fold\(fold)"),
                into: .create(at: path, provenance: .imported(from: "fold\(fold)", geometry: .letterbox)), width: 2)
            let configuration = try Self.configuration(
                """
                points:
                  columns: [thresh, box_thresh, max_candidates, use_polygon]
                  rows: [[0.22, 0.25, 600, false], [0.3, 0.35, 1000, true]]
                """)
            let result = try await SweepRun(
                configuration, maps: MapStore.open(at: path), truth: truth, options: Self.leaderboard
            ).run(width: 2)
            for (trial, form) in [(1, "quad"), (2, "poly")] {
                let golden = try JSONValue(
                    contentsOf: TestData.shared("goldens/folds/fold\(fold).\(form).leaderboard.json"))
                let mean = try #require(golden.object?["mean"]?.object)
                let point = try #require(result.ranked.first { $0.trial == trial })
                let expected = ["hmean", "precision", "recall"].map { mean[$0]?.number ?? .nan }
                for (found, expected) in zip([point.mean.hmean, point.mean.precision, point.mean.recall], expected) {
                    #expect(abs(found - expected) < 1e-6)
                }
            }
        }
    }
}
