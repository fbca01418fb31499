/// The inside of a polygon by the even-odd rule, with parts cut out where wanted, ready to be intersected with others.
package struct Region: Sendable {
    package let edges: [DirectedEdge]

    /// The inside of `polygon`, self-crossing or not, less the insides of `holes` but for what is inside `kept`.
    ///
    /// Where sides cut one another into more than 4,096 pieces, no text but a tangle, winding numbers stand in for the
    /// even-odd rule and holes are left out: a result as defined, and not as slow.
    ///
    /// - Complexity: O(*n*²) in the number of corners of them all; a tangle at most 4,096 times *n*.
    package init(_ polygon: Polygon, without holes: [Polygon] = [], butFor kept: [Polygon] = []) {
        let edges = polygon.directedEdges
        if holes.isEmpty, polygon.isConvex || polygon.hasSeparateSides || Self.isSimple(edges, polygon) {
            self.edges = polygon.signedArea < 0 ? edges.map(\.reversed) : edges
        } else {
            self.edges =
                Self.arranged(polygon, holes, kept) ?? (polygon.signedArea < 0 ? edges.map(\.reversed) : edges)
        }
    }

    /// The area inside, in square pixels.
    package var area: Double { Self.area(edges) }

    /// The area of the region of these edges, in square pixels.
    package static func area(_ edges: some Collection<DirectedEdge>) -> Double {
        moments(edges).area
    }

    /// The centre of gravity; nil without area.
    package var centroid: Point? {
        let (area, x, y) = Self.moments(edges)
        guard area > 0, let origin = edges.first else { return nil }
        return Point(origin.x + x / area, origin.y + y / area)
    }

    /// The area and its first moments about the first edge's left end.
    private static func moments(_ edges: some Collection<DirectedEdge>) -> (area: Double, x: Double, y: Double) {
        guard let origin = edges.first else { return (0, 0, 0) }
        var (area, x, y) = (0.0, 0.0, 0.0)
        for edge in edges {
            // What lies between the edge and the line y = 0: bottom edges add it, top ones take it away.
            let width = edge.isBottom ? edge.width : -edge.width
            let (left, top, rise) = (edge.x - origin.x, edge.y - origin.y, edge.rise)
            area += width * (top + rise / 2)
            x += width * (left * (top + rise / 2) + edge.width * (top / 2 + rise / 3))
            y += width * (top * top + top * rise + rise * rise / 3) / 2
        }
        return (area, x, y)
    }

    /// Whether the winding number is the same sign everywhere and never beyond 1: then its square integrates to the area.
    private static func isSimple(_ edges: [DirectedEdge], _ polygon: Polygon) -> Bool {
        guard let box = polygon.boundingBox else { return true }
        let square = edges.withUnsafeBufferPointer { $0.sharedArea(with: $0, in: box) }
        return abs(square - polygon.area) <= 1e-9 * polygon.area
    }

    /// Splits all edges where they meet and keeps the pieces that have the region on one side only; nil for a tangle.
    private static func arranged(_ polygon: Polygon, _ holes: [Polygon], _ kept: [Polygon]) -> [DirectedEdge]? {
        let outlines = [polygon] + holes + kept
        let ends = 1 + holes.count
        let edges = outlines.enumerated().flatMap { outline, polygon in
            polygon.directedEdges.map { (outline: outline, edge: $0) }
        }
        let uprights = outlines.flatMap(\.uprights)
        var result: [DirectedEdge] = []
        var pieces = 0
        var isInside = [Bool](repeating: false, count: outlines.count)
        func isInRegion() -> Bool {
            isInside[0] && (!isInside[1..<ends].contains(true) || isInside[ends...].contains(true))
        }
        for (index, (outline, edge)) in edges.enumerated() {
            var cuts = [edge.x, edge.x + edge.width]
            for (other, (_, crossing)) in edges.enumerated() where other != index {
                // The same order for both edges of a pair, so that both are cut at the same place.
                cuts += index < other ? edge.meetings(crossing) : crossing.meetings(edge)
            }
            for upright in uprights where upright.contains(edge) { cuts.append(upright.x) }
            pieces += cuts.count - 1
            if pieces > 4096 { return nil }
            cuts.sort()
            for (start, end) in zip(cuts, cuts.dropFirst()) where start < end {
                let middle = start + (end - start) / 2
                let y = edge.y(at: middle)
                for outline in outlines.indices { isInside[outline] = false }
                for (other, (outline, crossing)) in edges.enumerated() where other != index {
                    guard crossing.x <= middle, middle < crossing.x + crossing.width else { continue }
                    let otherY = crossing.y(at: middle)
                    if otherY < y || (otherY == y && other < index) { isInside[outline].toggle() }
                }
                let above = isInRegion()
                isInside[outline].toggle()
                let below = isInRegion()
                if above != below { result.append(edge.piece(from: start, to: end, isBottom: above)) }
            }
        }
        return result
    }
}

/// An upright side of a polygon.
private struct Upright {
    let x, minY, maxY: Double

    func contains(_ edge: DirectedEdge) -> Bool {
        guard edge.x < x, x < edge.x + edge.width else { return false }
        let y = edge.y(at: x)
        return minY <= y && y <= maxY
    }
}

extension Polygon {
    fileprivate var uprights: [Upright] {
        zip(points, points.dropFirst() + points.prefix(1)).filter { $0.x == $1.x }
            .map { Upright(x: $0.x, minY: min($0.y, $1.y), maxY: max($0.y, $1.y)) }
    }

    /// The edges with the region above where they go leftwards: inside is positive where corners run clockwise on screen.
    var directedEdges: [DirectedEdge] {
        guard var previous = points.last else { return [] }
        var edges: [DirectedEdge] = []
        edges.reserveCapacity(points.count)
        for point in points {
            if let edge = DirectedEdge(from: previous, to: point) { edges.append(edge) }
            previous = point
        }
        return edges
    }

    /// Whether no two sides touch but neighbours in their common corner, which makes a polygon simple; false where
    /// corners repeat.
    fileprivate var hasSeparateSides: Bool {
        points.withUnsafeBufferPointer { points in
            guard var before = points.last else { return false }
            for index in points.indices {
                let a = before
                let b = points[index]
                before = b
                let minX = min(a.x, b.x)
                let maxX = max(a.x, b.x)
                let minY = min(a.y, b.y)
                let maxY = max(a.y, b.y)
                for other in points.indices.dropFirst(index + 1) {
                    let c = points[other - 1]
                    let d = points[other]
                    if min(c.x, d.x) > maxX || max(c.x, d.x) < minX || min(c.y, d.y) > maxY || max(c.y, d.y) < minY {
                        continue
                    }
                    if other == index + 1 || (index == 0 && other == points.count - 1) {
                        // Neighbours: they only must not fold back onto each other.
                        let along = (b.x - a.x) * (d.x - c.x) + (b.y - a.y) * (d.y - c.y)
                        let turn = (b.x - a.x) * (d.y - c.y) - (b.y - a.y) * (d.x - c.x)
                        if turn == 0 && along <= 0 { return false }
                        continue
                    }
                    let fromA = Point.turn(a, b, c)
                    let toB = Point.turn(a, b, d)
                    let ofC = Point.turn(c, d, a)
                    let ofD = Point.turn(c, d, b)
                    if fromA * toB <= 0 && ofC * ofD <= 0 { return false }
                }
            }
            return true
        }
    }

    /// Whether all turns go one way and the outline goes round once.
    var isConvex: Bool {
        guard points.count > 2 else { return false }
        var turns = 0.0
        var reversals = 0
        var direction = 0.0
        for index in points.indices {
            let a = points[index]
            let b = points[(index + 1) % points.count]
            let c = points[(index + 2) % points.count]
            let turn = (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x)
            if turn * turns < 0 { return false }
            if turn != 0 { turns = turn }
            // A spike turns by half a circle and shows as no turn at all; a repeated corner hides one.
            if turn == 0, (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y) <= 0 { return false }
            let step = b.x - a.x
            if step * direction < 0 { reversals += 1 }
            if step != 0 { direction = step }
        }
        return reversals <= 2
    }
}

extension Point {
    /// Twice the signed area of the triangle: positive where the three turn clockwise on screen.
    @inline(__always)
    fileprivate static func turn(_ a: Point, _ b: Point, _ c: Point) -> Double {
        (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
    }
}

extension DirectedEdge {
    fileprivate var reversed: DirectedEdge {
        DirectedEdge(x: x, y: y, width: width, rise: rise, isBottom: !isBottom)
    }

    fileprivate func piece(from start: Double, to end: Double, isBottom: Bool) -> DirectedEdge {
        let first = y(at: start)
        return DirectedEdge(x: start, y: first, width: end - start, rise: y(at: end) - first, isBottom: isBottom)
    }

    /// Where along x the two meet: crossings, and ends of either that lie on the other.
    fileprivate func meetings(_ other: DirectedEdge) -> [Double] {
        let start = max(x, other.x)
        let end = min(x + width, other.x + other.width)
        guard start < end else { return [] }
        let before = y(at: start) - other.y(at: start)
        let after = y(at: end) - other.y(at: end)
        if before == 0 || after == 0 { return (before == 0 ? [start] : []) + (after == 0 ? [end] : []) }
        guard (before < 0) != (after < 0) else { return [] }
        return [start + before / (before - after) * (end - start)]
    }
}
