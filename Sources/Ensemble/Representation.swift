import Geometry

/// The polygon that stands for a group.
package struct Representation {
    package let polygon: Polygon
    /// Whether a mean or a union was asked for but could not be made.
    let fellBack: Bool

    /// - Parameters:
    ///   - members: by descending score, ties in source order.
    ///   - overlaps: those of the image's detections.
    /// - Precondition: `members` is not empty.
    package init(
        _ members: [Detection], _ overlaps: Overlaps, as choice: PolygonCombination.Representative
    ) throws {
        switch choice {
        case .best:
            polygon = members[0].polygon
            fellBack = false
        case .medoid:
            polygon = Self.medoid(members, overlaps).polygon
            fellBack = false
        case .mean:
            let medoid = Self.medoid(members, overlaps).polygon
            let differ = members.contains { $0.polygon != medoid }
            let outlines = differ ? CornerCorrespondence.align(members.map(\.polygon), to: medoid) : nil
            fellBack = differ && outlines == nil
            polygon =
                outlines.map { Polygon(OutlineMean(of: $0, weights: members.map(\.weight)).points).rounded }
                ?? medoid
        case .union:
            let outline = try PolygonUnion.outline(of: members.map(\.polygon))
            fellBack = outline == nil
            polygon = outline ?? Self.medoid(members, overlaps).polygon
        }
    }

    /// The member with the largest weighted sum of IoU with all members, itself with IoU 1; the first of equals.
    private static func medoid(_ members: [Detection], _ overlaps: Overlaps) -> Detection {
        var sums = members.map(\.weight)
        for i in members.indices {
            for j in members.indices where j > i {
                let overlap = overlaps.iou(members[i].number, members[j].number)
                sums[i] += members[j].weight * overlap
                sums[j] += members[i].weight * overlap
            }
        }
        return members[members.indices.reduce(0) { sums[$1] > sums[$0] ? $1 : $0 }]
    }
}
