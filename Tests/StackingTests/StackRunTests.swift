import Core
import Dataset
import Maps
import Metrics
import PostProc
import Stacking
import Sweep
import Testing

/// Training and its honest figures, on made maps.
@Suite struct StackRunTests {
    static let scoring = ScoringOptions(metric: .clevalLeaderboard)
    static let draws = BootstrapOptions(draws: 200, seed: 3)

    static func folds(_ truth: AnnotationSet, _ count: Int = 4) -> [(name: String, images: [String])] {
        (0..<count).map { fold in
            ("fold \(fold)", truth.images.enumerated().filter { $0.offset % count == fold }.map(\.element.name))
        }
    }

    static func run(
        _ made: (sources: [MadeMaps], truth: AnnotationSet), truth: AnnotationSet? = nil, width: Int = 2
    ) async throws -> StackRun {
        let pool = try await CandidatePool(
            of: made.sources, names: made.truth.images.map(\.name), options: CandidatePoolTests.options, width: width)
        return try await StackRun(
            pool, truth: truth ?? made.truth, folds: folds(made.truth), options: scoring, bootstrap: draws,
            width: width)
    }

    /// Each single source is what `sweep` with the exact box threshold and the same folds says of it.
    @Test func singleSourcesEqualTheSweepsOutOfFold() async throws {
        let made = MadeMaps.made(sources: 3, images: 16, seed: 5)
        let run = try await Self.run(made)
        #expect(run.rows.count == 3 + 1 + Classifier.Kind.allCases.count)
        let space = try SweepConfiguration(
            yaml: """
                parameters:
                  thresh: {value: 0.2}
                  max_candidates: {value: 1000}
                  box_thresh: exact
                """, path: "space.yaml")
        for (number, source) in made.sources.enumerated() {
            let sweep = try SweepRun(space, maps: source, truth: made.truth, options: Self.scoring)
            let result = try await sweep.run(bootstrap: BootstrapOptions(draws: 0), width: 1)
            let honest = try await sweep.outOfFold(Self.folds(made.truth), result: result, width: 1)
            let row = try #require(run.rows.first { $0.entry == .source(number) })
            #expect(row.score.mean == honest.honest.mean && row.score.pooled == honest.honest.pooled)
            #expect(row.thresholds == honest.folds.map { $0.setting.resolved.boxThresh })
        }
    }

    /// Where sources disagree on blobs and agree on words the models find that out, and are adopted.
    @Test func whatVotesTellIsLearned() async throws {
        let run = try await Self.run(MadeMaps.made(sources: 3, images: 24, seed: 8))
        let best = run.rows[run.bestSource]
        for kind in Classifier.Kind.allCases {
            let row = try #require(run.rows.first { $0.entry == .model(kind) })
            let comparison = try #require(row.comparison)
            #expect(comparison == PairedComparison(Self.figures(best), Self.figures(row), Self.draws))
            #expect(row.isAdopted && comparison.interval.lowerBound > 0)
            #expect(row.score.mean.hmean > best.score.mean.hmean)
        }
        #expect(run.rows.allSatisfy { row in if case .model = row.entry { true } else { !row.isAdopted } })
        #expect(run.rows.map(\.score.mean.hmean) == run.rows.map(\.score.mean.hmean).sorted(by: >))
        #expect(best.comparison == nil && run.targetCount > 0 && run.targetCount < run.candidateCount)
    }

    private static func figures(_ row: StackRun.Row) -> [Double] { row.score.images.map(\.score.rates.hmean) }

    /// What a fold's images are scored by does not depend on their truth: other truth there, and that fold's thresholds
    /// are what they were, while those of other folds and the model of all images move.
    @Test func aFoldsTruthChoosesNothingOfItsOwn() async throws {
        let made = MadeMaps.made(sources: 2, images: 16, seed: 21)
        let held = Set(Self.folds(made.truth)[1].images)
        let other = AnnotationSet(
            made.truth.images.map { image in
                var image = image
                // Every second word is none: what was worth keeping is not any more.
                if held.contains(image.name) {
                    image.words = image.words.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
                }
                return image
            })
        let (first, second) = (try await Self.run(made), try await Self.run(made, truth: other))
        var moved = 0
        for row in first.rows {
            let changed = try #require(second.rows.first { $0.entry == row.entry })
            #expect(row.thresholds[1] == changed.thresholds[1], "\(row.entry)")
            moved += row.thresholds == changed.thresholds ? 0 : 1
        }
        #expect(moved > 0)
        #expect(first.final[.trees]?.classifier != second.final[.trees]?.classifier)
    }

    /// Of one deal the run's own figures; of more their mean, the interval widened by what the deals differ in.
    @Test func repeatedDeals() async throws {
        let made = MadeMaps.made(sources: 3, images: 24, seed: 8)
        let pool = try await CandidatePool(
            of: made.sources, names: made.truth.images.map(\.name), options: CandidatePoolTests.options, width: 2)
        var runs: [StackRun] = []
        for count in [3, 4, 6] {
            runs.append(
                try await StackRun(
                    pool, truth: made.truth, folds: Self.folds(made.truth, count), options: Self.scoring,
                    bootstrap: Self.draws, width: 2))
        }
        func row(_ run: StackRun, _ entry: StackRun.Entry) throws -> StackRun.Row {
            try #require(run.rows.first { $0.entry == entry })
        }
        let one = RepeatedDeals([runs[0]], Self.draws)
        #expect(.source(one.bestSource.number) == runs[0].rows[runs[0].bestSource].entry)
        for found in one.rows {
            let own = try row(runs[0], .model(found.kind))
            let comparison = try #require(own.comparison)
            #expect(found.interval == comparison.interval && found.isAdopted == own.isAdopted)
            #expect(abs(found.difference - comparison.difference) < 1e-12)
            #expect(abs(found.hmean - own.score.mean.hmean) < 1e-12)
        }
        let all = RepeatedDeals(runs, Self.draws)
        #expect(all.count == 3)
        for found in all.rows {
            let single = try runs.map { run in
                let figures = Self.figures(try row(run, .model(found.kind)))
                let others = Self.figures(try row(run, .source(all.bestSource.number)))
                return (figures.reduce(0, +) - others.reduce(0, +)) / Double(figures.count)
            }
            #expect(abs(found.difference - single.reduce(0, +) / 3) < 1e-12)
            #expect(abs(found.spread.lowerBound - (single.min() ?? 0)) < 1e-12)
            #expect(abs(found.spread.upperBound - (single.max() ?? 0)) < 1e-12)
            #expect(found.interval.contains(found.difference))
        }
        // The same run three times is one deal.
        let same = RepeatedDeals([runs[0], runs[0], runs[0]], Self.draws)
        for (first, second) in zip(same.rows, one.rows) {
            #expect(abs(first.interval.lowerBound - second.interval.lowerBound) < 1e-12)
            #expect(abs(first.interval.upperBound - second.interval.upperBound) < 1e-12)
        }
    }

    @Test func widthChangesNothing() async throws {
        let made = MadeMaps.made(sources: 2, images: 12, seed: 2)
        let (one, four) = (try await Self.run(made, width: 1), try await Self.run(made, width: 4))
        for (first, second) in zip(one.rows, four.rows) {
            #expect(first.entry == second.entry && first.thresholds == second.thresholds)
            #expect(Self.figures(first) == Self.figures(second) && first.interval == second.interval)
        }
        for kind in Classifier.Kind.allCases {
            #expect(one.final[kind]?.classifier == four.final[kind]?.classifier)
            #expect(one.final[kind]?.threshold == four.final[kind]?.threshold)
        }
    }

    @Test func foldsThatDoNotFit() async throws {
        let made = MadeMaps.made(sources: 2, images: 6, seed: 1)
        let pool = try await CandidatePool(
            of: made.sources, names: made.truth.images.map(\.name), options: CandidatePoolTests.options, width: 1)
        func run(_ folds: [(name: String, images: [String])], truth: AnnotationSet) async throws {
            _ = try await StackRun(
                pool, truth: truth, folds: folds, options: Self.scoring, bootstrap: Self.draws, width: 1)
        }
        await #expect(throws: StackError.self) { try await run(Self.folds(made.truth, 2), truth: made.truth) }
        let folds = Self.folds(made.truth, 3)
        let overlapping = Array(folds.dropLast()) + [("fold 2", folds[2].images + [folds[0].images[0]])]
        await #expect(throws: SweepError.self) { try await run(overlapping, truth: made.truth) }
        await #expect(throws: SweepError.self) { try await run(Array(folds.dropLast()), truth: made.truth) }
        // No truth at all: nothing is worth keeping.
        let none = AnnotationSet(made.truth.images.map { ImageAnnotation(name: $0.name) })
        let error = await #expect(throws: StackError.self) { try await run(folds, truth: none) }
        #expect(error?.diagnosis.path?.contains("fold") == true || error?.diagnosis.path == nil)
    }
}
