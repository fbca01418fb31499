import Core

/// Two sets of predictions over the same images: how much the second is better in the mean of a figure, and how sure
/// that is.
public struct PairedComparison: Sendable, Equatable {
    /// The mean over images of the second's figure less the first's.
    public let difference: Double
    /// Its 95% interval, images resampled.
    public let interval: ClosedRange<Double>
    /// How often a difference as large, of either sign, comes of signs that are tossed for each image: the two-sided
    /// sign-flip test, the data itself counted as one toss (Phipson and Smyth, "Permutation p-values should never be
    /// zero", 2010).
    public let pValue: Double
    /// Images where the second is better, worse, or the same.
    public let up, down, tied: Int

    /// Compares figures of the same images in the same order.
    ///
    /// - Precondition: both have as many figures, at least one, and there is a draw.
    /// - Complexity: O(draws · images).
    public init(_ first: [Double], _ second: [Double], _ options: BootstrapOptions) {
        precondition(first.count == second.count && !first.isEmpty, "figures of the same images")
        let differences = zip(first, second).map { $1 - $0 }
        difference = differences.reduce(0, +) / Double(differences.count)
        interval =
            Bootstrap(rows: differences.map { [$0] }, draws: options.draws, seed: options.seed).interval(of: 0)
        pValue = Self.signFlip(differences, options)
        up = differences.count { $0 > 0 }
        down = differences.count { $0 < 0 }
        tied = differences.count - up - down
    }

    /// Whether the interval leaves zero out.
    public var isSeparable: Bool { !interval.contains(0) }

    private static func signFlip(_ differences: [Double], _ options: BootstrapOptions) -> Double {
        let moved = differences.filter { $0 != 0 }
        // Sums in another order differ in their last bits: they still count as equal.
        let limit = abs(moved.reduce(0, +)) * (1 - 1e-12)
        // Other numbers than the resampling's.
        var generator = SeededGenerator(seed: ~options.seed)
        var reached = 1
        for _ in 0..<options.draws {
            var sum = 0.0
            var bits: UInt64 = 0
            for (position, difference) in moved.enumerated() {
                if position % 64 == 0 { bits = generator.next() }
                sum += bits & 1 == 0 ? difference : -difference
                bits >>= 1
            }
            if abs(sum) >= limit { reached += 1 }
        }
        return Double(reached) / Double(options.draws + 1)
    }
}
