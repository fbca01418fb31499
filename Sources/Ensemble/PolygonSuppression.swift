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

    /// The detections that stay, best first; scores come in through `scores`, one a detection.
    func callAsFunction(_ detections: [Detection], scores: [Double]) -> [MergedPolygon] {
        var scores = scores
        let boxes = detections.map { $0.polygon.boundingBox }
        var left = Array(detections.indices)
        var kept: [MergedPolygon] = []
        while let first = left.indices.max(by: {
            scores[left[$0]] < scores[left[$1]] || (scores[left[$0]] == scores[left[$1]] && $0 > $1)
        }) {
            let best = left.remove(at: first)
            guard scores[best] > floor else { break }
            kept.append(
                MergedPolygon(
                    votes: 1, score: scores[best], polygon: detections[best].polygon, place: detections[best].place))
            left.removeAll { other in
                guard let box = boxes[best], let otherBox = boxes[other], box.touches(otherBox) else { return false }
                let overlap = detections[best].iou(with: detections[other])
                switch decay {
                case .drop: return overlap > iou
                case .linear: if overlap > iou { scores[other] *= 1 - overlap }
                case .gaussian(let sigma): scores[other] *= exp(-overlap * overlap / sigma)
                }
                return scores[other] <= floor
            }
        }
        return kept
    }
}

extension BoundingBox {
    /// Whether the boxes share a point, an edge's included.
    func touches(_ other: BoundingBox) -> Bool {
        minX <= other.maxX && other.minX <= maxX && minY <= other.maxY && other.minY <= maxY
    }
}
