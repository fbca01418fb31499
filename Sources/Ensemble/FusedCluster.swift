import Geometry

/// Detections fused into one polygon: the mean of their outlines, matched to the first one's, by their strengths.
///
/// What joins it makes another cluster. Both that and overlaps are worked out once, however often they are asked for:
/// fusions at several IoUs mostly go through the same clusters.
final class FusedCluster {
    let members: [Detection]
    /// Weight · score of each member.
    let strengths: [Double]
    let polygon: Polygon
    let box: BoundingBox?
    /// The members', matched to the first one's; nil where that cannot be matched.
    private let outlines: [[Point]]?
    /// By the detections' numbers.
    private var overlaps: [Int: Double] = [:]
    private var extensions: [Int: FusedCluster?] = [:]

    /// A cluster of one.
    convenience init(_ founder: Detection) {
        self.init(
            members: [founder], polygon: founder.polygon,
            outlines: CornerCorrespondence.align([founder.polygon], to: founder.polygon))
    }

    private init(members: [Detection], polygon: Polygon, outlines: [[Point]]?) {
        self.members = members
        self.polygon = polygon
        self.outlines = outlines
        strengths = members.map(\.strength)
        box = polygon.boundingBox
    }

    /// The polygon IoU of the fused polygon with a detection's.
    func iou(with detection: Detection) -> Double {
        if let known = overlaps[detection.number] { return known }
        let overlap = polygon.iou(with: detection.polygon)
        overlaps[detection.number] = overlap
        return overlap
    }

    /// The cluster with one more member; nil where outlines cannot be matched.
    func joined(by detection: Detection) -> FusedCluster? {
        if let known = extensions[detection.number] { return known }
        let made = extended(by: detection)
        extensions[detection.number] = .some(made)
        return made
    }

    private func extended(by detection: Detection) -> FusedCluster? {
        let (reference, members) = (members[0].polygon, members + [detection])
        guard let outlines, let own = CornerCorrespondence.align([detection.polygon], to: reference) else { return nil }
        // Corners are matched where all are quads, and points along the arc where one is not.
        let matched =
            own[0].count == outlines[0].count
            ? outlines + own : CornerCorrespondence.align(members.map(\.polygon), to: reference)
        guard let matched else { return nil }
        let mean = CornerCorrespondence.mean(matched, weights: members.map(\.strength))
        return FusedCluster(members: members, polygon: Polygon(mean), outlines: matched)
    }
}
