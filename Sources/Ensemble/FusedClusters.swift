import Geometry

/// Detections fused into polygons: the mean of their outlines, matched to the first one's, by their strengths.
///
/// A cluster is a number, and what joins it makes another cluster. Both that and overlaps are worked out once, however
/// often they are asked for: fusions at several IoUs mostly go through the same clusters.
struct FusedClusters {
    private struct Cluster {
        let newest: Detection
        /// The cluster that the newest member joined.
        let before: Int?
        /// The first member's polygon, to which outlines are matched.
        let reference: Polygon
        /// Of the members' outlines; nil where a lone one cannot be matched.
        let mean: OutlineMean?
        let polygon: Polygon
        let box: BoundingBox?
        /// By the detections' numbers.
        var overlaps: [Int: Double] = [:]
        var extensions: [Int: Int?] = [:]
        var merged: [PolygonCombination.Confidence: MergedPolygon] = [:]
    }

    private var clusters: [Cluster] = []
    /// Clusters of one, by the detections' numbers.
    private var founders: [Int: Int] = [:]

    func box(of cluster: Int) -> BoundingBox? { clusters[cluster].box }

    /// What a cluster comes to with `confidence`, made by `merge` where that is asked for the first time.
    ///
    /// - Parameter merge: depends on nothing else but what is the same for all fusions of these detections.
    mutating func merged(
        _ cluster: Int, _ confidence: PolygonCombination.Confidence,
        by merge: (_ polygon: Polygon, _ members: [Detection]) -> MergedPolygon
    ) -> MergedPolygon {
        if let known = clusters[cluster].merged[confidence] { return known }
        let made = merge(clusters[cluster].polygon, members(of: cluster))
        clusters[cluster].merged[confidence] = made
        return made
    }

    /// In the order in which they joined.
    private func members(of cluster: Int) -> [Detection] {
        Array(sequence(first: clusters[cluster]) { $0.before.map { clusters[$0] } }.map(\.newest).reversed())
    }

    /// A cluster of one.
    mutating func founded(by detection: Detection) -> Int {
        if let known = founders[detection.number] { return known }
        let polygon = detection.polygon
        let mean = CornerCorrespondence.align([polygon], to: polygon).map { Self.mean($0, [detection]) }
        let made = add(detection, to: nil, reference: polygon, mean, polygon)
        founders[detection.number] = made
        return made
    }

    /// The polygon IoU of a fused polygon with a detection's.
    mutating func iou(of cluster: Int, with detection: Detection) -> Double {
        if let known = clusters[cluster].overlaps[detection.number] { return known }
        let overlap = clusters[cluster].polygon.iou(with: detection.polygon)
        clusters[cluster].overlaps[detection.number] = overlap
        return overlap
    }

    /// The cluster with one more member; nil where outlines cannot be matched.
    mutating func joined(_ cluster: Int, by detection: Detection) -> Int? {
        if let known = clusters[cluster].extensions[detection.number] { return known }
        let reference = clusters[cluster].reference
        let made = mean(of: cluster, with: detection, reference).map { mean in
            add(detection, to: cluster, reference: reference, mean, Polygon(mean.points))
        }
        clusters[cluster].extensions[detection.number] = .some(made)
        return made
    }

    private mutating func add(
        _ detection: Detection, to before: Int?, reference: Polygon, _ mean: OutlineMean?, _ polygon: Polygon
    ) -> Int {
        clusters.append(
            Cluster(
                newest: detection, before: before, reference: reference, mean: mean, polygon: polygon,
                box: polygon.boundingBox))
        return clusters.count - 1
    }

    private func mean(of cluster: Int, with detection: Detection, _ reference: Polygon) -> OutlineMean? {
        guard var mean = clusters[cluster].mean,
            let own = CornerCorrespondence.align(
                [detection.polygon], to: reference, alongArc: mean.pointCount == CornerCorrespondence.arcPoints)
        else { return nil }
        if own[0].count == mean.pointCount {
            mean.add(own[0], weight: detection.strength)
            return mean
        }
        // Corners are matched where all are quads, and points along the arc where one is not.
        let members = members(of: cluster) + [detection]
        return CornerCorrespondence.align(members.map(\.polygon), to: reference).map { Self.mean($0, members) }
    }

    private static func mean(_ outlines: [[Point]], _ members: [Detection]) -> OutlineMean {
        OutlineMean(of: outlines, weights: members.map(\.strength))
    }
}
