/// Ramer's and Douglas and Peucker's simplification of a closed contour, with OpenCV's start points, ties and final
/// clean-up (`approxPolyDP`), in double precision.
package struct PolygonApproximator: ~Copyable {
    private struct Slice: BitwiseCopyable {
        var start, end: Int
    }

    private var stack = Buffer<Slice>()
    /// The polygon of the last `approximate`.
    package private(set) var polygon = Buffer<MapPoint>()

    package init() {}

    /// OpenCV's `arcLength` of a closed contour: single-precision sides, summed in double precision.
    package static func arcLength(_ contour: UnsafeBufferPointer<MapPoint>) -> Double {
        let count = contour.count
        guard count > 1 else { return 0 }
        var previous = contour[count - 1]
        var length = 0.0
        for index in 0..<count {
            let point = contour[index]
            let dx = Float(point.x) - Float(previous.x)
            let dy = Float(point.y) - Float(previous.y)
            length += Double((dx * dx + dy * dy).squareRoot())
            previous = point
        }
        return length
    }

    /// Leaves the polygon within `epsilon` of the closed `contour`, which has a point at least, in `polygon`.
    ///
    /// - Complexity: O(n log n) on common contours, O(n^2) at worst.
    package mutating func approximate(_ contour: UnsafeBufferPointer<MapPoint>, epsilon: Double) {
        polygon.removeAll()
        polygon.reserve(contour.count + 1)
        let squaredEpsilon = epsilon * epsilon
        split(contour, squaredEpsilon)
        cleanUp(squaredEpsilon)
    }

    private mutating func split(_ contour: UnsafeBufferPointer<MapPoint>, _ squaredEpsilon: Double) {
        let count = contour.count
        // Three hops to the farthest point find two points far apart.
        var position = 0
        var farthest = 0
        var isFlat = false
        var start = contour[0]
        for _ in 0..<3 {
            position = (position &+ farthest) % count
            start = contour[position]
            position = position &+ 1 == count ? 0 : position &+ 1
            var largest = 0
            for step in stride(from: 1, to: count, by: 1) {
                let point = contour[position]
                position = position &+ 1 == count ? 0 : position &+ 1
                let dx = Int(point.x) &- Int(start.x)
                let dy = Int(point.y) &- Int(start.y)
                let distance = dx &* dx &+ dy &* dy
                if distance > largest {
                    largest = distance
                    farthest = step
                }
            }
            isFlat = Double(largest) <= squaredEpsilon
        }
        guard !isFlat else {
            polygon.append(start)
            return
        }
        stack.removeAll()
        let first = position % count
        let second = (farthest &+ first) % count
        stack.append(Slice(start: second, end: first))
        stack.append(Slice(start: first, end: second))

        while stack.count > 0 {
            let slice = stack[stack.count - 1]
            stack.resize(stack.count - 1)
            let end = contour[slice.end]
            let start = contour[slice.start]
            var position = slice.start &+ 1 == count ? 0 : slice.start &+ 1
            var isClose = true
            var split = 0
            if position != slice.end {
                let dx = Int(end.x) &- Int(start.x)
                let dy = Int(end.y) &- Int(start.y)
                var largest = 0
                while position != slice.end {
                    let point = contour[position]
                    let distance = abs(
                        (Int(point.y) &- Int(start.y)) &* dx &- (Int(point.x) &- Int(start.x)) &* dy)
                    if distance > largest {
                        largest = distance
                        split = position
                    }
                    position = position &+ 1 == count ? 0 : position &+ 1
                }
                let squared = Double(dx) * Double(dx) + Double(dy) * Double(dy)
                isClose = Double(largest) * Double(largest) <= squaredEpsilon * squared
            }
            if isClose {
                polygon.append(start)
            } else {
                stack.append(Slice(start: split, end: slice.end))
                stack.append(Slice(start: slice.start, end: split))
            }
        }
    }

    /// Removes points on almost straight stretches.
    private mutating func cleanUp(_ squaredEpsilon: Double) {
        let count = polygon.count
        let points = polygon.base
        var kept = count
        var read = count - 1
        func advance(_ position: inout Int) {
            position &+= 1
            if position >= count { position = 0 }
        }
        var start = points[read]
        advance(&read)
        var write = read
        var point = points[read]
        advance(&read)
        var index = 0
        while index < count && kept > 2 {
            let end = points[read]
            advance(&read)
            let dx = Double(end.x &- start.x)
            let dy = Double(end.y &- start.y)
            let fromX = Double(point.x &- start.x)
            let fromY = Double(point.y &- start.y)
            let distance = abs(fromX * dy - fromY * dx)
            let along = fromX * Double(end.x &- point.x) + fromY * Double(end.y &- point.y)
            if distance * distance <= 0.5 * squaredEpsilon * (dx * dx + dy * dy) && dx != 0 && dy != 0 && along >= 0 {
                kept &-= 1
                start = end
                points[write] = end
                advance(&write)
                point = points[read]
                advance(&read)
                index &+= 2
                continue
            }
            start = point
            points[write] = point
            advance(&write)
            point = end
            index &+= 1
        }
        polygon.resize(kept)
    }
}
