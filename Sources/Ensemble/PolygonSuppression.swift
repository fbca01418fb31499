import Foundation
import Geometry

/// Non-maximum suppression on polygon IoU: of detections that overlap, the best one stays.
///
/// Plain: the best-scored detection stays and drops all whose IoU with it is above `iou`. Soft (Bodla et al., "Soft-NMS",
/// ICCV 2017, eq. 2 and 3): it lowers their scores instead, by 1 - IoU where that is above `iou` (linear), or by
/// exp(-IoU²/sigma) (gaussian); what ends at `floor` or below is dropped. Ties: source order, then file order.
struct PolygonSuppression {
    enum Decay { case drop, linear, gaussian(sigma: Double) }

    let iou: Double
    let decay: Decay
    let floor: Double

    /// The detections that stay, best first.
    ///
    /// - Parameter total: what weight · score is divided by.
    /// - Complexity: for *n* detections O(*n* log *n*) where overlaps drop, O(*n*²) looks at scores where they decay; no
    ///   geometry.
    func callAsFunction(_ detections: [Detection], overlaps: Overlaps, total: Double) -> [MergedPolygon] {
        var scores = detections.map { $0.score * $0.weight / total }
        var kept: [MergedPolygon] = []
        func keep(_ best: Int) {
            kept.append(
                MergedPolygon(
                    votes: 1, memberCount: 1, score: scores[best], polygon: detections[best].polygon,
                    place: detections[best].place))
            overlaps.forEachNeighbour(of: best) { other, overlap in
                switch decay {
                case .drop: if overlap > iou { scores[other] = -.infinity }
                case .linear: if overlap > iou { scores[other] *= 1 - overlap }
                case .gaussian(let sigma): scores[other] *= exp(-overlap * overlap / sigma)
                }
            }
        }
        if case .drop = decay {
            // Scores that stay do not change, so that one order serves to the end.
            let order = detections.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
            for next in order where scores[next] > floor { keep(next) }
            return kept
        }
        var left = Array(detections.indices)
        while var first = left.indices.first {
            for position in left.indices where scores[left[position]] > scores[left[first]] { first = position }
            let best = left.remove(at: first)
            guard scores[best] > floor else { break }
            keep(best)
        }
        return kept
    }
}
