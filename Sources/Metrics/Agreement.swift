import Core
import Dataset

/// How alike several sets of predictions are, each scored against each other: no truth is needed.
public struct Agreement: Sendable {
    /// `hmean[a][b]`: the mean H of one taken as truth and the other as detections, averaged over both directions; 1
    /// on the diagonal.
    public let hmean: [[Double]]
    /// `identical[a][b]`: the share of the images that either names with the very same polygons, in any order.
    public let identical: [[Double]]

    /// Two sets that agree to this, or have this share of images identical, are near-duplicates: submitting both tells
    /// next to nothing.
    public static let nearDuplicate = (hmean: 0.995, identical: 0.9)

    /// Compares every pair.
    ///
    /// - Parameter width: how many pairs are compared side by side.
    /// - Throws: `MetricsError` (65) where two sets have no image in common or one has none.
    /// - Complexity: O(sets² · boxes log boxes).
    public init(_ sets: [AnnotationSet], options: ScoringOptions, width: Int) async throws {
        let pairs = sets.indices.flatMap { first in sets.indices.dropFirst(first + 1).map { (first, $0) } }
        let found = try await parallelMap(pairs, width: width) { _, pair in
            let (first, second) = (sets[pair.0], sets[pair.1])
            let forth = try await scoreSet(truth: first, predictions: second, options: options, width: 1)
            let back = try await scoreSet(truth: second, predictions: first, options: options, width: 1)
            return ((forth.mean.hmean + back.mean.hmean) / 2, Self.identicalShare(first, second))
        }
        let row = [Double](repeating: 1, count: sets.count)
        var hmean = [[Double]](repeating: row, count: sets.count)
        var identical = hmean
        for ((first, second), (agreement, share)) in zip(pairs, found) {
            (hmean[first][second], hmean[second][first]) = (agreement, agreement)
            (identical[first][second], identical[second][first]) = (share, share)
        }
        self.hmean = hmean
        self.identical = identical
    }

    /// The mean agreement of one set with all others; 1 where it is alone.
    public func mean(of set: Int) -> Double {
        let others = hmean[set].indices.filter { $0 != set }
        return others.isEmpty ? 1 : others.reduce(0) { $0 + hmean[set][$1] } / Double(others.count)
    }

    /// The pairs of near-duplicates, the earlier one first.
    public var nearDuplicates: [(Int, Int)] {
        hmean.indices.flatMap { first in
            hmean.indices.dropFirst(first + 1).filter { second in
                hmean[first][second] >= Self.nearDuplicate.hmean
                    || identical[first][second] >= Self.nearDuplicate.identical
            }.map { (first, $0) }
        }
    }

    private static func identicalShare(_ first: AnnotationSet, _ second: AnnotationSet) -> Double {
        let names = Set(first.images.map(\.name)).union(second.images.map(\.name))
        func polygons(_ set: AnnotationSet, _ name: String) -> [[[Double]]]? {
            set[name].map { image in
                image.words.map { $0.polygon.points.map { [$0.x, $0.y] } }
                    .sorted { $0.joined().lexicographicallyPrecedes($1.joined()) }
            }
        }
        let same = names.count { name in
            guard let one = polygons(first, name), let other = polygons(second, name) else { return false }
            return one == other
        }
        return Double(same) / Double(max(1, names.count))
    }
}
