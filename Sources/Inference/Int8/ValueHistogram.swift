/// How often a value's numbers fall where, in bins that grow with the largest magnitude; for choosing the range that
/// bytes cover.
struct ValueHistogram {
    /// Bins of width 2^exponent, from -half * width to half * width.
    private static let half = 2048
    private var counts = [Int](repeating: 0, count: 2 * half)
    private var exponent = -30
    private var lowest: Float = 0
    private var highest: Float = 0

    /// Counts `values`, which are finite.
    mutating func add(_ values: UnsafeBufferPointer<Float>) {
        var (low, high) = (lowest, highest)
        for value in values {
            low = min(low, value)
            high = max(high, value)
        }
        (lowest, highest) = (low, high)
        while max(-low, high) >= Float(Self.half) * width { widen() }
        let (inverse, offset) = (1 / width, Float(Self.half))
        counts.withUnsafeMutableBufferPointer { counts in
            // The sum may be rounded up to the end.
            for value in values { counts[min(Int((value * inverse + offset).rounded(.down)), counts.count - 1)] += 1 }
        }
    }

    /// The range with the least mean squared error of rounding and clipping: the whole one, or one that gives up some
    /// of its high end and then some of its low end.
    var range: ClosedRange<Float> {
        func best(_ candidates: [ClosedRange<Float>]) -> ClosedRange<Float> {
            let errors = candidates.map(error)
            return candidates[errors.indices.min { errors[$0] < errors[$1] } ?? 0]
        }
        let shares = stride(from: 100, to: 10, by: -1).map { Float($0) / 100 }
        let high = best(shares.map { lowest...highest * $0 }).upperBound
        return best(shares.map { lowest * $0...high })
    }

    private var width: Float { Float(sign: .plus, exponent: exponent, significand: 1) }

    /// Bins of twice the width.
    private mutating func widen() {
        let half = Self.half
        var wider = [Int](repeating: 0, count: 2 * half)
        for index in counts.indices { wider[half / 2 + index / 2] += counts[index] }
        counts = wider
        exponent += 1
    }

    /// The summed squared error where bytes cover `range`.
    private func error(of range: ClosedRange<Float>) -> Double {
        let scale = Double(Quantization(range).scale)
        let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
        var sum = 0.0
        for (index, count) in counts.enumerated() where count > 0 {
            let value = (Double(index - Self.half) + 0.5) * Double(width)
            let clipped = min(max(value, low), high) - value
            // Exact zeros are rounded to themselves; they are half of a map after a ReLU, all in one bin.
            sum += Double(count) * (clipped == 0 ? scale * scale / 12 : clipped * clipped)
        }
        return sum
    }
}
