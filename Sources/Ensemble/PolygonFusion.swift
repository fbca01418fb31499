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
    /// - Parameter known: what earlier fusions of these detections came through.
    func callAsFunction(
        _ detections: [Detection], weights: [Double], known: inout FusedClusters
    ) -> [MergedPolygon] {
        let ranked = detections.filter { $0.score >= skip && $0.polygon.area > 0 && $0.weight > 0 }
            .sorted { ($1.strength, $0.source, $0.index) < ($0.strength, $1.source, $1.index) }
        var clusters: [Int] = []
        for detection in ranked {
            if let place = best(for: detection, in: clusters, &known),
                let joined = known.joined(clusters[place], by: detection)
            {
                clusters[place] = joined
            } else {
                clusters.append(known.founded(by: detection))
            }
        }
        return clusters.map { cluster in
            known.merged(cluster, confidence) { merged($0, of: $1, weights: weights) }
        }
    }

    private func best(for detection: Detection, in clusters: [Int], _ known: inout FusedClusters) -> Int? {
        guard let box = detection.polygon.boundingBox else { return nil }
        var best: (overlap: Double, place: Int)?
        for (place, cluster) in clusters.enumerated() {
            guard let other = known.box(of: cluster), box.overlaps(other) else { continue }
            let overlap = known.iou(of: cluster, with: detection)
            if overlap > best?.overlap ?? iou { best = (overlap, place) }
        }
        return best?.place
    }

    private func merged(_ polygon: Polygon, of members: [Detection], weights: [Double]) -> MergedPolygon {
        let count = Double(members.count)
        let strengths = members.map(\.strength)
        let voters = Set(members.map(\.source))
        let sum = strengths.reduce(0, +)
        let total = weights.reduce(0, +)
        let memberWeight = members.reduce(0) { $0 + $1.weight }
        let voterWeight = voters.sorted().reduce(0) { $0 + weights[$1] }
        let score =
            switch confidence {
            case .average: sum / count * min(Double(weights.count), count) / total
            case .maximum: (strengths.max() ?? 0) / (weights.max() ?? 1)
            case .boxAndModelAverage: sum / memberWeight * voterWeight / total
            case .absentModelAwareAverage: sum / (memberWeight + total - voterWeight)
            }
        return MergedPolygon(
            votes: voters.count, memberCount: members.count, score: score, polygon: polygon,
            place: members.reduce(0) { $0 + $1.place } / count,
            isShrunken: MergedPolygon.isShrunken(polygon, among: members.map(\.polygon)))
    }
}
