import Foundation

/// A model that gives each candidate a probability of being worth keeping.
public enum Classifier: Sendable, Equatable {
    case logistic(LogisticRegression)
    case trees(BoostedTrees)

    /// Which of the two.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case logistic, trees
    }

    /// Which of the two this is.
    public var kind: Kind {
        switch self {
        case .logistic: .logistic
        case .trees: .trees
        }
    }

    /// Fits a model of this kind; see `LogisticRegression.init` and `BoostedTrees.init`.
    public init(_ kind: Kind, _ table: FeatureTable, labels: [Bool], weights: [Double]) throws {
        switch kind {
        case .logistic: self = .logistic(try LogisticRegression(table, labels: labels, weights: weights))
        case .trees: self = .trees(try BoostedTrees(table, labels: labels, weights: weights))
        }
    }

    /// Each row's probability of being worth keeping.
    public func probabilities(of table: FeatureTable) -> [Double] {
        (0..<table.rows).map { row in
            switch self {
            case .logistic(let model): model.probability(table[row])
            case .trees(let model): model.probability(table[row])
            }
        }
    }

    static func sigmoid(_ odds: Double) -> Double {
        odds >= 0 ? 1 / (1 + exp(-odds)) : exp(odds) / (1 + exp(odds))
    }

    /// - Throws: `StackError` (65) where only one label has a weight.
    static func checkBothKinds(_ labels: [Bool], _ weights: [Double]) throws {
        for kept in [true, false] where !zip(labels, weights).contains(where: { $0 != kept && $1 > 0 }) {
            throw StackError.oneClass(kept: kept, count: labels.count)
        }
    }
}
