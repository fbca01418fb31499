import Geometry

/// Which of an image's detections overlap, and by how much. Detections with the same corners are looked at as one.
package struct Overlaps {
    /// Each detection's outline, by the detection's number.
    private let outlines: [Int]
    /// The detections of each outline.
    private let holders: [[Int]]
    /// For each outline those that it overlaps, itself among them, with their IoU above 0.
    private let overlapping: [[(outline: Int, iou: Double)]]

    /// - Parameter detections: all of the image, each at its `number`.
    /// - Complexity: for *n* different outlines O(*n* log *n*), where they overlap few others.
    package init(of detections: [Detection]) {
        let distinct = DistinctPolygons(detections.lazy.map(\.polygon))
        outlines = detections.map { distinct.place(of: $0.polygon) }
        // By precedence: the IoU of two outlines is taken in the order of their best detections, which tells in its
        // last digits.
        var holders = [[Int]](repeating: [], count: distinct.all.count)
        var rank = [Int](repeating: 0, count: distinct.all.count)
        for (place, detection) in detections.sorted(by: { $0.precedes($1) }).enumerated() {
            let outline = outlines[detection.number]
            if holders[outline].isEmpty { rank[outline] = place }
            holders[outline].append(detection.number)
        }
        self.holders = holders
        var overlapping: [[(outline: Int, iou: Double)]] = holders.indices.map { [($0, 1)] }
        let boxes = distinct.all.enumerated().compactMap { index, polygon in polygon.boundingBox.map { (index, $0) } }
            .sorted { ($0.1.minY, $0.0) < ($1.1.minY, $1.0) }
        for (position, (index, box)) in boxes.enumerated() {
            for (other, otherBox) in boxes[(position + 1)...] {
                if otherBox.minY > box.maxY { break }
                guard otherBox.minX <= box.maxX, otherBox.maxX >= box.minX else { continue }
                let (first, second) = rank[index] < rank[other] ? (index, other) : (other, index)
                let overlap = distinct.all[first].iou(with: distinct.all[second])
                guard overlap > 0 else { continue }
                overlapping[index].append((other, overlap))
                overlapping[other].append((index, overlap))
            }
        }
        self.overlapping = overlapping
    }

    /// Gives the other detections that one overlaps, by their numbers, with their IoU.
    func forEachNeighbour(of number: Int, _ body: (_ number: Int, _ iou: Double) -> Void) {
        for (outline, iou) in overlapping[outlines[number]] {
            for holder in holders[outline] where holder != number { body(holder, iou) }
        }
    }

    /// The IoU of two detections by their numbers; identical polygons overlap fully even without an area.
    func iou(_ one: Int, _ other: Int) -> Double {
        overlapping[outlines[one]].first { $0.outline == outlines[other] }?.iou ?? 0
    }
}
