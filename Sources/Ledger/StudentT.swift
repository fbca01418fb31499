import Foundation

/// Student's t distribution of whole degrees of freedom.
enum StudentT {
    /// P(|T| <= t): the finite sums of Abramowitz and Stegun, 26.7.3 (odd) and 26.7.4 (even).
    ///
    /// - Precondition: `t` is 0 or more, `freedom` 1 or more.
    /// - Complexity: O(freedom).
    static func central(_ t: Double, freedom: Int) -> Double {
        let angle = atan(t / Double(freedom).squareRoot())
        let cosine = cos(angle)
        let isOdd = freedom % 2 == 1
        if freedom == 1 { return 2 * angle / .pi }
        // cos θ + 2/3 cos³ θ + …, or 1 + 1/2 cos² θ + …: the highest power is freedom - 2.
        var power = isOdd ? 1 : 0
        var term = isOdd ? cosine : 1
        var sum = term
        while power + 2 <= freedom - 2 {
            term *= Double(power + 1) / Double(power + 2) * cosine * cosine
            sum += term
            power += 2
        }
        return isOdd ? 2 / .pi * (angle + sin(angle) * sum) : sin(angle) * sum
    }

    /// The t of which P(|T| <= t) is 95%: 12.706 for one degree of freedom, 1.960 for many.
    static func quantile95(freedom: Int) -> Double {
        var low = 0.0
        var high = 16.0
        // 60 halvings leave less than a bit.
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if central(middle, freedom: freedom) < 0.95 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
