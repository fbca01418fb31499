/// How a bootstrap is drawn.
public struct BootstrapOptions: Sendable, Hashable {
    /// How many resamples; 0 asks for no intervals.
    public var draws: Int
    /// The same seed gives the same draws, on every machine.
    public var seed: UInt64

    /// 2,000 draws unless said otherwise.
    public init(draws: Int = 2_000, seed: UInt64 = 0) {
        self.draws = draws
        self.seed = seed
    }
}

extension Bootstrap {
    /// The middle 95% of a column's means.
    public func interval(of column: Int) -> ClosedRange<Double> {
        Self.interval(of: values(of: column))
    }

    /// The middle 95% of `values`, percentiles as NumPy has them.
    ///
    /// - Complexity: O(values); of the order statistics only the four that count are brought to their places.
    public static func interval(of values: some Sequence<Double>) -> ClosedRange<Double> {
        var values = Array(values)
        let places = [0.025, 0.975].flatMap { share in
            let place = Int(share * Double(values.count - 1))
            return [place, min(place + 1, values.count - 1)]
        }
        var start = 0
        values.withUnsafeMutableBufferPointer { values in
            for place in places where place >= start {
                select(place, of: values, from: start)
                start = place + 1
            }
        }
        let low = percentile(0.025, ofSorted: values)
        return low...max(low, percentile(0.975, ofSorted: values))
    }

    /// Hoare's "Algorithm 65: Find" (1961): the value that belongs at `place` comes there, none after it is smaller and
    /// none from `start` up to it is larger.
    private static func select(_ place: Int, of values: UnsafeMutableBufferPointer<Double>, from start: Int) {
        var (low, high) = (start, values.count - 1)
        while low < high {
            let pivot = values[(low + high) / 2]
            var (left, right) = (low, high)
            while left <= right {
                while values[left] < pivot { left += 1 }
                while values[right] > pivot { right -= 1 }
                if left <= right {
                    values.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if place <= right { high = right } else if place >= left { low = left } else { return }
        }
    }
}

/// The 95% bootstrap intervals of recall, precision and H-mean.
public struct RateIntervals: Sendable, Hashable {
    public let recall, precision, hmean: ClosedRange<Double>

    /// From three columns, in this order, of resampled figures.
    package init(_ recall: some Sequence<Double>, _ precision: some Sequence<Double>, _ hmean: some Sequence<Double>) {
        self.recall = Bootstrap.interval(of: recall)
        self.precision = Bootstrap.interval(of: precision)
        self.hmean = Bootstrap.interval(of: hmean)
    }
}

extension SetScore {
    /// The intervals of `mean` and `pooled`, images resampled.
    ///
    /// - Precondition: there is a draw.
    ///
    /// - Parameter metric: which metric counted.
    public func intervals(
        _ options: BootstrapOptions, metric: MetricKind
    ) -> (mean: RateIntervals, pooled: RateIntervals) {
        let rows = images.map {
            [$1.rates.recall, $1.rates.precision, $1.rates.hmean] + $1.counts.resampled(metric)
        }
        let drawn = Bootstrap(rows: rows, draws: options.draws, seed: options.seed)
        let pooled = (0..<options.draws).map { draw in Rates { drawn.mean(of: 3 + $0, in: draw) } }
        return (
            RateIntervals(drawn.values(of: 0), drawn.values(of: 1), drawn.values(of: 2)),
            RateIntervals(pooled.map(\.recall), pooled.map(\.precision), pooled.map(\.hmean))
        )
    }
}

extension ImageScore.Counts {
    /// What pooled figures are made of, as columns of a bootstrap: what recall and precision divide, and by what.
    ///
    /// - Parameter metric: which metric counted.
    public func resampled(_ metric: MetricKind) -> [Double] {
        let matched =
            switch metric {
            case .clevalLeaderboard, .clevalUpstream, .icdarIoU: truePositives
            case .detEval, .tedEval: detected - falsePositives
            }
        return [
            Double(truePositives) - recallPenalty, Double(truth), Double(matched) - precisionPenalty, Double(detected),
        ]
    }
}

extension Rates {
    /// The pooled figures of means over images.
    ///
    /// - Parameter resampled: the mean of each number of `ImageScore.Counts.resampled`, by its place there.
    public init(_ resampled: (Int) -> Double) {
        func rate(_ found: Double, _ total: Double) -> Double { total == 0 ? 0 : max(0, found) / total }
        self.init(recall: rate(resampled(0), resampled(1)), precision: rate(resampled(2), resampled(3)))
    }
}
