import Geometry

/// Weighted boxes fusion (Solovyev et al., 2021), for quads and polygons.
///
/// Detections are taken by descending weight · score. Each joins the cluster whose fused polygon it overlaps most, where
/// that polygon IoU is above `iou`, and else founds one. A cluster's fused polygon is the mean of its members' outlines
/// (see `CornerCorrespondence`), matched to the founder's, by weight · score. A source may join a cluster twice, as in
/// the paper. On axis-aligned boxes this is the package ensemble-boxes.
struct PolygonFusion {
    let iou: Double
    /// Detections with lower scores, before weights, are left out.
    let skip: Double
    let confidence: PolygonCombination.Confidence

    /// The fused polygons in founding order, corners not rounded.
    ///
    /// - Parameter founders: clusters of one that an earlier fusion of these detections left, by number.
    func callAsFunction(
        _ detections: [Detection], weights: [Double], founders: inout [Int: FusedCluster]
    ) -> [MergedPolygon] {
        let ranked = detections.filter { $0.score >= skip && $0.polygon.area > 0 && $0.weight > 0 }
            .sorted { ($1.strength, $0.source, $0.index) < ($0.strength, $1.source, $1.index) }
        var clusters: [FusedCluster] = []
        for detection in ranked {
            if let index = best(for: detection, in: clusters),
                let joined = clusters[index].joined(by: detection)
            {
                clusters[index] = joined
            } else {
                let founder = founders[detection.number] ?? FusedCluster(detection)
                founders[detection.number] = founder
                clusters.append(founder)
            }
        }
        return clusters.map { merged($0, weights: weights) }
    }

    private func best(for detection: Detection, in clusters: [FusedCluster]) -> Int? {
        guard let box = detection.polygon.boundingBox else { return nil }
        var best: (overlap: Double, index: Int)?
        for index in clusters.indices {
            guard let other = clusters[index].box, box.overlaps(other) else { continue }
            let overlap = clusters[index].iou(with: detection)
            if overlap > best?.overlap ?? iou { best = (overlap, index) }
        }
        return best?.index
    }

    private func merged(_ cluster: FusedCluster, weights: [Double]) -> MergedPolygon {
        let count = Double(cluster.members.count)
        let voters = Set(cluster.members.map(\.source))
        let sum = cluster.strengths.reduce(0, +)
        let total = weights.reduce(0, +)
        let memberWeight = cluster.members.reduce(0) { $0 + $1.weight }
        let voterWeight = voters.sorted().reduce(0) { $0 + weights[$1] }
        let score =
            switch confidence {
            case .average: sum / count * min(Double(weights.count), count) / total
            case .maximum: (cluster.strengths.max() ?? 0) / (weights.max() ?? 1)
            case .boxAndModelAverage: sum / memberWeight * voterWeight / total
            case .absentModelAwareAverage: sum / (memberWeight + total - voterWeight)
            }
        return MergedPolygon(
            votes: voters.count, memberCount: cluster.members.count, score: score, polygon: cluster.polygon,
            place: cluster.members.reduce(0) { $0 + $1.place } / count,
            isShrunken: MergedPolygon.isShrunken(cluster.polygon, among: cluster.members.map(\.polygon)))
    }
}
