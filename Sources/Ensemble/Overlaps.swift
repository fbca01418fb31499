import Geometry

/// Which of an image's detections overlap, and by how much.
package struct Overlaps {
    /// For each detection the others that it overlaps, with their IoU above 0.
    private(set) var neighbours: [[(index: Int, iou: Double)]]

    /// - Complexity: for *n* detections O(*n* log *n*), where boxes overlap few others.
    package init(of detections: [Detection]) {
        neighbours = Array(repeating: [], count: detections.count)
        let boxes = detections.indices.compactMap { index in detections[index].polygon.boundingBox.map { (index, $0) } }
            .sorted { ($0.1.minY, $0.0) < ($1.1.minY, $1.0) }
        for (position, (index, box)) in boxes.enumerated() {
            for (other, otherBox) in boxes[(position + 1)...] {
                if otherBox.minY > box.maxY { break }
                // Touching boxes are looked at as well: identical polygons without area have such.
                guard otherBox.minX <= box.maxX, otherBox.maxX >= box.minX else { continue }
                let isFirst = detections[index].precedes(detections[other])
                let (first, second) = isFirst ? (index, other) : (other, index)
                let overlap = detections[first].iou(with: detections[second])
                guard overlap > 0 else { continue }
                neighbours[index].append((other, overlap))
                neighbours[other].append((index, overlap))
            }
        }
    }

    /// The IoU of two detections by their numbers.
    func iou(_ one: Int, _ other: Int) -> Double {
        neighbours[one].first { $0.index == other }?.iou ?? 0
    }
}
