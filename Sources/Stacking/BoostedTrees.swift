import Foundation

/// Gradient-boosted regression trees on the logistic loss, by second-order gains over all splits (Chen and Guestrin,
/// "XGBoost: a scalable tree boosting system", 2016, equations 6 and 7); no row or column is left out by chance.
public struct BoostedTrees: Sendable, Equatable {
    /// How trees are grown.
    public struct Options: Sendable, Hashable {
        /// How many trees; default 100.
        public var rounds = 100
        /// Splits from root to leaf at most; default 3.
        public var depth = 3
        /// What a tree's values are multiplied by, eta; default 0.1.
        public var rate = 0.1
        /// The L2 penalty on leaves, lambda; default 1.
        public var penalty = 1.0
        /// The least sum of second derivatives in a leaf, `min_child_weight`; default 1.
        public var leafWeight = 1.0

        /// The defaults.
        public init() {}
    }

    /// A split, or a leaf.
    public struct Node: Sendable, Equatable {
        /// The feature that is looked at; -1 in a leaf.
        public let column: Int
        /// Rows below it go left.
        public let threshold: Double
        /// The places of both sides among the tree's nodes, behind this one; 0 in a leaf.
        public let left, right: Int
        /// What a leaf adds to the log-odds; 0 in a split.
        public let value: Double
    }

    /// Each tree's nodes, its root first; all add up to the log-odds.
    public let trees: [[Node]]

    init(trees: [[Node]]) {
        self.trees = trees
    }

    /// Fits to `table`; of equal gains the first feature and the lowest threshold win.
    ///
    /// - Parameters:
    ///   - labels: one a row.
    ///   - weights: one a row, none negative.
    /// - Throws: `StackError` where the weighted rows are all of one label.
    /// - Complexity: O(rounds · depth · rows · columns).
    public init(_ table: FeatureTable, labels: [Bool], weights: [Double], options: Options = Options()) throws {
        precondition(labels.count == table.rows && weights.count == table.rows, "a label and a weight a row")
        try Classifier.checkBothKinds(labels, weights)
        let rows = Array(0..<Int32(table.rows))
        let orders = (0..<table.columns).map { column in
            rows.sorted { (table[Int($0), column], $0) < (table[Int($1), column], $1) }
        }
        var odds = [Double](repeating: 0, count: table.rows)
        var trees: [[Node]] = []
        for _ in 0..<options.rounds {
            let derivatives = odds.indices.map { row in
                let probability = Classifier.sigmoid(odds[row])
                return (
                    first: weights[row] * (probability - (labels[row] ? 1 : 0)),
                    second: weights[row] * max(probability * (1 - probability), 1e-16)
                )
            }
            var growth = TreeGrowth(table: table, derivatives: derivatives, options: options)
            growth.grow(orders, depth: 0)
            for row in odds.indices { odds[row] += Self.value(of: growth.nodes, table[row]) }
            trees.append(growth.nodes)
        }
        self.init(trees: trees)
    }

    /// The probability of keeping.
    func probability(_ row: ArraySlice<Double>) -> Double {
        Classifier.sigmoid(trees.reduce(0) { $0 + Self.value(of: $1, row) })
    }

    private static func value(of nodes: [Node], _ row: ArraySlice<Double>) -> Double {
        var place = 0
        while nodes[place].column >= 0 {
            let node = nodes[place]
            place = row[row.startIndex + node.column] < node.threshold ? node.left : node.right
        }
        return nodes[place].value
    }
}

/// One tree in the making.
private struct TreeGrowth {
    typealias Derivatives = (first: Double, second: Double)

    let table: FeatureTable
    let derivatives: [Derivatives]
    let options: BoostedTrees.Options
    private(set) var nodes: [BoostedTrees.Node] = []

    init(table: FeatureTable, derivatives: [Derivatives], options: BoostedTrees.Options) {
        self.table = table
        self.derivatives = derivatives
        self.options = options
    }

    private struct Split {
        let column: Int
        let threshold: Double
        let gain: Double
    }

    /// Adds the node of some rows and all below it.
    ///
    /// - Parameter orders: the rows by each feature, ascending.
    /// - Returns: the node's place.
    @discardableResult
    mutating func grow(_ orders: [[Int32]], depth: Int) -> Int {
        var sum: Derivatives = (0, 0)
        // By row number, so that the sum is the same for all features.
        for row in orders[0].sorted() {
            sum.first += derivatives[Int(row)].first
            sum.second += derivatives[Int(row)].second
        }
        let place = nodes.count
        let leaf = -options.rate * sum.first / (sum.second + options.penalty)
        nodes.append(BoostedTrees.Node(column: -1, threshold: 0, left: 0, right: 0, value: leaf))
        guard depth < options.depth, let split = best(orders, sum) else { return place }
        let (column, threshold, table) = (split.column, split.threshold, table)
        let left = grow(orders.map { $0.filter { table[Int($0), column] < threshold } }, depth: depth + 1)
        let right = grow(orders.map { $0.filter { table[Int($0), column] >= threshold } }, depth: depth + 1)
        nodes[place] = BoostedTrees.Node(column: column, threshold: threshold, left: left, right: right, value: 0)
        return place
    }

    private func best(_ orders: [[Int32]], _ sum: Derivatives) -> Split? {
        // XGBoost's least gain: rounding is no reason to split.
        var best: Split?
        let whole = gain(sum)
        for (column, order) in orders.enumerated() {
            var left: Derivatives = (0, 0)
            var previous = table[Int(order[0]), column]
            for row in order {
                let value = table[Int(row), column]
                if value > previous {
                    let right = (first: sum.first - left.first, second: sum.second - left.second)
                    if left.second >= options.leafWeight, right.second >= options.leafWeight {
                        let found = gain(left) + gain(right) - whole
                        if found > (best?.gain ?? 1e-6) {
                            let middle = previous + (value - previous) / 2
                            best = Split(column: column, threshold: middle > previous ? middle : value, gain: found)
                        }
                    }
                    previous = value
                }
                left.first += derivatives[Int(row)].first
                left.second += derivatives[Int(row)].second
            }
        }
        return best
    }

    private func gain(_ sum: Derivatives) -> Double { sum.first * sum.first / (sum.second + options.penalty) }
}
