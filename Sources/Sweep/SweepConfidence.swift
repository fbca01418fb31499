import Core
import Metrics

extension SweepResult {
    /// How sure a point's place is: every point's figure from the same resamples of the images.
    public struct Confidence: Sendable, Equatable {
        /// 95% of the resampled figures that rank.
        public let interval: ClosedRange<Double>
        /// The same of the means of recall, precision and H-mean.
        public let rates: RateIntervals
        /// The same of the differences to the winner; zero throughout for the winner itself.
        public let difference: ClosedRange<Double>
        /// The resamples in which no point is better, by number from 0; points that are the same share them.
        public let bestDraws: [Int]
        /// How many resamples there are.
        public let drawCount: Int

        /// The share of resamples in which no point is better.
        public var chance: Double { Double(bestDraws.count) / Double(drawCount) }

        /// Whether the winner is better than this point in 97.5% of the resamples.
        public var isSeparable: Bool { difference.upperBound < 0 }
    }
}

/// Resamples the images for all points of a sweep, some columns at a time: memory does not grow with the points.
struct SweepConfidence: Sendable {
    /// The figures of one image at one point that a resample needs: one for a mean, more for a pooled one.
    let target: SweepConfiguration.Target
    let metric: MetricKind
    let options: BootstrapOptions
    let outcomes: [ImageOutcome]
    /// The places of the points in the outcomes, best first.
    let points: [Int]

    private static let chunk = 128

    /// The confidence of each of `points`.
    ///
    /// - Complexity: O(draws · images · points).
    func run(width: Int) async throws -> [SweepResult.Confidence] {
        guard let winner = points.first, options.draws > 0 else { return [] }
        let best = values(of: [winner])[0]
        let starts = Array(stride(from: 0, to: points.count, by: Self.chunk))
        let parts = try await parallelMap(starts, width: width) { _, start in
            let (drawn, rates) = drawn(of: points[start..<min(start + Self.chunk, points.count)])
            let highest = (0..<options.draws).map { draw in drawn.reduce(-.infinity) { max($0, $1[draw]) } }
            return (
                intervals: zip(drawn, rates).map { values, rates in
                    (
                        target == .hmean ? rates.hmean : Bootstrap.interval(of: values), rates,
                        Bootstrap.interval(of: zip(values, best).map { $0 - $1 })
                    )
                }, highest: highest
            )
        }
        let highest = (0..<options.draws).map { draw in parts.reduce(-.infinity) { max($0, $1.highest[draw]) } }
        let bestDraws = try await parallelMap(starts, width: width) { part, start in
            let reaches = (0..<options.draws).contains { parts[part].highest[$0] == highest[$0] }
            let range = start..<min(start + Self.chunk, points.count)
            guard reaches else { return [[Int]](repeating: [], count: range.count) }
            return values(of: points[range]).map { values in
                (0..<options.draws).filter { values[$0] == highest[$0] }
            }
        }
        return zip(parts.flatMap(\.intervals), bestDraws.joined()).map { intervals, bestDraws in
            SweepResult.Confidence(
                interval: intervals.0, rates: intervals.1, difference: intervals.2, bestDraws: bestDraws,
                drawCount: options.draws)
        }
    }

    /// The resampled figures of some points, a list of draws each, and the intervals of their means.
    private func drawn(of points: some Collection<Int>) -> ([[Double]], [RateIntervals]) {
        let rows = outcomes.map { outcome in
            points.flatMap { point in
                let rates = outcome.scores[Int(outcome.places[point])].rates
                return [rates.recall, rates.precision, rates.hmean]
            }
        }
        let drawn = Bootstrap(rows: rows, draws: options.draws, seed: options.seed)
        let columns = (0..<3 * points.count).map { drawn.values(of: $0) }
        let intervals = (0..<points.count).map {
            RateIntervals(columns[3 * $0], columns[3 * $0 + 1], columns[3 * $0 + 2])
        }
        let place: Int? =
            switch target {
            case .recall: 0
            case .precision: 1
            case .hmean: 2
            case .pooledHmean, .pooledPrecision, .pooledRecall: nil
            }
        guard let place else { return (values(of: points), intervals) }
        return ((0..<points.count).map { columns[3 * $0 + place] }, intervals)
    }

    /// The resampled figures of some points, a list of draws each.
    private func values(of points: some Collection<Int>) -> [[Double]] {
        let rows = outcomes.map { outcome in
            points.flatMap { point in figures(outcome.scores[Int(outcome.places[point])]) }
        }
        let drawn = Bootstrap(rows: rows, draws: options.draws, seed: options.seed)
        let width = drawn.columns / points.count
        return (0..<points.count).map { position in
            (0..<options.draws).map { draw in
                let start = draw * drawn.columns + position * width
                return value(drawn.means[start..<start + width])
            }
        }
    }

    private func figures(_ score: ImageScore) -> [Double] {
        switch target {
        case .hmean: [score.rates.hmean]
        case .precision: [score.rates.precision]
        case .recall: [score.rates.recall]
        case .pooledHmean, .pooledPrecision, .pooledRecall: score.counts.resampled(metric)
        }
    }

    private func value(_ means: ArraySlice<Double>) -> Double {
        switch target {
        case .hmean, .precision, .recall: means[means.startIndex]
        case .pooledHmean: Rates(resampled: means).hmean
        case .pooledPrecision: Rates(resampled: means).precision
        case .pooledRecall: Rates(resampled: means).recall
        }
    }
}
