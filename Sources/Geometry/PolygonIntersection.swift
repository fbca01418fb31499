extension Polygon {
    /// The area that two simple polygons share, convex or concave, in either orientation, collinear corners allowed.
    ///
    /// A self-crossing polygon counts each place as often as its outline winds around it, with sign, as `signedArea`
    /// does: the lobes of a bow-tie cancel. The result is held between 0 and the smaller `area`, so it is defined
    /// for every input, and 0 where either polygon has no area.
    ///
    /// Exact but for rounding: the error is some 1e-15 of the overlap of the two bounding boxes for each pair of
    /// edges, wherever on the plane the polygons lie.
    ///
    /// - Returns: square pixels.
    /// - Complexity: O(*n* · *m*) in the numbers of corners; O(*n* + *m*) where the bounding boxes do not overlap.
    public func intersectionArea(with other: Polygon) -> Double {
        overlap(with: other)?.intersection ?? 0
    }

    /// Intersection over union of two simple polygons.
    ///
    /// - Returns: 0…1; 0 where either polygon has no area. Self-crossing polygons as in `intersectionArea(with:)`.
    /// - Complexity: O(*n* · *m*) in the numbers of corners; O(*n* + *m*) where the bounding boxes do not overlap.
    public func iou(with other: Polygon) -> Double {
        guard let overlap = overlap(with: other) else { return 0 }
        return min(1, overlap.intersection / (overlap.area + overlap.otherArea - overlap.intersection))
    }

    /// nil where the bounding boxes do not overlap or a polygon has no area.
    private func overlap(with other: Polygon) -> (intersection: Double, area: Double, otherArea: Double)? {
        guard let box = boundingBox, let otherBox = other.boundingBox, box.overlaps(otherBox) else { return nil }
        let window = Window(
            minX: max(box.minX, otherBox.minX), minY: max(box.minY, otherBox.minY),
            maxX: min(box.maxX, otherBox.maxX), maxY: min(box.maxY, otherBox.maxY))
        let signedArea = areaAround(window.origin)
        let otherSignedArea = other.areaAround(window.origin)
        let limit = min(abs(signedArea), abs(otherSignedArea))
        guard limit > 0, limit.isFinite else { return nil }
        let sum = window.integral(points, other.points)
        let intersection = min(max(0, (signedArea < 0) == (otherSignedArea < 0) ? sum : -sum), limit)
        return (intersection, abs(signedArea), abs(otherSignedArea))
    }

    /// `signedArea` with coordinates taken from `origin`, which keeps the precision far away from (0, 0).
    private func areaAround(_ origin: Point) -> Double {
        guard points.count > 2, let last = points.last else { return 0 }
        var previous = Point(last.x - origin.x, last.y - origin.y)
        var sum = 0.0
        for point in points {
            let next = Point(point.x - origin.x, point.y - origin.y)
            sum += previous.x * next.y - next.x * previous.y
            previous = next
        }
        return sum / 2
    }
}

/// The overlap of two bounding boxes, the only place where two polygons can meet.
///
/// A polygon's winding number at a place is the sum, over the edges that lie below it (larger y), of the edge's
/// direction: +1 leftwards, -1 rightwards. So the integral of the product of two winding numbers is a sum over pairs
/// of edges: over the stretch of x that both span, the height from the window's top down to the upper edge of the two.
private struct Window {
    var minX, minY, maxX, maxY: Double

    var origin: Point { Point(minX, minY) }

    /// The integral over the window of the product of the winding numbers of `a` and `b`.
    func integral(_ a: [Point], _ b: [Point]) -> Double {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                var sum = 0.0
                var previous = a[a.count - 1]
                for next in a {
                    if let edge = Edge(from: previous, to: next, in: self) { sum += integral(edge, b) }
                    previous = next
                }
                return sum
            }
        }
    }

    @inline(__always)
    private func integral(_ edge: Edge, _ corners: UnsafeBufferPointer<Point>) -> Double {
        let height = maxY - minY
        var sum = 0.0
        var previous = corners[corners.count - 1]
        for next in corners {
            if let other = Edge(from: previous, to: next, in: self) {
                let start = max(edge.minX, other.minX)
                let end = min(edge.maxX, other.maxX)
                if start < end {
                    let area = heightUnderBoth(edge, other, from: start, to: end, height: height)
                    sum += edge.isLeftward == other.isLeftward ? area : -area
                }
            }
            previous = next
        }
        return sum
    }

    /// The integral of the smaller of the two edges' y, held in 0…height, for x from `start` to `end`.
    @inline(__always)
    private func heightUnderBoth(_ a: Edge, _ b: Edge, from start: Double, to end: Double, height: Double) -> Double {
        let aStart = a.y(at: start)
        let aEnd = a.y(at: end)
        let bStart = b.y(at: start)
        let bEnd = b.y(at: end)
        let before = aStart - bStart
        let after = aEnd - bEnd
        guard (before < 0) != (after < 0), before != 0, after != 0 else {
            return (end - start) * meanHeld(min(aStart, bStart), min(aEnd, bEnd), height)
        }
        let crossing = before / (before - after)
        let y = aStart + crossing * (aEnd - aStart)
        let left = crossing * meanHeld(min(aStart, bStart), y, height)
        let right = (1 - crossing) * meanHeld(y, min(aEnd, bEnd), height)
        return (end - start) * (left + right)
    }

    /// The mean of a value that goes linearly from `first` to `last`, each momentary value held in 0…height.
    @inline(__always)
    private func meanHeld(_ first: Double, _ last: Double, _ height: Double) -> Double {
        let low = min(first, last)
        let high = max(first, last)
        if low >= 0 && high <= height { return (low + high) / 2 }
        if high <= 0 { return 0 }
        if low >= height { return height }
        let heldLow = max(low, 0)
        let heldHigh = min(high, height)
        return ((heldHigh - heldLow) * (heldLow + heldHigh) / 2 + (high - heldHigh) * height) / (high - low)
    }
}

/// One edge of a polygon in a window's coordinates.
private struct Edge {
    let isLeftward: Bool
    let minX, maxX: Double
    private let firstX, firstY, width, rise: Double

    /// nil where the edge does not reach into the window's columns, or is upright.
    @inline(__always)
    init?(from start: Point, to end: Point, in window: Window) {
        isLeftward = end.x < start.x
        let left = isLeftward ? end : start
        let right = isLeftward ? start : end
        minX = max(left.x, window.minX) - window.minX
        maxX = min(right.x, window.maxX) - window.minX
        guard minX < maxX else { return nil }
        firstX = left.x - window.minX
        firstY = left.y - window.minY
        width = right.x - left.x
        rise = right.y - left.y
    }

    @inline(__always)
    func y(at x: Double) -> Double {
        firstY + (x - firstX) / width * rise
    }
}
