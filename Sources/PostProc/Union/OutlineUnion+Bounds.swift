extension OutlineUnion {
    /// Turns the outline into edges, and these into bounds that rise from local minima.
    ///
    /// - Returns: false where the outline has no area to speak of, or is declined.
    mutating func addPath(_ outline: UnsafeBufferPointer<MapPoint>) -> Bool {
        var last = outline.count - 1
        while last > 0 && outline[last] == outline[0] { last -= 1 }
        while last > 0 && outline[last] == outline[last - 1] { last -= 1 }
        guard last >= 2 else { return false }
        linkRing(outline, last)
        guard let start = dropIdlePoints() else { return false }

        var edge = start
        var isFlat = true
        var (lowest, highest) = (Int.max, Int.min)
        repeat {
            Self.orient(edge)
            lowest = min(lowest, edge.pointee.top.y)
            highest = max(highest, edge.pointee.bottom.y)
            edge = edge.pointee.next
            if edge.pointee.current.y != start.pointee.current.y { isFlat = false }
        } while edge != start
        if isFlat { return false }
        guard highest - lowest < ScanbeamQueue.maxSpan else {
            isDeclined = true
            return false
        }
        scanbeams.reset(lowest: lowest, highest: highest)
        findMinima(from: start)
        sortMinima()
        return true
    }

    private mutating func linkRing(_ outline: UnsafeBufferPointer<MapPoint>, _ last: Int) {
        edges.resize(last + 1)
        let base = edges.base
        let zero = SweepPoint(0, 0)
        for index in 0...last {
            let point = outline[index]
            base[index] = SweepEdge(
                bottom: zero, current: SweepPoint(Int(point.x), Int(point.y)), top: zero, dx: 0, isLeft: true,
                winding: 0, windingCount: 0, piece: -1, next: base + (index == last ? 0 : index + 1),
                previous: base + (index == 0 ? last : index - 1))
        }
    }

    /// Takes repeated points, points on straight stretches and spikes out of the ring; nil where less than a triangle
    /// is left.
    private func dropIdlePoints() -> SweepEdge.Reference? {
        var start = edges.base
        var edge = start
        var stop = start
        while true {
            let next = edge.pointee.next
            let previous = edge.pointee.previous
            if edge.pointee.current == next.pointee.current {
                if edge == next { break }
                if edge == start { start = next }
                edge = Self.unlink(edge)
                stop = edge
                continue
            }
            if previous == next { break }
            if Self.areInLine(previous.pointee.current, edge.pointee.current, next.pointee.current) {
                if edge == start { start = next }
                edge = Self.unlink(edge).pointee.previous
                stop = edge
                continue
            }
            edge = next
            if edge == stop { break }
        }
        return edge.pointee.previous == edge.pointee.next ? nil : start
    }

    /// Takes an edge out of the ring; returns the one after it.
    private static func unlink(_ edge: SweepEdge.Reference) -> SweepEdge.Reference {
        let next = edge.pointee.next
        let previous = edge.pointee.previous
        previous.pointee.next = next
        next.pointee.previous = previous
        return next
    }

    @inline(__always) static func areInLine(_ a: SweepPoint, _ b: SweepPoint, _ c: SweepPoint) -> Bool {
        (a.y &- b.y) &* (b.x &- c.x) == (a.x &- b.x) &* (b.y &- c.y)
    }

    private static func orient(_ edge: SweepEdge.Reference) {
        let from = edge.pointee.current
        let to = edge.pointee.next.pointee.current
        let (bottom, top) = from.y >= to.y ? (from, to) : (to, from)
        edge.pointee.bottom = bottom
        edge.pointee.top = top
        let rows = top.y - bottom.y
        edge.pointee.dx = rows == 0 ? SweepEdge.horizontal : Double(top.x - bottom.x) / Double(rows)
    }

    private mutating func findMinima(from start: SweepEdge.Reference) {
        var edge = start
        let before = edge.pointee.previous
        if before.pointee.bottom == before.pointee.top { edge = edge.pointee.next }
        var first: SweepEdge.Reference?
        while true {
            edge = Self.nextMinimum(edge)
            if edge == first { return }
            if first == nil { first = edge }
            // The edge and the one before share a bottom; the larger dx leads farther left.
            let previous = edge.pointee.previous
            let leftIsForward = !(edge.pointee.dx < previous.pointee.dx)
            let (left, right) = leftIsForward ? (edge, previous) : (previous, edge)
            left.pointee.winding = left.pointee.next == right ? -1 : 1
            right.pointee.winding = -left.pointee.winding
            let y = edge.pointee.bottom.y
            let afterLeft = Self.linkBound(left, isForward: leftIsForward)
            let afterRight = Self.linkBound(right, isForward: !leftIsForward)
            minima.append(LocalMinimum(y: y, left: left, right: right))
            edge = leftIsForward ? afterLeft : afterRight
        }
    }

    private static func nextMinimum(_ start: SweepEdge.Reference) -> SweepEdge.Reference {
        var edge = start
        while true {
            while edge.pointee.bottom != edge.pointee.previous.pointee.bottom
                || edge.pointee.current == edge.pointee.top
            {
                edge = edge.pointee.next
            }
            if !edge.pointee.isHorizontal && !edge.pointee.previous.pointee.isHorizontal { return edge }
            while edge.pointee.previous.pointee.isHorizontal { edge = edge.pointee.previous }
            let leftmost = edge
            while edge.pointee.isHorizontal { edge = edge.pointee.next }
            if edge.pointee.top.y == edge.pointee.previous.pointee.bottom.y { continue }
            return leftmost.pointee.previous.pointee.bottom.x < edge.pointee.bottom.x ? leftmost : edge
        }
    }

    /// Links the edges that rise from `start` into a bound; returns the edge beyond it.
    private static func linkBound(_ start: SweepEdge.Reference, isForward: Bool) -> SweepEdge.Reference {
        func ahead(_ edge: SweepEdge.Reference) -> SweepEdge.Reference {
            isForward ? edge.pointee.next : edge.pointee.previous
        }
        func behind(_ edge: SweepEdge.Reference) -> SweepEdge.Reference {
            isForward ? edge.pointee.previous : edge.pointee.next
        }
        if start.pointee.isHorizontal {
            let before = behind(start)
            let bottomX = start.pointee.bottom.x
            if before.pointee.isHorizontal {
                if before.pointee.bottom.x != bottomX && before.pointee.top.x != bottomX { turnRound(start) }
            } else if before.pointee.bottom.x != bottomX {
                turnRound(start)
            }
        }
        var last = start
        while last.pointee.top.y == ahead(last).pointee.bottom.y { last = ahead(last) }
        if last.pointee.isHorizontal {
            // Horizontal edges at the top belong to the bound that meets their left end.
            var first = last
            while behind(first).pointee.isHorizontal { first = behind(first) }
            let leftX = behind(first).pointee.top.x
            let rightX = ahead(last).pointee.top.x
            if leftX > rightX || (!isForward && leftX == rightX) { last = behind(first) }
        }
        var edge = start
        while true {
            if edge != last { edge.pointee.nextInBound = ahead(edge) }
            if edge.pointee.isHorizontal && edge != start && edge.pointee.bottom.x != behind(edge).pointee.top.x {
                turnRound(edge)
            }
            if edge == last { return ahead(last) }
            edge = ahead(edge)
        }
    }

    /// Makes a horizontal edge's bottom the end that its bound comes from.
    private static func turnRound(_ edge: SweepEdge.Reference) {
        swap(&edge.pointee.top.x, &edge.pointee.bottom.x)
    }

    /// Bottom-most first; ties in the C++ library's order.
    private mutating func sortMinima() {
        order.sort(count: minima.count) { minima[$0].y }
        minimaInOrder.removeAll()
        for index in 0..<minima.count { minimaInOrder.append(minima[Int(order[index])]) }
        for minimum in minimaInOrder.elements {
            scanbeams.insert(minimum.y)
            minimum.left.pointee.current = minimum.left.pointee.bottom
            minimum.left.pointee.isLeft = true
            minimum.right.pointee.current = minimum.right.pointee.bottom
            minimum.right.pointee.isLeft = false
        }
    }
}
