/// Horizontal edges, which lie between two scanbeams.
extension OutlineUnion {
    mutating func pushHorizontal(_ edge: Reference) {
        edge.pointee.nextSorted = sorted
        edge.pointee.previousSorted = nil
        sorted?.pointee.previousSorted = edge
        sorted = edge
    }

    mutating func processHorizontals() {
        while let edge = sorted {
            sorted = edge.pointee.nextSorted
            sorted?.pointee.previousSorted = nil
            edge.pointee.nextSorted = nil
            process(edge)
            if isDeclined { return }
        }
    }

    private mutating func process(_ first: Reference) {
        var edge = first
        var last = first
        while let next = last.pointee.nextInBound, next.pointee.isHorizontal { last = next }
        let end = last.pointee.nextInBound == nil ? partner(last) : nil
        var hasPoint = false

        while true {
            let isLast = edge == last
            let goesRight = edge.pointee.bottom.x < edge.pointee.top.x
            let limit = edge.pointee.top.x
            var other = goesRight ? edge.pointee.nextActive : edge.pointee.previousActive
            while let passed = other {
                let x = passed.pointee.current.x
                if goesRight ? x > limit : x < limit { break }
                if x == limit, let above = edge.pointee.nextInBound, passed.pointee.dx < above.pointee.dx { break }
                if edge.pointee.piece >= 0 {
                    let point = addPoint(edge, passed.pointee.current)
                    hasPoint = true
                    noteGhost(point, edge, otherX: edge.pointee.bottom.x)
                }
                if let end, passed == end, isLast {
                    if edge.pointee.piece >= 0 { addMaximum(edge, end, edge.pointee.top) }
                    remove(edge)
                    remove(end)
                    return
                }
                let point = SweepPoint(x, edge.pointee.current.y)
                if goesRight { cross(edge, passed, at: point) } else { cross(passed, edge, at: point) }
                if isDeclined { return }
                other = goesRight ? passed.pointee.nextActive : passed.pointee.previousActive
                swapActive(edge, passed)
            }
            guard let next = edge.pointee.nextInBound, next.pointee.isHorizontal else { break }
            edge = promote(edge, to: next)
            if edge.pointee.piece >= 0 { addPoint(edge, edge.pointee.bottom) }
        }

        if edge.pointee.piece >= 0 && !hasPoint {
            noteGhost(lastPoint(edge), edge, otherX: edge.pointee.top.x)
        }
        if let above = edge.pointee.nextInBound {
            let isOutput = edge.pointee.piece >= 0
            if isOutput { addPoint(edge, edge.pointee.top) }
            let promoted = promote(edge, to: above)
            if isOutput
                && (runsParallel(promoted, promoted.pointee.previousActive)
                    || runsParallel(promoted, promoted.pointee.nextActive))
            {
                isDeclined = true
            }
        } else {
            if edge.pointee.piece >= 0 { addPoint(edge, edge.pointee.top) }
            remove(edge)
        }
    }

    /// Whether an edge that starts here is parallel to the output edge beside it, which passes here.
    private func runsParallel(_ edge: Reference, _ neighbour: Reference?) -> Bool {
        guard let neighbour, neighbour.pointee.current == edge.pointee.bottom, neighbour.pointee.piece >= 0,
            neighbour.pointee.current.y > neighbour.pointee.top.y
        else { return false }
        return Self.areParallel(
            edge.pointee.bottom, edge.pointee.top, neighbour.pointee.bottom, neighbour.pointee.top)
    }

    /// Remembers output along a horizontal edge, and the pending ones that overlap it.
    private mutating func noteGhost(_ point: Int, _ edge: Reference, otherX: Int) {
        var pending = sorted
        while let other = pending {
            if other.pointee.piece >= 0
                && Self.overlap(
                    edge.pointee.bottom.x, edge.pointee.top.x, other.pointee.bottom.x, other.pointee.top.x)
            {
                joins.append(HorizontalJoin(a: lastPoint(other), b: point, end: other.pointee.top))
            }
            pending = other.pointee.nextSorted
        }
        ghosts.append(GhostJoin(x: points[point].point.x, otherX: otherX))
    }
}
