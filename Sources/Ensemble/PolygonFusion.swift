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

    private struct Cluster {
        var members: [Detection]
        var strengths: [Double]
        var polygon: Polygon
        var box: BoundingBox?
    }

    /// The fused polygons in founding order, corners not rounded.
    func callAsFunction(_ detections: [Detection], weights: [Double]) -> [MergedPolygon] {
        let ranked = detections.filter { $0.score >= skip && $0.polygon.area > 0 && $0.weight > 0 }
            .map { (detection: $0, strength: $0.weight * $0.score) }
            .sorted {
                ($1.strength, $0.detection.source, $0.detection.index)
                    < ($0.strength, $1.detection.source, $1.detection.index)
            }
        var clusters: [Cluster] = []
        for (detection, strength) in ranked {
            if let index = best(for: detection, in: clusters),
                let outlines = CornerCorrespondence.align(
                    clusters[index].members.map(\.polygon) + [detection.polygon],
                    to: clusters[index].members[0].polygon)
            {
                clusters[index].members.append(detection)
                clusters[index].strengths.append(strength)
                clusters[index].polygon = Polygon(
                    CornerCorrespondence.mean(outlines, weights: clusters[index].strengths))
                clusters[index].box = clusters[index].polygon.boundingBox
            } else {
                clusters.append(
                    Cluster(
                        members: [detection], strengths: [strength], polygon: detection.polygon,
                        box: detection.polygon.boundingBox))
            }
        }
        return clusters.map { merged($0, weights: weights) }
    }

    private func best(for detection: Detection, in clusters: [Cluster]) -> Int? {
        guard let box = detection.polygon.boundingBox else { return nil }
        var best: (overlap: Double, index: Int)?
        for index in clusters.indices {
            guard let other = clusters[index].box, box.overlaps(other) else { continue }
            let overlap = clusters[index].polygon.iou(with: detection.polygon)
            if overlap > best?.overlap ?? iou { best = (overlap, index) }
        }
        return best?.index
    }

    private func merged(_ cluster: Cluster, weights: [Double]) -> MergedPolygon {
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
