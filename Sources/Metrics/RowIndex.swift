import Geometry

/// Bounding boxes by rows, to find those that touch another without a look at all of them: text stands in lines.
struct RowIndex: Sendable {
    /// The boxes' numbers by upper edge.
    private let order: [Int]
    private let boxes: [BoundingBox]
    /// The lowest lower edge so far in that order: it only grows, so it can be searched.
    private let reach: [Double]

    init(_ all: [BoundingBox]) {
        order = all.indices.sorted { (all[$0].minY, $0) < (all[$1].minY, $1) }
        boxes = order.map { all[$0] }
        var lowest = -Double.infinity
        reach = boxes.map { box in
            lowest = max(lowest, box.maxY)
            return lowest
        }
    }

    /// Calls `body` with the numbers of the boxes that touch `box`, edges included, in no order of meaning.
    ///
    /// - Complexity: O(log *n*) and the boxes in the rows that `box` covers.
    @inline(__always)
    func forEach(touching box: BoundingBox, _ body: (Int) -> Void) {
        var position = firstIndex { reach[$0] >= box.minY }
        while position < boxes.count, boxes[position].minY <= box.maxY {
            let other = boxes[position]
            if other.minX <= box.maxX, box.minX <= other.maxX, box.minY <= other.maxY { body(order[position]) }
            position += 1
        }
    }

    /// The first position where `isPast` holds; it never turns false again.
    private func firstIndex(_ isPast: (Int) -> Bool) -> Int {
        var low = 0
        var high = boxes.count
        while low < high {
            let middle = (low + high) / 2
            if isPast(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
