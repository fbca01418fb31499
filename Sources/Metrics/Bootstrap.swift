import Core

/// Means over images of several columns of figures, once for each bootstrap draw: the same draws for all columns, so
/// that differences between columns are paired (Efron, "Bootstrap methods", 1979).
public struct Bootstrap: Sendable {
    /// The number of columns.
    public let columns: Int
    /// The number of draws.
    public let draws: Int
    /// `(columns, draws)`, column by column.
    private let means: [Double]

    /// Resamples images with replacement.
    ///
    /// - Parameters:
    ///   - rows: one an image, all with as many columns.
    ///   - draws: how many resamples.
    ///   - seed: the same seed gives the same draws on every machine.
    /// - Complexity: O(draws · images · columns).
    public init(rows: [[Double]], draws: Int, seed: UInt64) {
        let columns = rows.first?.count ?? 0
        self.columns = columns
        self.draws = draws
        precondition(rows.allSatisfy { $0.count == columns }, "rows of one length")
        var means = [Double](repeating: 0, count: draws * columns)
        let flat = rows.flatMap { $0 }
        let images = UInt64(rows.count)
        var generator = SeededGenerator(seed: seed)
        var sums = [Double](repeating: 0, count: columns)
        flat.withUnsafeBufferPointer { flat in
            guard let flat = flat.baseAddress else { return }
            for draw in 0..<draws {
                sums.withUnsafeMutableBufferPointer { sums in
                    sums.update(repeating: 0)
                    for _ in 0..<images {
                        // The upper half of 64 bits scaled to the count: a bias below images / 2^32.
                        let row = flat + Int(((generator.next() >> 32) &* images) >> 32) &* columns
                        for column in 0..<columns { sums[column] += row[column] }
                    }
                }
                for column in 0..<columns { means[column * draws + draw] = sums[column] / Double(images) }
            }
        }
        self.means = means
    }

    /// A column's means, in the order of the draws.
    public func values(of column: Int) -> ArraySlice<Double> {
        means[column * draws..<(column + 1) * draws]
    }

    /// A column's mean in one draw.
    public func mean(of column: Int, in draw: Int) -> Double {
        means[column * draws + draw]
    }

    /// The percentile of a column's means, interpolated linearly between order statistics, as NumPy's default.
    ///
    /// - Precondition: there is a draw, `share` is in [0,1] and `column` is one of them.
    public func percentile(_ share: Double, of column: Int) -> Double {
        Self.percentile(share, ofSorted: values(of: column).sorted())
    }

    static func percentile(_ share: Double, ofSorted sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1)
        let low = Int(place)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }
}
