import Core
import Dataset
import Testing

/// Folds: everything dealt once, evenly, groups whole.
@Suite struct FoldSplitTests {
    private static func images(_ count: Int, seed: UInt64) -> [(name: String, measure: Double)] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { ("\($0).jpg", Double(Int.random(in: 0...160, using: &generator))) }
    }

    @Test(arguments: [(63, 5), (64, 5), (7, 7), (101, 3), (10, 2)], [1, 2, 3] as [UInt64])
    func dealsEvenly(_ size: (images: Int, folds: Int), seed: UInt64) {
        let images = Self.images(size.images, seed: seed)
        let folds = FoldSplit(images, count: size.folds, seed: seed).folds
        #expect(folds.joined().sorted() == images.map(\.name).sorted())
        let counts = folds.map(\.count)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        let measure = Dictionary(uniqueKeysWithValues: images.map { ($0.name, $0.measure) })
        let means = folds.map { fold in fold.reduce(0) { $0 + (measure[$1] ?? 0) } / Double(fold.count) }
        // A fold of twelve or more has the mean of all within a tenth; a draw without strata misses that.
        guard size.images / size.folds >= 12 else { return }
        let all = images.reduce(0) { $0 + $1.measure } / Double(images.count)
        #expect(means.allSatisfy { abs($0 - all) < 0.1 * all }, "\(means)")
    }

    @Test func groupsAreNotParted() {
        let images = Self.images(60, seed: 4)
        let groups = (0..<12).map { group in (0..<3).map { "\(group + 13 * $0).jpg" } }
        for seed in 0..<20 as Range<UInt64> {
            let folds = FoldSplit(images, groups: groups, count: 4, seed: seed).folds
            for group in groups {
                #expect(folds.count { fold in group.contains(where: fold.contains) } == 1)
            }
            #expect(folds.joined().count == 60)
            #expect(folds.allSatisfy { (13...17).contains($0.count) })
        }
    }

    @Test func theSeedDecides() {
        let images = Self.images(40, seed: 5).map { (name: $0.name, measure: 0.0) }
        let first = FoldSplit(images, count: 4, seed: 42)
        #expect(FoldSplit(images, count: 4, seed: 42) == first)
        #expect(FoldSplit(images, count: 4, seed: 43) != first)
    }
}
