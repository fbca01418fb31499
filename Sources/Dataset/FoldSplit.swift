import Core

/// Images dealt to folds: the same seed gives the same folds on every machine.
public struct FoldSplit: Sendable, Equatable {
    /// Each fold's images, in the order of the set.
    public let folds: [[String]]

    /// Deals groups of images to `count` folds so that the folds have about as many images, and images with few and
    /// many of what is counted alike.
    ///
    /// Large groups go first, then those with the highest mean measure, in rounds of `count`; each goes to the fold with
    /// the fewest images, and in each round the seed orders the folds anew.
    ///
    /// - Parameters:
    ///   - images: names with what is to be spread evenly, such as their number of boxes; 0 for all spreads nothing.
    ///   - groups: images that must not be parted, by name; an image in none is alone.
    ///   - count: from 2 to the number of groups.
    public init(_ images: [(name: String, measure: Double)], groups: [[String]] = [], count: Int, seed: UInt64) {
        var groupOf: [String: Int] = [:]
        for (number, group) in groups.enumerated() {
            for name in group { groupOf[name] = number }
        }
        var members: [[Int]] = []
        var placeOf: [Int: Int] = [:]
        for (position, image) in images.enumerated() {
            if let group = groupOf[image.name] {
                if let place = placeOf[group] {
                    members[place].append(position)
                    continue
                }
                placeOf[group] = members.count
            }
            members.append([position])
        }
        precondition(count >= 2 && count <= members.count, "two folds or more, each with a group")

        var generator = SeededGenerator(seed: seed)
        let dealt = members.map { group in
            let sum = group.reduce(0) { $0 + images[$1].measure }
            return (images: group, mean: sum / Double(group.count), lot: generator.next())
        }.sorted { ($1.images.count, $1.mean, $1.lot) < ($0.images.count, $0.mean, $0.lot) }
        var counts = [Int](repeating: 0, count: count)
        var foldOf = [Int](repeating: 0, count: images.count)
        for start in stride(from: 0, to: dealt.count, by: count) {
            let lots = (0..<count).map { _ in generator.next() }
            for group in dealt[start..<min(start + count, dealt.count)] {
                let fold = (0..<count).min { (counts[$0], lots[$0]) < (counts[$1], lots[$1]) } ?? 0
                counts[fold] += group.images.count
                for image in group.images { foldOf[image] = fold }
            }
        }
        folds = (0..<count).map { fold in images.indices.filter { foldOf[$0] == fold }.map { images[$0].name } }
    }
}
