import Core
import Metrics
import Synchronization

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
    /// The points, best first, each by its number in `PointGroups.order`.
    let points: [Int32]

    private static let chunk = 64

    /// The confidence of each of `points`.
    ///
    /// - Complexity: O(draws · images · points).
    func run(width: Int) async throws -> some Sequence<SweepResult.Confidence> {
        let best = values(of: points.prefix(1)).first ?? []
        let chunks = stride(from: 0, to: best.isEmpty ? 0 : points.count, by: Self.chunk).map { start in
            points[start..<min(start + Self.chunk, points.count)]
        }
        let highest = Highest(count: best.count)
        let parts = try await parallelMap(chunks, width: width) { _, chunk in
            let (drawn, rates) = drawn(of: chunk)
            let intervals = zip(drawn, rates).map { values, rates in
                (
                    target == .hmean ? rates.hmean : Bootstrap.interval(of: values), rates,
                    Bootstrap.interval(of: zip(values, best).map { $0 - $1 })
                )
            }
            return (intervals: intervals, mayBeBest: highest.take(drawn))
        }
        let (mayBeBest, most) = (parts.map(\.mayBeBest), highest.values)
        let bestDraws = try await parallelMap(chunks, width: width) { part, chunk in
            guard mayBeBest[part] else { return [[Int]]() }
            return values(of: chunk).reduce(into: [[Int]]()) { lists, values in
                let list = most.indices.filter { values[$0] == most[$0] }
                // Ties follow each other and share one list.
                lists.append(lists.last == list ? lists[lists.count - 1] : list)
            }
        }
        return zip(parts, bestDraws).lazy.flatMap { part, bestDraws in
            part.intervals.indices.lazy.map { point in
                let (interval, rates, difference) = part.intervals[point]
                return SweepResult.Confidence(
                    interval: interval, rates: rates, difference: difference,
                    bestDraws: bestDraws.isEmpty ? [] : bestDraws[point], drawCount: most.count)
            }
        }
    }

    /// The highest figure of each resample so far.
    private final class Highest: Sendable {
        private let highest: Mutex<[Double]>

        init(count: Int) { highest = Mutex(Array(repeating: -.infinity, count: count)) }

        var values: [Double] { highest.withLock { $0 } }

        /// Takes some points' figures in.
        ///
        /// - Returns: false where none of them can be the highest of any resample, whatever is yet to come.
        func take(_ drawn: [ArraySlice<Double>]) -> Bool {
            highest.withLock { highest in
                var reaches = false
                for draw in highest.indices {
                    let value = drawn.reduce(-.infinity) { max($0, $1[$1.startIndex + draw]) }
                    if value >= highest[draw] { reaches = true }
                    highest[draw] = max(highest[draw], value)
                }
                return reaches
            }
        }
    }

    /// The resampled figures of some points, a list of draws each, and the intervals of their means.
    private func drawn(of points: some Collection<Int32>) -> ([ArraySlice<Double>], [RateIntervals]) {
        let rows = outcomes.map { outcome in
            points.flatMap { point in
                let rates = outcome.scores[outcome.place(point)].rates
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
        guard let place else { return (values(of: points).map { $0[...] }, intervals) }
        return ((0..<points.count).map { columns[3 * $0 + place] }, intervals)
    }

    /// The resampled figures of some points, a list of draws each.
    private func values(of points: some Collection<Int32>) -> [[Double]] {
        let rows = outcomes.map { outcome in
            points.flatMap { point in figures(outcome.scores[outcome.place(point)]) }
        }
        let drawn = Bootstrap(rows: rows, draws: options.draws, seed: options.seed)
        let width = drawn.columns / max(1, points.count)
        return (0..<points.count).map { position in
            (0..<options.draws).map { draw in value { drawn.mean(of: position * width + $0, in: draw) } }
        }
    }

    private func figures(_ score: ImageOutcome.Score) -> [Double] {
        switch target {
        case .hmean: [score.rates.hmean]
        case .precision: [score.rates.precision]
        case .recall: [score.rates.recall]
        case .pooledHmean, .pooledPrecision, .pooledRecall: score.counts.resampled(metric)
        }
    }

    /// The figure that ranks, of the means of `figures` by their places.
    private func value(_ mean: (Int) -> Double) -> Double {
        switch target {
        case .hmean, .precision, .recall: mean(0)
        case .pooledHmean: Rates(mean).hmean
        case .pooledPrecision: Rates(mean).precision
        case .pooledRecall: Rates(mean).recall
        }
    }
}
