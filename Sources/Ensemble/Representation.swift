import Geometry

/// The polygon that stands for a group.
struct Representation {
    let polygon: Polygon
    /// Whether a mean was asked for but the members are not all quads.
    let fellBack: Bool

    /// - Parameter members: by descending score, ties in source order.
    /// - Precondition: `members` is not empty.
    init(_ members: [Detection], as choice: PolygonVote.Representative) {
        switch choice {
        case .best:
            polygon = members[0].polygon
            fellBack = false
        case .medoid:
            polygon = members[Self.medoid(members)].polygon
            fellBack = false
        case .mean:
            let medoid = members[Self.medoid(members)].polygon
            fellBack = members.count > 1 && members.contains { $0.polygon.points.count != 4 }
            polygon = fellBack || members.count == 1 ? medoid : Self.mean(members, matchedTo: medoid)
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

    /// The weighted mean of corners, each quad turned (and flipped) to lie closest to `reference`.
    private static func mean(_ members: [Detection], matchedTo reference: Polygon) -> Polygon {
        let isWeightless = members.allSatisfy { $0.weight == 0 }
        var sums = [Point](repeating: Point(0, 0), count: 4)
        var total = 0.0
        for member in members {
            let weight = isWeightless ? 1 : member.weight
            let corners = closest(member.polygon.points, to: reference.points)
            for position in 0..<4 {
                sums[position].x += weight * corners[position].x
                sums[position].y += weight * corners[position].y
            }
            total += weight
        }
        return Polygon(
            sums.map { Point(($0.x / total).rounded(.toNearestOrEven), ($0.y / total).rounded(.toNearestOrEven)) })
    }

    /// The order of `corners` around the quad, in either sense, with the least sum of squared distances; the first of
    /// equals.
    private static func closest(_ corners: [Point], to reference: [Point]) -> [Point] {
        var best: (distance: Double, corners: [Point])?
        for sense in [corners, corners.reversed()] {
            for start in 0..<4 {
                let turned = (0..<4).map { sense[($0 + start) % 4] }
                let distance = zip(turned, reference).reduce(0) { sum, pair in
                    let (dx, dy) = (pair.0.x - pair.1.x, pair.0.y - pair.1.y)
                    return sum + dx * dx + dy * dy
                }
                if best.map({ distance < $0.distance }) ?? true { best = (distance, turned) }
            }
        }
        return best?.corners ?? corners
    }
}
