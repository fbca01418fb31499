import Geometry

/// Votes on polygons.
///
/// The rule. Detections of all sources are taken by descending score (ties: source order, then file order). The first
/// one that is in no group founds one, and from each other source the free detection that overlaps the *founder* most
/// joins, where their polygon IoU is at least the given one (ties: higher score, then file order). So a group holds at most
/// one vote a source, every member overlaps the founder, and chains (A meets B, B meets C, so A and C are one) cannot
/// form. Where no two scores are equal, the order of the sources changes nothing.
///
/// Identical polygons overlap fully even where they have no area. Votes are counted, not weighed, so that nearly equal
/// weights cannot drop a group; weights act on scores, the medoid and the mean. A group's score is the sum over its
/// members of weight · score, divided by the sum of *all* sources' weights: a source that has not voted counts as 0.
struct PolygonVote {
    let representative: PolygonCombination.Representative

    /// What stands for a group's `members`.
    func callAsFunction(_ members: [Detection], _ overlaps: Overlaps, weights: [Double]) throws -> MergedPolygon {
        let shown = try Representation(members, overlaps, as: representative)
        return MergedPolygon(
            votes: members.count, memberCount: members.count,
            score: members.reduce(0) { $0 + $1.weight * $1.score } / weights.reduce(0, +), polygon: shown.polygon,
            place: members.reduce(0) { $0 + $1.place } / Double(members.count),
            isShrunken: MergedPolygon.isShrunken(shown.polygon, among: members.map(\.polygon)),
            fellBack: shown.fellBack)
    }
}
