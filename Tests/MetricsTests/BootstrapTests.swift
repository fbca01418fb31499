import Core
import Metrics
import Submission
import TestSupport
import Testing

/// Resampled means, percentiles, pooled figures and paired differences against NumPy's on the same draws (Fixtures/Metrics/make_bootstrap.py).
@Suite struct BootstrapTests {
    private static func golden() throws -> JSONObject {
        try #require(try JSONValue(contentsOf: TestData.fixture("Metrics/bootstrap.json")).object)
    }

    private static func rows(_ name: String) throws -> [[Double]] {
        try #require(golden()[name]?.array).map { ($0.array ?? []).compactMap(\.number) }
    }

    @Test func equalsNumPyOnTheSameDraws() throws {
        let golden = try Self.golden()
        let rows = try Self.rows("rows")
        let means = try #require(golden["means"]?.array).flatMap { ($0.array ?? []).compactMap(\.number) }
        let low = try #require(golden["low"]?.array).compactMap(\.number)
        let high = try #require(golden["high"]?.array).compactMap(\.number)
        #expect(rows.count == 63 && means.count == 1500 && low.count == 3 && high.count == 3)
        let bootstrap = Bootstrap(rows: rows, draws: 500, seed: 7)
        let drawn = (0..<500).flatMap { draw in (0..<3).map { bootstrap.mean(of: $0, in: draw) } }
        #expect(zip(drawn, means).allSatisfy { abs($0 - $1) < 1e-13 })
        for column in 0..<3 {
            #expect(abs(bootstrap.percentile(0.025, of: column) - low[column]) < 1e-13)
            #expect(abs(bootstrap.percentile(0.975, of: column) - high[column]) < 1e-13)
        }
        #expect(Bootstrap(rows: rows, draws: 500, seed: 8).values(of: 0) != bootstrap.values(of: 0))
    }

    /// Figures with many ties, and few of them, as after sorting them all.
    @Test func intervalsAreThePercentilesOfSortedFigures() {
        var generator = SeededGenerator(seed: 5)
        for count in [1, 2, 3, 39, 40, 41, 500, 2000] {
            for levels in [1, 3, 1 << 40] {
                let rows = (0..<9).map { _ in [Double(Int.random(in: 0..<levels, using: &generator)) / 7] }
                let bootstrap = Bootstrap(rows: rows, draws: count, seed: UInt64(levels))
                let interval = bootstrap.interval(of: 0)
                #expect(interval.lowerBound == bootstrap.percentile(0.025, of: 0), "\(count) draws, \(levels) levels")
                #expect(interval.upperBound == bootstrap.percentile(0.975, of: 0), "\(count) draws, \(levels) levels")
                let falling = Bootstrap.interval(of: bootstrap.values(of: 0).sorted(by: >))
                #expect(falling == interval)
            }
        }
    }

    @Test func pooledIntervalsEqualNumPys() throws {
        let pooled = try Self.rows("pooled")
        // Truth, detected, true positives, and the penalties of recall and precision, in the form of `resampled`.
        let rows = try Self.rows("counts").map { [$0[2] - $0[3], $0[0], $0[2] - $0[4], $0[1]] }
        let bootstrap = Bootstrap(rows: rows, draws: 500, seed: 7)
        let rates = (0..<500).map { draw in Rates { bootstrap.mean(of: $0, in: draw) } }
        for (golden, figure) in zip(pooled, [\Rates.recall, \.precision, \.hmean]) {
            let interval = Bootstrap.interval(of: rates.map { $0[keyPath: figure] })
            #expect(abs(interval.lowerBound - golden[0]) < 1e-13 && abs(interval.upperBound - golden[1]) < 1e-13)
        }
    }

    /// Sums that are resampled once each are the sums themselves.
    @Test(arguments: MetricKind.allCases) func whatIsResampledMakesThePooledFigures(metric: MetricKind) throws {
        for scene in SubsetAndOrderTests.scenes {
            let counts = ImageTruth(scene.truth, options: ScoringOptions(metric: metric)).score(scene.detections).counts
            let resampled = counts.resampled(metric)
            let rates = Rates { resampled[$0] }
            #expect(Scenes.difference(rates, counts.rates(metric)) < 1e-6)
        }
    }

    @Test func pairedDifferencesEqualNumPys() throws {
        let golden = try Self.golden()
        let first = try Self.rows("rows").map { $0[0] }
        let second = try #require(golden["second"]?.array).compactMap(\.number)
        let interval = try #require(golden["interval"]?.array).compactMap(\.number)
        let comparison = PairedComparison(first, second, BootstrapOptions(draws: 500, seed: 7))
        #expect(abs(comparison.difference - (golden["difference"]?.number ?? 0)) < 1e-15)
        #expect(abs(comparison.interval.lowerBound - interval[0]) < 1e-15)
        #expect(abs(comparison.interval.upperBound - interval[1]) < 1e-15)
        #expect(comparison.pValue == golden["p"]?.number)
        #expect(comparison.up == golden["up"]?.int && comparison.down == golden["down"]?.int && comparison.tied == 13)
        let same = PairedComparison(first, first, BootstrapOptions(draws: 10))
        #expect(same.interval == 0...0 && same.pValue == 1 && same.tied == 63 && !same.isSeparable)
    }

    /// The published folds: the set's own intervals hold its figures, and the same bytes come of the same seed.
    @Test(.enabled(if: TestData.shared != nil), arguments: MetricKind.allCases)
    func intervalsHoldTheFigures(metric: MetricKind) async throws {
        let truth = try AnnotationFile.read(path: TestData.shared("receipts/truth.json"))
        let predictions = try AnnotationFile.read(path: TestData.shared("goldens/folds/fold0.quad.json"))
        let options = ScoringOptions(metric: metric)
        let score = try await scoreSet(truth: truth, predictions: predictions, options: options, width: 2)
        let (mean, pooled) = score.intervals(BootstrapOptions(), metric: metric)
        for (interval, figure) in [(mean, score.mean), (pooled, score.pooled)] {
            #expect(interval.hmean.contains(figure.hmean) && interval.recall.contains(figure.recall))
            #expect(interval.precision.contains(figure.precision))
            #expect(interval.hmean.upperBound - interval.hmean.lowerBound < 0.06)
        }
        #expect(score.intervals(BootstrapOptions(), metric: metric).mean == mean)
        #expect(score.intervals(BootstrapOptions(seed: 1), metric: metric).mean != mean)
    }
}
