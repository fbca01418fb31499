/// The detections of one image in groups, by the rule that `PolygonVote` states.
package struct VoteGrouping {
    /// In founding order; members by descending score (ties: source order), so the founder is the first.
    package private(set) var groups: [[Detection]] = []

    /// - Parameters:
    ///   - detections: all of the image, each at its `number`.
    ///   - overlaps: theirs.
    package init(_ detections: [Detection], _ overlaps: Overlaps, sourceCount: Int, iou: Double) {
        var isFree = [Bool](repeating: true, count: detections.count)
        for founder in detections.sorted(by: { $0.precedes($1) }) where isFree[founder.number] {
            var partners = [(iou: Double, detection: Detection)?](repeating: nil, count: sourceCount)
            partners[founder.source] = (1, founder)
            overlaps.forEachNeighbour(of: founder.number) { number, overlap in
                let other = detections[number]
                guard isFree[number], overlap >= iou, other.source != founder.source else { return }
                if let best = partners[other.source],
                    overlap < best.iou || overlap == best.iou && best.detection.precedes(other)
                {
                    return
                }
                partners[other.source] = (overlap, other)
            }
            let members = partners.compactMap { $0?.detection }
            for member in members { isFree[member.number] = false }
            groups.append(members.sorted { $0.precedes($1) })
        }
    }
}
