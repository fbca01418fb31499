/// The list of active edges, and what happens where a scanbeam begins and ends.
extension OutlineUnion {
    typealias Reference = SweepEdge.Reference

    // MARK: Active edges

    private mutating func insert(_ edge: Reference, after start: Reference?) {
        guard let head = active else {
            edge.pointee.previousActive = nil
            edge.pointee.nextActive = nil
            active = edge
            return
        }
        if start == nil && Self.isLeft(edge, of: head) {
            edge.pointee.previousActive = nil
            edge.pointee.nextActive = head
            head.pointee.previousActive = edge
            active = edge
            return
        }
        var place = start ?? head
        while let next = place.pointee.nextActive, !Self.isLeft(edge, of: next) { place = next }
        let next = place.pointee.nextActive
        edge.pointee.nextActive = next
        next?.pointee.previousActive = edge
        edge.pointee.previousActive = place
        place.pointee.nextActive = edge
    }

    private static func isLeft(_ edge: Reference, of other: Reference) -> Bool {
        if edge.pointee.current.x != other.pointee.current.x {
            return edge.pointee.current.x < other.pointee.current.x
        }
        if edge.pointee.top.y > other.pointee.top.y {
            return edge.pointee.top.x < other.pointee.x(at: edge.pointee.top.y)
        }
        return other.pointee.top.x > edge.pointee.x(at: other.pointee.top.y)
    }

    mutating func remove(_ edge: Reference) {
        let previous = edge.pointee.previousActive
        let next = edge.pointee.nextActive
        if previous == nil && next == nil && edge != active { return }
        if let previous { previous.pointee.nextActive = next } else { active = next }
        next?.pointee.previousActive = previous
        edge.pointee.nextActive = nil
        edge.pointee.previousActive = nil
    }

    mutating func swapActive(_ a: Reference, _ b: Reference) {
        if a.pointee.nextActive == a.pointee.previousActive || b.pointee.nextActive == b.pointee.previousActive {
            return
        }
        if b.pointee.nextActive == a {
            swapNeighbours(b, a)
        } else if a.pointee.nextActive == b {
            swapNeighbours(a, b)
        } else {
            let (previousA, nextA) = (a.pointee.previousActive, a.pointee.nextActive)
            let (previousB, nextB) = (b.pointee.previousActive, b.pointee.nextActive)
            a.pointee.nextActive = nextB
            nextB?.pointee.previousActive = a
            a.pointee.previousActive = previousB
            previousB?.pointee.nextActive = a
            b.pointee.nextActive = nextA
            nextA?.pointee.previousActive = b
            b.pointee.previousActive = previousA
            previousA?.pointee.nextActive = b
        }
        if a.pointee.previousActive == nil {
            active = a
        } else if b.pointee.previousActive == nil {
            active = b
        }
    }

    private func swapNeighbours(_ left: Reference, _ right: Reference) {
        let next = right.pointee.nextActive
        let previous = left.pointee.previousActive
        next?.pointee.previousActive = left
        previous?.pointee.nextActive = right
        right.pointee.previousActive = previous
        right.pointee.nextActive = left
        left.pointee.previousActive = right
        left.pointee.nextActive = next
    }

    /// Replaces an edge by the next of its bound; returns that one.
    mutating func promote(_ edge: Reference, to next: Reference) -> Reference {
        next.pointee.piece = edge.pointee.piece
        next.pointee.isLeft = edge.pointee.isLeft
        next.pointee.winding = edge.pointee.winding
        next.pointee.windingCount = edge.pointee.windingCount
        next.pointee.current = next.pointee.bottom
        let (left, right) = (edge.pointee.previousActive, edge.pointee.nextActive)
        if let left { left.pointee.nextActive = next } else { active = next }
        right?.pointee.previousActive = next
        next.pointee.previousActive = left
        next.pointee.nextActive = right
        if !next.pointee.isHorizontal { scanbeams.insert(next.pointee.top.y) }
        return next
    }

    // MARK: Bottoms

    mutating func insertMinima(at y: Int) {
        while minimaTaken < minimaInOrder.count && minimaInOrder[minimaTaken].y == y {
            let minimum = minimaInOrder[minimaTaken]
            minimaTaken += 1
            let (left, right) = (minimum.left, minimum.right)
            insert(left, after: nil)
            insert(right, after: left)
            countWinding(left)
            right.pointee.windingCount = left.pointee.windingCount
            var isOutput = false
            if left.pointee.windingCount == 1 {
                _ = addMinimum(left, right, left.pointee.bottom)
                isOutput = true
            }
            scanbeams.insert(left.pointee.top.y)
            if right.pointee.isHorizontal {
                pushHorizontal(right)
                if let above = right.pointee.nextInBound { scanbeams.insert(above.pointee.top.y) }
            } else {
                scanbeams.insert(right.pointee.top.y)
            }
            if isOutput && right.pointee.isHorizontal && overlapsGhost(right) { isDeclined = true }
            if sharesEdge(left, with: left.pointee.previousActive, from: left.pointee.bottom.x) { isDeclined = true }
            if left.pointee.nextActive != right {
                if let neighbour = right.pointee.previousActive, right.pointee.piece >= 0,
                    neighbour.pointee.piece >= 0,
                    Self.areParallel(
                        neighbour.pointee.current, neighbour.pointee.top, right.pointee.current, right.pointee.top)
                {
                    isDeclined = true
                }
                var between = left.pointee.nextActive
                while let edge = between, edge != right {
                    cross(right, edge, at: left.pointee.current)
                    between = edge.pointee.nextActive
                }
            }
            if isDeclined { return }
        }
    }

    /// Whether the left edge of a minimum lies along the output edge to its left.
    private func sharesEdge(_ edge: Reference, with neighbour: Reference?, from x: Int) -> Bool {
        guard let neighbour, edge.pointee.piece >= 0, neighbour.pointee.piece >= 0, neighbour.pointee.current.x == x
        else { return false }
        return Self.areParallel(
            neighbour.pointee.bottom, neighbour.pointee.top, edge.pointee.current, edge.pointee.top)
    }

    private func overlapsGhost(_ edge: Reference) -> Bool {
        ghosts.elements.contains {
            Self.overlap($0.x, $0.otherX, edge.pointee.bottom.x, edge.pointee.top.x)
        }
    }

    static func overlap(_ a1: Int, _ a2: Int, _ b1: Int, _ b2: Int) -> Bool {
        min(a1, a2) < max(b1, b2) && min(b1, b2) < max(a1, a2)
    }

    private func countWinding(_ edge: Reference) {
        let winding = edge.pointee.winding
        guard let left = edge.pointee.previousActive else {
            edge.pointee.windingCount = winding
            return
        }
        let count = left.pointee.windingCount
        let leavesLeft = count * left.pointee.winding < 0
        if leavesLeft && abs(count) <= 1 {
            edge.pointee.windingCount = winding
        } else {
            edge.pointee.windingCount = left.pointee.winding * winding < 0 ? count : count + winding
        }
    }

    // MARK: Tops

    mutating func processTops(_ y: Int) {
        var edge = active
        while let here = edge {
            if here.pointee.top.y == y, here.pointee.nextInBound == nil, !endsInHorizontal(here) {
                let previous = here.pointee.previousActive
                endBound(here)
                if isDeclined { return }
                edge = previous.map { $0.pointee.nextActive } ?? active
                continue
            }
            if here.pointee.top.y == y, let above = here.pointee.nextInBound, above.pointee.isHorizontal {
                let promoted = promote(here, to: above)
                if promoted.pointee.piece >= 0 { addPoint(promoted, promoted.pointee.bottom) }
                pushHorizontal(promoted)
                edge = promoted.pointee.nextActive
            } else {
                here.pointee.current = SweepPoint(here.pointee.x(at: y), y)
                edge = here.pointee.nextActive
            }
        }
        processHorizontals()
        if isDeclined { return }

        edge = active
        while let here = edge {
            guard here.pointee.top.y == y, let above = here.pointee.nextInBound else {
                edge = here.pointee.nextActive
                continue
            }
            let isOutput = here.pointee.piece >= 0
            if isOutput { addPoint(here, here.pointee.top) }
            let promoted = promote(here, to: above)
            if isOutput
                && (runsAlong(promoted, promoted.pointee.previousActive)
                    || runsAlong(promoted, promoted.pointee.nextActive))
            {
                isDeclined = true
                return
            }
            edge = promoted.pointee.nextActive
        }
    }

    /// Whether an edge that starts here lies along the output edge beside it.
    func runsAlong(_ edge: Reference, _ neighbour: Reference?) -> Bool {
        guard let neighbour, neighbour.pointee.current == edge.pointee.bottom, neighbour.pointee.piece >= 0,
            neighbour.pointee.current.y > neighbour.pointee.top.y
        else { return false }
        return Self.areParallel(
            edge.pointee.current, edge.pointee.top, neighbour.pointee.current, neighbour.pointee.top)
    }

    private func endsInHorizontal(_ edge: Reference) -> Bool { activePartner(edge)?.pointee.isHorizontal ?? false }

    /// The edge that shares `edge`'s local maximum.
    func partner(_ edge: Reference) -> Reference? {
        let (next, previous) = (edge.pointee.next, edge.pointee.previous)
        if next.pointee.top == edge.pointee.top && next.pointee.nextInBound == nil { return next }
        if previous.pointee.top == edge.pointee.top && previous.pointee.nextInBound == nil { return previous }
        return nil
    }

    /// The same; nil where it is not active, unless it is horizontal.
    private func activePartner(_ edge: Reference) -> Reference? {
        guard let other = partner(edge) else { return nil }
        let isAlone = other.pointee.nextActive == other.pointee.previousActive
        return isAlone && !other.pointee.isHorizontal ? nil : other
    }

    private mutating func endBound(_ edge: Reference) {
        guard let partner = activePartner(edge) else {
            if edge.pointee.piece >= 0 { addPoint(edge, edge.pointee.top) }
            remove(edge)
            return
        }
        while let next = edge.pointee.nextActive, next != partner {
            cross(edge, next, at: edge.pointee.top)
            if isDeclined { return }
            swapActive(edge, next)
        }
        if edge.pointee.piece >= 0 && partner.pointee.piece >= 0 {
            addMaximum(edge, partner, edge.pointee.top)
        } else if edge.pointee.piece >= 0 || partner.pointee.piece >= 0 {
            isDeclined = true
        }
        remove(edge)
        remove(partner)
    }
}
