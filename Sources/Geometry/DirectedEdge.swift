/// One edge of a region, not upright, with the side on which the region lies.
///
/// A region is a bag of such edges: the winding number of a place is the number of bottom edges below it (at larger y)
/// less the number of top edges below it. That needs neither order nor connection, so that what is left of a polygon
/// after others are cut out of it is as good as a polygon.
package struct DirectedEdge: Sendable {
    /// The left end.
    package let x, y: Double
    /// From the left end to the right one; `width` is positive.
    package let width, rise: Double
    /// Whether the region lies above the edge (at smaller y).
    package let isBottom: Bool

    /// The stretch of the edge from `start` to `end` that has the region above it where it goes leftwards; nil where it
    /// is upright.
    @inline(__always)
    package init?(from start: Point, to end: Point) {
        guard start.x != end.x else { return nil }
        isBottom = end.x < start.x
        let left = isBottom ? end : start
        let right = isBottom ? start : end
        x = left.x
        y = left.y
        width = right.x - left.x
        rise = right.y - left.y
    }

    @inline(__always)
    init(x: Double, y: Double, width: Double, rise: Double, isBottom: Bool) {
        self.x = x
        self.y = y
        self.width = width
        self.rise = rise
        self.isBottom = isBottom
    }

    /// The edge's y at `x`.
    @inline(__always)
    func y(at x: Double) -> Double { y + (x - self.x) / width * rise }
}

extension UnsafeBufferPointer where Element == DirectedEdge {
    /// The integral over `window` of the product of this region's winding number and another's: the area that the two
    /// share, where winding numbers are 0 and 1.
    ///
    /// The winding numbers are sums over edges, so the integral is a sum over pairs of them: over the stretch of x that
    /// both span, the height from the window's top down to the upper of the two, with sign.
    ///
    /// - Parameter window: where the bounding boxes of the two overlap.
    /// - Complexity: O(*n* · *m*) in the numbers of edges.
    package func sharedArea(with other: UnsafeBufferPointer<DirectedEdge>, in window: BoundingBox) -> Double {
        withUnsafeTemporaryAllocation(of: Piece.self, capacity: other.count) { pieces in
            var count = 0
            for edge in other {
                guard let piece = Piece(edge, window) else { continue }
                pieces.initializeElement(at: count, to: piece)
                count += 1
            }
            var sum = 0.0
            for edge in self {
                guard let piece = Piece(edge, window) else { continue }
                for position in 0..<count {
                    let other = pieces[position]
                    let start = Swift.max(piece.start, other.start)
                    let end = Swift.min(piece.end, other.end)
                    guard start < end else { continue }
                    let area = piece.heightAboveBoth(other, from: start, to: end, height: window.maxY - window.minY)
                    sum += piece.isBottom == other.isBottom ? area : -area
                }
            }
            return sum
        }
    }
}

/// What of an edge lies in a window's columns and not over it, in coordinates that start at the window's corner.
private struct Piece {
    let isBottom: Bool
    let start, end: Double
    private let x, y, width, rise: Double

    @inline(__always)
    init?(_ edge: DirectedEdge, _ window: BoundingBox) {
        x = edge.x - window.minX
        start = max(x, 0)
        end = min(x + edge.width, window.maxX - window.minX)
        y = edge.y - window.minY
        // Above an edge over the window there is nothing of it.
        guard start < end, y > 0 || y + edge.rise > 0 else { return nil }
        width = edge.width
        rise = edge.rise
        isBottom = edge.isBottom
    }

    @inline(__always)
    private func y(at x: Double) -> Double { y + (x - self.x) / width * rise }

    /// The integral from `start` to `end` of the smaller of the two edges' y, held in 0…height.
    @inline(__always)
    func heightAboveBoth(_ other: Piece, from start: Double, to end: Double, height: Double) -> Double {
        let aStart = y(at: start)
        let aEnd = y(at: end)
        let bStart = other.y(at: start)
        let bEnd = other.y(at: end)
        let before = aStart - bStart
        let after = aEnd - bEnd
        guard (before < 0) != (after < 0), before != 0, after != 0 else {
            return (end - start) * Self.meanHeld(min(aStart, bStart), min(aEnd, bEnd), height)
        }
        let crossing = before / (before - after)
        let y = aStart + crossing * (aEnd - aStart)
        let left = crossing * Self.meanHeld(min(aStart, bStart), y, height)
        let right = (1 - crossing) * Self.meanHeld(y, min(aEnd, bEnd), height)
        return (end - start) * (left + right)
    }

    /// The mean of a value that goes linearly from `first` to `last`, held in 0…height at each moment.
    @inline(__always)
    private static func meanHeld(_ first: Double, _ last: Double, _ height: Double) -> Double {
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
