/// Two output points whose horizontal edges overlap, and the end of the second's edge.
struct HorizontalJoin: BitwiseCopyable {
    var a, b: Int
    var end: SweepPoint
}

/// Output pieces that may share part of a horizontal edge.
extension OutlineUnion {
    /// Whether any noted join would change the output; pieces have their final orientation.
    func hasJoins() -> Bool {
        joins.elements.contains { joinsPieces($0) }
    }

    private func joinsPieces(_ join: HorizontalJoin) -> Bool {
        let y = join.end.y
        guard points[join.a].point.y == y, points[join.b].point.y == y else { return true }
        if points[join.a].point == join.end && points[join.b].point == join.end { return true }
        var (a1, a2) = (join.a, join.a)
        var (b1, b2) = (join.b, join.b)
        // From each point back and on along its horizontal stretch, up to the other's.
        a1 = walk(a1, forward: false, stop: a2, b1)
        a2 = walk(a2, forward: true, stop: a1, b1)
        if points[a2].next == a1 || points[a2].next == b1 { return false }
        b1 = walk(b1, forward: false, stop: b2, a2)
        b2 = walk(b2, forward: true, stop: b1, a1)
        if points[b2].next == b1 || points[b2].next == a1 { return false }
        let (a1x, a2x) = (points[a1].point.x, points[a2].point.x)
        let (b1x, b2x) = (points[b1].point.x, points[b2].point.x)
        guard Self.overlap(a1x, a2x, b1x, b2x) else { return false }
        // Edges of one direction cannot be joined.
        return (a1x > a2x) != (b1x > b2x)
    }

    private func walk(_ start: Int, forward: Bool, stop: Int, _ otherStop: Int) -> Int {
        let y = points[start].point.y
        var index = start
        while true {
            let next = forward ? points[index].next : points[index].previous
            if points[next].point.y != y || next == stop || next == otherStop { return index }
            index = next
        }
    }
}
