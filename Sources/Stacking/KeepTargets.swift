import Metrics

/// Which candidates of an image a model should have kept, and what each decision is worth.
///
/// Not "does it match truth": two boxes of one word both do, and keeping both costs. A candidate is to be kept where the
/// image's H is higher with it than without, given the best that was found for the others. That best is an optimum of single
/// changes: from all candidates on, the lowest score first, each is dropped or taken back where that raises H, until none
/// does. A decision's weight is by how much H falls where it is taken otherwise.
package struct KeepTargets: Sendable, Equatable {
    package let isKept: [Bool]
    package let weights: [Double]

    /// - Parameters:
    ///   - pairs: the truth against the candidates.
    ///   - scores: one a candidate; of equal ones the first is looked at first.
    /// - Complexity: O(rounds · candidates · the cost of a score), a few rounds.
    package init(_ pairs: ImagePairs, scores: [Double]) {
        var isKept = [Bool](repeating: true, count: scores.count)
        func hmean() -> Double { pairs.score(keeping: isKept.indices.filter { isKept[$0] }).rates.hmean }
        var best = hmean()
        let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
        var changed = true
        // Each change raises H, so this ends; the limit guards against more rounds than they are worth.
        for _ in 0..<20 where changed {
            changed = false
            for index in order {
                isKept[index].toggle()
                let value = hmean()
                if value > best {
                    best = value
                    changed = true
                } else {
                    isKept[index].toggle()
                }
            }
        }
        var weights = [Double](repeating: 0, count: scores.count)
        for index in scores.indices {
            isKept[index].toggle()
            weights[index] = max(0, best - hmean())
            isKept[index].toggle()
        }
        self.isKept = isKept
        self.weights = weights
    }
}
