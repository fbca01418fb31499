/// Edges that change places within a scanbeam.
extension OutlineUnion {
    /// Finds the crossings below row `top` and works them off; false where they are declined.
    mutating func processCrossings(_ top: Int) -> Bool {
        guard let head = active else { return true }
        guard moveTo(top, head) else { return true }
        findCrossings(top, head)
        guard crossings.count == 1 || orderCrossings() else {
            isDeclined = true
            return false
        }
        for crossing in crossings.elements {
            cross(crossing.left, crossing.right, at: crossing.point)
            if isDeclined { return false }
            swapActive(crossing.left, crossing.right)
        }
        crossings.removeAll()
        sorted = nil
        return true
    }

    /// Moves each active edge's x to row `y`; returns whether any two neighbours are now the wrong way round.
    private func moveTo(_ y: Int, _ head: Reference) -> Bool {
        var hasCrossings = false
        var previous = Int.min
        var edge: Reference? = head
        while let here = edge {
            let x = here.pointee.x(at: y)
            here.pointee.current.x = x
            if previous > x { hasCrossings = true }
            previous = x
            edge = here.pointee.nextActive
        }
        return hasCrossings
    }

    /// Copies the active edges' order into the sorted list's links.
    private mutating func copyOrder(_ head: Reference) {
        sorted = head
        var edge: Reference? = head
        while let here = edge {
            here.pointee.previousSorted = here.pointee.previousActive
            here.pointee.nextSorted = here.pointee.nextActive
            edge = here.pointee.nextActive
        }
    }

    /// Sorts by bubbling and notes each exchange.
    private mutating func findCrossings(_ top: Int, _ head: Reference) {
        copyOrder(head)
        var isChanged = true
        while isChanged, var edge = sorted {
            isChanged = false
            while let next = edge.pointee.nextSorted {
                if edge.pointee.current.x > next.pointee.current.x {
                    var point = Self.intersection(edge.pointee, next.pointee)
                    if point.y < top { point = SweepPoint(edge.pointee.x(at: top), top) }
                    crossings.append(Crossing(left: edge, right: next, point: point))
                    swapSorted(edge, next)
                    isChanged = true
                } else {
                    edge = next
                }
            }
            // The last is in place: cut it off.
            guard let previous = edge.pointee.previousSorted else { break }
            previous.pointee.nextSorted = nil
        }
        sorted = nil
    }

    /// Bottom-most first, each between edges that are neighbours by then; false where that cannot be had.
    private mutating func orderCrossings() -> Bool {
        guard let head = active else { return false }
        copyOrder(head)
        let count = crossings.count
        order.sort(count: count) { crossings[$0].point.y }
        crossingsInOrder.removeAll()
        for index in 0..<count { crossingsInOrder.append(crossings[Int(order[index])]) }
        swap(&crossings, &crossingsInOrder)
        let base = crossings.base
        for index in 0..<count {
            var neighbour = index
            while neighbour < count && !Self.areNeighbours(base[neighbour]) { neighbour += 1 }
            if neighbour == count { return false }
            if neighbour != index { swap(&base[index], &base[neighbour]) }
            swapSorted(base[index].left, base[index].right)
        }
        return true
    }

    private static func areNeighbours(_ crossing: Crossing) -> Bool {
        crossing.left.pointee.nextSorted == crossing.right || crossing.left.pointee.previousSorted == crossing.right
    }

    /// Exchanges two neighbours of the sorted list.
    private mutating func swapSorted(_ a: Reference, _ b: Reference) {
        let (left, right) = a.pointee.nextSorted == b ? (a, b) : (b, a)
        let next = right.pointee.nextSorted
        let previous = left.pointee.previousSorted
        next?.pointee.previousSorted = left
        previous?.pointee.nextSorted = right
        right.pointee.previousSorted = previous
        right.pointee.nextSorted = left
        left.pointee.previousSorted = right
        left.pointee.nextSorted = next
        if previous == nil { sorted = right }
    }

    /// Where two edges cross, rounded, and kept between the tops of both and the scanbeam's bottom.
    private static func intersection(_ a: SweepEdge, _ b: SweepEdge) -> SweepPoint {
        if a.dx == b.dx { return SweepPoint(a.x(at: a.current.y), a.current.y) }
        var point: SweepPoint
        if a.dx == 0 {
            point = SweepPoint(a.bottom.x, row(of: b, atX: a.bottom.x))
        } else if b.dx == 0 {
            point = SweepPoint(b.bottom.x, row(of: a, atX: b.bottom.x))
        } else {
            let interceptA = Double(a.bottom.x) - Double(a.bottom.y) * a.dx
            let interceptB = Double(b.bottom.x) - Double(b.bottom.y) * b.dx
            let row = (interceptB - interceptA) / (a.dx - b.dx)
            let x = abs(a.dx) < abs(b.dx) ? a.dx * row + interceptA : b.dx * row + interceptB
            point = SweepPoint(SweepEdge.rounded(x), SweepEdge.rounded(row))
        }
        if point.y < a.top.y || point.y < b.top.y {
            point.y = max(a.top.y, b.top.y)
            point.x = abs(a.dx) < abs(b.dx) ? a.x(at: point.y) : b.x(at: point.y)
        }
        if point.y > a.current.y {
            point.y = a.current.y
            point.x = abs(a.dx) > abs(b.dx) ? b.x(at: point.y) : a.x(at: point.y)
        }
        return point
    }

    private static func row(of edge: SweepEdge, atX x: Int) -> Int {
        if edge.isHorizontal { return edge.bottom.y }
        let intercept = Double(edge.bottom.y) - Double(edge.bottom.x) / edge.dx
        return SweepEdge.rounded(Double(x) / edge.dx + intercept)
    }

    /// Lets `e1` pass `e2` at `point`; above it `e1` is to the right.
    mutating func cross(_ e1: Reference, _ e2: Reference, at point: SweepPoint) {
        let (isOutput1, isOutput2) = (e1.pointee.piece >= 0, e2.pointee.piece >= 0)
        let (winding1, winding2) = (e1.pointee.winding, e2.pointee.winding)
        let count1 = e1.pointee.windingCount
        e1.pointee.windingCount = count1 + winding2 == 0 ? -count1 : count1 + winding2
        let count2 = e2.pointee.windingCount
        e2.pointee.windingCount = count2 - winding1 == 0 ? -count2 : count2 - winding1
        let isOuter1 = e1.pointee.windingCount == 0 || e1.pointee.windingCount == 1
        let isOuter2 = e2.pointee.windingCount == 0 || e2.pointee.windingCount == 1

        if isOutput1 && isOutput2 {
            if !isOuter1 || !isOuter2 {
                addMaximum(e1, e2, point)
            } else {
                addPoint(e1, point)
                addPoint(e2, point)
                exchange(e1, e2)
            }
        } else if isOutput1 {
            if isOuter2 {
                addPoint(e1, point)
                exchange(e1, e2)
            }
        } else if isOutput2 {
            if isOuter1 {
                addPoint(e2, point)
                exchange(e1, e2)
            }
        } else if isOuter1 && isOuter2 {
            if e1.pointee.windingCount == 1 && e2.pointee.windingCount == 1 {
                _ = addMinimum(e1, e2, point)
            } else {
                swap(&e1.pointee.isLeft, &e2.pointee.isLeft)
            }
        }
    }

    /// Each edge goes on with the other's piece.
    private func exchange(_ e1: Reference, _ e2: Reference) {
        swap(&e1.pointee.isLeft, &e2.pointee.isLeft)
        swap(&e1.pointee.piece, &e2.pointee.piece)
    }
}
