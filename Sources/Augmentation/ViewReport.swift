import Core

/// What the check of a run's views found on its first image.
///
/// Besides these figures it holds that the plain view, run once more after all others and brought back as they are, gave
/// the plain map bit for bit, and that each view's way back undoes its way there (`View.checkInverse`).
public struct ViewReport: Sendable {
    /// A view and what it changes.
    public struct Row: Sendable {
        /// The view.
        public let view: View
        /// `ViewReport.change` from the plain map to the view's: 0 nothing, 1 everything.
        public let change: Double

        /// Why the view is suspicious; nil where it is not.
        public var suspicion: String? {
            if change < ViewReport.expectedChange.lowerBound { return "almost nothing" }
            return change > ViewReport.expectedChange.upperBound ? "almost everything" : nil
        }
    }

    /// The views, in their order.
    public let rows: [Row]
    /// The plain map's mean probability.
    public let plainMean: Double

    /// Whether the first image shows enough text to judge by: at least a thousandth of its map.
    public var hasText: Bool { plainMean >= 0.001 }

    /// Changes that a trained network's views make; a view that is not applied makes none, one that is brought back
    /// wrongly moves text off itself.
    public static let expectedChange = 0.0001...0.6

    /// Part of the text that two maps do not share: `sum |a - b| / sum max(a, b)`, 0 for equal maps, 1 for disjoint ones.
    package static func change(from a: [Float], to b: some Sequence<Float>) -> Double {
        var (difference, union) = (0.0, 0.0)
        for (a, b) in zip(a, b) {
            difference += Double(abs(a - b))
            union += Double(max(a, b))
        }
        return union > 0 ? difference / union : 0
    }

    /// - Throws: `AugmentationError` (1) with the first pixel that differs in its bits.
    static func checkIdentity(_ found: ArraySlice<Float>, _ plain: [Float]) throws {
        guard let index = zip(found, plain).enumerated().first(where: { $1.0.bitPattern != $1.1.bitPattern })?.offset
        else { return }
        throw AugmentationError(
            Diagnosis(
                .failure, "the plain view, run again among the others, gives another map", place: "pixel \(index)",
                found: "\(found[found.startIndex + index])", expected: "\(plain[index])",
                nextStep: "run with another --engine; this one does not give the same result twice"))
    }
}
