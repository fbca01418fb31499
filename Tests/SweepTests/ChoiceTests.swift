import Dataset
import Maps
import Metrics
import Sweep
import TestSupport
import Testing

/// Which point to take: the plateau rule, and the honest figure of a choice.
@Suite("Choice")
struct ChoiceTests {
    private static let grid = """
        parameters:
          use_polygon: {values: [false, true]}
          thresh: {values: [0.2, 0.25, 0.3, 0.4]}
          box_thresh: {values: [0.3, 0.4, 0.5, 0.6]}
          max_candidates: {value: 1000}
        """
    private static let none = BootstrapOptions(draws: 0)

    private static func run(_ yaml: String, _ random: RandomSweep) throws -> SweepRun {
        try SweepRun(
            SweepRunTests.configuration(yaml), maps: random.maps, truth: random.truth,
            options: SweepRunTests.leaderboard)
    }

    @Test("the plateau has the best mean over its neighbours", arguments: [51, 52, 53] as [UInt64])
    func plateau(seed: UInt64) async throws {
        let result = try await Self.run(Self.grid, RandomSweep(seed: seed)).run(bootstrap: Self.none, width: 2)
        let values: [[Double]] = [[0.2, 0.25, 0.3, 0.4], [0.3, 0.4, 0.5, 0.6]]
        func step(_ value: Double, _ axis: Int) -> Int { values[axis].firstIndex(of: value) ?? -9 }
        let means = result.ranked.map { point in
            let around = result.ranked.filter { other in
                other.setting.options.usePolygon == point.setting.options.usePolygon
                    && abs(step(other.setting.options.thresh, 0) - step(point.setting.options.thresh, 0)) <= 1
                    && abs(step(other.setting.options.boxThresh, 1) - step(point.setting.options.boxThresh, 1)) <= 1
            }
            return (around.reduce(0) { $0 + $1.mean.hmean } / Double(around.count), around.count - 1)
        }
        let pick = try #require(result.pick(.plateau))
        let position = pick.point.rank - 1
        #expect(abs(pick.neighbourhoodMean - (means.map(\.0).max() ?? 0)) < 1e-12)
        #expect(abs(means[position].0 - pick.neighbourhoodMean) < 1e-12)
        #expect(pick.neighbourCount == means[position].1 && [3, 5, 8].contains(pick.neighbourCount))
        #expect(pick.givenUp == result.ranked[0].mean.hmean - pick.point.mean.hmean && pick.givenUp >= 0)
        #expect(abs(pick.peakNeighbourhoodMean - means[0].0) < 1e-12)
        let peak = try #require(result.pick(.peak))
        #expect(peak.point.rank == 1 && peak.givenUp == 0)
    }

    @Test(
        "each fold is scored at what the others choose",
        arguments: [grid, "parameters: {thresh: {values: [0.2, 0.3]}, box_thresh: exact}"])
    func outOfFold(yaml: String) async throws {
        let random = RandomSweep(images: 7, seed: 61)
        let names = random.truth.images.map(\.name)
        let folds = [("a", [names[6], names[0]]), ("b", Array(names[1..<3])), ("c", Array(names[3..<6]))]
        let run = try Self.run(yaml, random)
        let result = try await run.run(bootstrap: Self.none, width: 2)
        let found = try await run.outOfFold(folds.map { (name: $0.0, images: $0.1) }, result: result, width: 2)
        var all: [(name: String, score: ImageScore)] = []
        for (fold, images) in zip(found.folds, folds.map(\.1)) {
            // Chosen without a look at the fold: its maps and truth are not there.
            var others = random
            others.maps.maps.removeAll { images.contains($0.imageName) }
            let truth = AnnotationSet(random.truth.images.filter { !images.contains($0.name) })
            let chosen = try await SweepRun(
                SweepRunTests.configuration(yaml), maps: others.maps, truth: truth, options: SweepRunTests.leaderboard
            ).run(bootstrap: Self.none, width: 2)
            #expect(fold.setting == chosen.ranked[0].setting && fold.chosen == chosen.ranked[0].mean)
            let (score, _) = try SweepRunTests.alone(fold.setting, random, SweepRunTests.leaderboard)
            let held = score.images.filter { images.contains($0.name) }
            #expect(fold.imageCount == held.count)
            all += held
        }
        all.sort { (names.firstIndex(of: $0.name) ?? 0) < (names.firstIndex(of: $1.name) ?? 0) }
        let honest = SetScore(images: all, options: SweepRunTests.leaderboard)
        #expect(found.honest.mean == honest.mean && found.honest.pooled == honest.pooled)
        #expect(found.optimistic == result.ranked[0])
    }

    @Test("folds that overlap, leave an image out or hold nothing are refused")
    func badFolds() async throws {
        let random = RandomSweep(seed: 62)
        let run = try Self.run(Self.grid, random)
        let result = try await run.run(bootstrap: Self.none, width: 2)
        let names = random.truth.images.map(\.name)
        let bad: [([(name: String, images: [String])], String)] = [
            ([("a", Array(names[0..<3])), ("b", Array(names[2...]))], names[2]),
            ([("a", Array(names[0..<2])), ("b", [names[2]])], names[3]),
            ([("a", names), ("b", ["other.jpg"])], "other.jpg"),
            ([("a", names)], "one fold"),
        ]
        for (folds, part) in bad {
            let error = await #expect(throws: SweepError.self) {
                try await run.outOfFold(folds, result: result, width: 2)
            }
            #expect(error?.description.contains(part) == true, "\(String(describing: error))")
        }
    }

    @Test("stores of different images join; an image in two is refused")
    func joinedStores() throws {
        try TestData.withTemporaryFolder { folder in
            let random = RandomSweep(seed: 63)
            let stores = try (0..<2).map { half in
                let path = folder + "/\(half)"
                let store = try MapStore.create(at: path, provenance: .imported(from: "x", geometry: .letterbox))
                for map in random.maps.maps[half * 2..<half * 2 + 2] { try store.write(map) }
                return try MapStore.open(at: path)
            }
            let joined = try JoinedMaps(stores)
            #expect(joined.imageNames == random.maps.imageNames)
            for map in random.maps.maps { #expect(try joined.read(map.imageName).map.values == map.map.values) }
            #expect(try joined.fingerprint() != JoinedMaps([stores[1], stores[0]]).fingerprint())
            #expect(throws: MapsError.self) { try joined.read("other.jpg") }
            try stores[1].write(random.maps.maps[0])
            #expect(throws: MapsError.self) { try JoinedMaps([stores[0], MapStore.open(at: folder + "/1")]) }
        }
    }
}
