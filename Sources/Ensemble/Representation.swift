import Geometry

/// The polygon that stands for a group.
package struct Representation {
    package let polygon: Polygon
    /// Whether a mean or a union was asked for but could not be made.
    let fellBack: Bool

    /// - Parameter members: by descending score, ties in source order.
    /// - Precondition: `members` is not empty.
    package init(_ members: [Detection], as choice: PolygonCombination.Representative) throws {
        switch choice {
        case .best:
            polygon = members[0].polygon
            fellBack = false
        case .medoid:
            polygon = members[Self.medoid(members)].polygon
            fellBack = false
        case .mean:
            let medoid = members[Self.medoid(members)].polygon
            let differ = members.contains { $0.polygon != medoid }
            let outlines = differ ? CornerCorrespondence.align(members.map(\.polygon), to: medoid) : nil
            fellBack = differ && outlines == nil
            polygon =
                outlines.map { Polygon(CornerCorrespondence.mean($0, weights: members.map(\.weight))).rounded }
                ?? medoid
        case .union:
            let outline = try PolygonUnion.outline(of: members.map(\.polygon))
            fellBack = outline == nil
            polygon = outline ?? members[Self.medoid(members)].polygon
        }
    }

    /// The member with the largest weighted sum of IoU with all members, itself with IoU 1; the first of equals.
    private static func medoid(_ members: [Detection]) -> Int {
        var sums = members.map(\.weight)
        for i in members.indices {
            for j in members.indices where j > i {
                let overlap = members[i].iou(with: members[j])
                sums[i] += members[j].weight * overlap
                sums[j] += members[i].weight * overlap
            }
        }
        return members.indices.reduce(0) { sums[$1] > sums[$0] ? $1 : $0 }
    }
}
