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
        public internal(set) var bestDraws: [Int] = []
        /// How many resamples there are.
        public let drawCount: Int

        /// The share of resamples in which no point is better.
        public var chance: Double { Double(bestDraws.count) / Double(drawCount) }

        /// Whether the winner is better than this point in 97.5% of the resamples.
        public var isSeparable: Bool { difference.upperBound < 0 }
    }
}

/// Resamples the images for all points of a sweep, some columns at a time: the draws take no more memory for more points.
struct SweepConfidence: Sendable {
    let ranked: RankedPoints
    let options: BootstrapOptions

    /// How many points are worked on at a time.
    static let chunk = 64

    /// The confidence of each point, chunk after chunk.
    ///
    /// - Complexity: O(draws · images · points).
    func run(width: Int) async throws -> [[SweepResult.Confidence]] {
        let best = values(of: ranked.numbers.prefix(1)).first ?? []
        let chunks = stride(from: 0, to: best.isEmpty ? 0 : ranked.count, by: Self.chunk).map { start in
            ranked.numbers[start..<min(start + Self.chunk, ranked.count)]
        }
        let highest = Highest(count: best.count)
        let parts = try await parallelMap(chunks, width: width) { _, chunk in
            let (drawn, rates) = drawn(of: chunk)
            let found = zip(drawn, rates).map { values, rates in
                SweepResult.Confidence(
                    interval: ranked.target == .hmean ? rates.hmean : Bootstrap.interval(of: values), rates: rates,
                    difference: Bootstrap.interval(of: zip(values, best).map { $0 - $1 }), drawCount: best.count)
            }
            return (found: found, mayBeBest: highest.take(drawn))
        }
        let most = highest.values
        return try await parallelMap(zip(chunks, parts).map { ($0, $1) }, width: width) { _, part in
            var (chunk, (found, mayBeBest)) = part
            guard mayBeBest else { return found }
            for (position, values) in values(of: chunk).enumerated() {
                found[position].bestDraws = most.indices.filter { values[$0] == most[$0] }
                // Ties follow each other and share one list.
                if position > 0, found[position].bestDraws == found[position - 1].bestDraws {
                    found[position].bestDraws = found[position - 1].bestDraws
                }
            }
            return found
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
        let rows = rows(of: points) { [$0.rates.recall, $0.rates.precision, $0.rates.hmean] }
        let drawn = Bootstrap(rows: rows, draws: options.draws, seed: options.seed)
        let columns = (0..<3 * points.count).map { drawn.values(of: $0) }
        let intervals = (0..<points.count).map {
            RateIntervals(columns[3 * $0], columns[3 * $0 + 1], columns[3 * $0 + 2])
        }
        let place: Int? =
            switch ranked.target {
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
        let drawn = Bootstrap(rows: rows(of: points, figures), draws: options.draws, seed: options.seed)
        let width = drawn.columns / max(1, points.count)
        return (0..<points.count).map { position in
            (0..<options.draws).map { draw in value { drawn.mean(of: position * width + $0, in: draw) } }
        }
    }

    private func rows(
        of points: some Collection<Int32>, _ figures: (ImageOutcome.Score) -> [Double]
    ) -> [[Double]] {
        ranked.outcomes.images.map { image in
            points.flatMap { figures(image.score(of: ranked.outcomes.places[Int($0)])) }
        }
    }

    /// The figures of one image at one point that a resample needs: one for a mean, more for a pooled one.
    private func figures(_ score: ImageOutcome.Score) -> [Double] {
        switch ranked.target {
        case .hmean: [score.rates.hmean]
        case .precision: [score.rates.precision]
        case .recall: [score.rates.recall]
        case .pooledHmean, .pooledPrecision, .pooledRecall: score.counts.resampled(ranked.outcomes.metric)
        }
    }

    /// The figure that ranks, of the means of `figures` by their places.
    private func value(_ mean: (Int) -> Double) -> Double {
        switch ranked.target {
        case .hmean, .precision, .recall: mean(0)
        case .pooledHmean: Rates(mean).hmean
        case .pooledPrecision: Rates(mean).precision
        case .pooledRecall: Rates(mean).recall
        }
    }
}
