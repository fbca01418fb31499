import Geometry

/// The detections of one image in groups, by the rule that `PolygonVote` states.
package struct VoteGrouping {
    /// In founding order; members by descending score (ties: source order), so the founder is the first.
    package private(set) var groups: [[Detection]] = []

    /// - Complexity: for *n* detections a source O(*n* log *n*), where boxes overlap few others.
    package init(_ detections: [Detection], sourceCount: Int, iou: Double) {
        let byRank = detections.sorted {
            ($1.score, $0.source, $0.index) < ($0.score, $1.source, $1.index)
        }
        let lists = (0..<sourceCount).map { source in
            SourceList(byRank.indices.filter { byRank[$0].source == source }, of: byRank)
        }
        var isFree = [Bool](repeating: true, count: byRank.count)
        for (rank, founder) in byRank.enumerated() where isFree[rank] {
            isFree[rank] = false
            var members = [rank]
            for source in lists.indices where source != founder.source {
                guard let partner = lists[source].best(for: founder, iou: iou, byRank, isFree) else { continue }
                isFree[partner] = false
                members.append(partner)
            }
            groups.append(members.sorted().map { byRank[$0] })
        }
    }
}

/// One source's detections by the top of their bounding boxes, so that a look at one box's neighbours passes the rest.
private struct SourceList {
    private let ranks: [Int]
    private let boxes: [BoundingBox]
    private let tallest: Double

    init(_ ranks: [Int], of detections: [Detection]) {
        let nowhere = BoundingBox(minX: 0, minY: 0, maxX: 0, maxY: 0)
        let sorted = ranks.map { ($0, detections[$0].polygon.boundingBox ?? nowhere) }
            .sorted { ($0.1.minY, $0.0) < ($1.1.minY, $1.0) }
        self.ranks = sorted.map(\.0)
        boxes = sorted.map(\.1)
        tallest = boxes.reduce(0) { max($0, $1.maxY - $1.minY) }
    }

    /// The rank of the free detection that overlaps `founder` most and at least by `iou`; of equals the first in rank.
    func best(for founder: Detection, iou: Double, _ detections: [Detection], _ isFree: [Bool]) -> Int? {
        guard let box = founder.polygon.boundingBox else { return nil }
        var best: (iou: Double, rank: Int)?
        for position in firstBox(below: box.minY - tallest)..<boxes.count {
            let other = boxes[position]
            if other.minY > box.maxY { break }
            // Touching boxes are looked at as well: identical polygons without area have such.
            guard isFree[ranks[position]], other.maxY >= box.minY, other.minX <= box.maxX, other.maxX >= box.minX
            else { continue }
            let rank = ranks[position]
            let overlap = founder.iou(with: detections[rank])
            guard overlap >= iou else { continue }
            if let present = best, (overlap, -rank) < (present.iou, -present.rank) { continue }
            best = (overlap, rank)
        }
        return best?.rank
    }

    /// The first position whose box starts at `y` or below.
    private func firstBox(below y: Double) -> Int {
        var low = 0
        var high = boxes.count
        while low < high {
            let middle = (low + high) / 2
            if boxes[middle].minY < y { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
