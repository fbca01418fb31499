/// The convex hull of integer points, with the vertices, start and direction of OpenCV's `convexHull` at
/// `clockwise = false`: the minimum-area rectangle breaks ties by them.
///
/// Sklansky's scan over the points sorted by x, then y, then index, one chain for each quarter between the extremes.
package struct ConvexHull: ~Copyable {
    private var sorter = PointSorter()
    private var stack = Buffer<Int32>()
    private var order = Buffer<Int32>()
    /// The hull's vertices as indices into the points.
    package private(set) var vertices = Buffer<Int32>()

    package init() {}

    /// Finds the hull of `points`, of which there is at least one.
    ///
    /// - Complexity: O(n log r), r the number of stretches on which x, then y, rises or falls.
    package mutating func find(_ points: UnsafeBufferPointer<MapPoint>) {
        let total = points.count
        sorter.sort(points)
        let sorted = sorter.sorted
        stack.resize(total + 2)
        order.resize(total + 2)
        vertices.removeAll()
        vertices.reserve(total + 2)
        guard sorted[0].key != sorted[total - 1].key else {
            vertices.append(0)
            return
        }
        var lowest = 0
        var highest = 0
        for index in 1..<total {
            let y = sorted[index].y
            if sorted[lowest].y > y { lowest = index }
            if sorted[highest].y < y { highest = index }
        }

        // Right to the largest y, then on to the left.
        let base = stack.base
        let left = Self.scan(sorted, from: 0, to: highest, base, ignoring: -1, keeping: 1)
        let right = Self.scan(sorted, from: total - 1, to: highest, base + left, ignoring: -1, keeping: -1)
        for index in 0..<right - 1 { vertices.append(sorted[Int(base[left + index])].index) }
        var index = left - 1
        while index > 0 {
            vertices.append(sorted[Int(base[index])].index)
            index -= 1
        }
        let stop = left > 2 ? Int(base[1]) : right > 2 ? Int(base[left + right - 2]) : -1

        // Left to the smallest y, then back to the right.
        var lowLeft = Self.scan(sorted, from: 0, to: lowest, base, ignoring: 1, keeping: -1)
        let lowRightStart = base + lowLeft
        var lowRight = Self.scan(sorted, from: total - 1, to: lowest, lowRightStart, ignoring: 1, keeping: 1)
        if stop >= 0 {
            let check =
                lowLeft > 2
                ? Int(base[1]) : lowLeft + lowRight > 2 ? Int(lowRightStart[2 - lowLeft]) : -1
            if check == stop || (check >= 0 && sorted[check].key == sorted[stop].key) {
                // All points on one line: the lower chain would mirror the upper one.
                lowLeft = min(lowLeft, 2)
                lowRight = min(lowRight, 2)
            }
        }
        for index in 0..<max(0, lowLeft - 1) { vertices.append(sorted[Int(base[index])].index) }
        index = lowRight - 1
        while index > 0 {
            vertices.append(sorted[Int(lowRightStart[index])].index)
            index -= 1
        }
        rotateToIndexOrder()
    }

    /// One chain from `start` to `end`; returns how many positions of `sorted` it left on `stack`.
    private static func scan(
        _ sorted: UnsafePointer<PointSorter.Entry>, from start: Int, to end: Int,
        _ stack: UnsafeMutablePointer<Int32>, ignoring: Int, keeping: Int
    ) -> Int {
        let step = end > start ? 1 : -1
        if start == end || sorted[start].key == sorted[end].key {
            stack[0] = Int32(truncatingIfNeeded: start)
            return 1
        }
        var before = start
        var current = before &+ step
        var next = current &+ step
        var size = 3
        stack[0] = Int32(truncatingIfNeeded: before)
        stack[1] = Int32(truncatingIfNeeded: current)
        stack[2] = Int32(truncatingIfNeeded: next)
        let afterEnd = end &+ step
        while next != afterEnd {
            let by = sorted[next].y &- sorted[current].y
            if by.signum() != ignoring {
                let ax = sorted[current].x &- sorted[before].x
                let bx = sorted[next].x &- sorted[current].x
                let ay = sorted[current].y &- sorted[before].y
                let convexity = ay &* bx &- ax &* by
                if convexity.signum() == keeping && (ax != 0 || ay != 0) {
                    before = current
                    current = next
                    next &+= step
                    stack[size] = Int32(truncatingIfNeeded: next)
                    size &+= 1
                } else if before == start {
                    current = next
                    stack[1] = Int32(truncatingIfNeeded: current)
                    next &+= step
                    stack[2] = Int32(truncatingIfNeeded: next)
                } else {
                    stack[size &- 2] = Int32(truncatingIfNeeded: next)
                    current = before
                    before = Int(stack[size &- 4])
                    size &-= 1
                }
            } else {
                next &+= step
                stack[size &- 1] = Int32(truncatingIfNeeded: next)
            }
        }
        return size &- 1
    }

    /// Where the vertices' indices rise or fall all the way round, starts at the smallest or the largest.
    private mutating func rotateToIndexOrder() {
        let count = vertices.count
        guard count >= 3 else { return }
        let hull = vertices.base
        var smallest = 0
        var largest = 0
        var rises = 0
        for index in 1..<count {
            let vertex = hull[index]
            if hull[index &- 1] < vertex { rises &+= 1 }
            if rises > 1 && rises <= index &- 2 { break }
            if vertex < hull[smallest] { smallest = index }
            if vertex > hull[largest] { largest = index }
        }
        let distance = abs(largest - smallest)
        guard distance == 1 || distance == count - 1, rises <= 1 || rises >= count - 2 else { return }
        let ascending = (largest + 1) % count == smallest
        let start = ascending ? smallest : largest
        guard start > 0 else { return }
        var position = start
        for index in 0..<count {
            order[index] = hull[position]
            let next = position + 1 < count ? position + 1 : 0
            if index < count - 1 && ascending != (hull[position] < hull[next]) { return }
            position = next
        }
        hull.update(from: order.base, count: count)
    }
}
