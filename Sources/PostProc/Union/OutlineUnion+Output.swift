/// A point of an output piece, in a ring.
struct OutPoint: BitwiseCopyable {
    var point: SweepPoint
    var next, previous: Int
}

/// A part of the output under construction: a ring whose first point is its left end and whose last is its right end.
struct OutPiece: BitwiseCopyable {
    var isHole: Bool
    /// The piece around it; -1 for none.
    var container: Int
    /// Its lowest point, once asked for; -1 before.
    var bottom = -1
    /// The first point; -1 where the piece has been merged into another.
    var first: Int
}

extension OutlineUnion {
    /// Adds a point at the end of `edge`'s piece that `edge` bounds, or starts a piece; returns the point.
    @discardableResult
    mutating func addPoint(_ edge: SweepEdge.Reference, _ point: SweepPoint) -> Int {
        let new = points.count
        let index = edge.pointee.piece
        if index < 0 {
            points.append(OutPoint(point: point, next: new, previous: new))
            edge.pointee.piece = pieces.count
            let container = container(at: edge)
            let isHole = container >= 0 && !pieces[container].isHole
            pieces.append(OutPiece(isHole: isHole, container: container, first: new))
            return new
        }
        let first = pieces[index].first
        let last = points[first].previous
        let isLeft = edge.pointee.isLeft
        if isLeft && points[first].point == point { return first }
        if !isLeft && points[last].point == point { return last }
        points.append(OutPoint(point: point, next: first, previous: last))
        points.base[last].next = new
        points.base[first].previous = new
        if isLeft { pieces.base[index].first = new }
        return new
    }

    /// The end of `edge`'s piece that `edge` bounds.
    func lastPoint(_ edge: SweepEdge.Reference) -> Int {
        let first = pieces[edge.pointee.piece].first
        return edge.pointee.isLeft ? first : points[first].previous
    }

    /// Starts a piece between two edges that part at `point`.
    mutating func addMinimum(_ e1: SweepEdge.Reference, _ e2: SweepEdge.Reference, _ point: SweepPoint) -> Int {
        let e1IsLeft = e2.pointee.isHorizontal || e1.pointee.dx > e2.pointee.dx
        let (left, right) = e1IsLeft ? (e1, e2) : (e2, e1)
        let result = addPoint(left, point)
        right.pointee.piece = left.pointee.piece
        left.pointee.isLeft = true
        right.pointee.isLeft = false
        let previous =
            left.pointee.previousActive == right ? right.pointee.previousActive : left.pointee.previousActive
        if let previous, previous.pointee.piece >= 0, previous.pointee.top.y < point.y, left.pointee.top.y < point.y {
            let x = left.pointee.x(at: point.y)
            let from = SweepPoint(x, point.y)
            if previous.pointee.x(at: point.y) == x
                && Self.areParallel(from, previous.pointee.top, from, left.pointee.top)
            {
                isDeclined = true
            }
        }
        return result
    }

    @inline(__always)
    static func areParallel(_ a: SweepPoint, _ b: SweepPoint, _ c: SweepPoint, _ d: SweepPoint) -> Bool {
        (a.y &- b.y) &* (c.x &- d.x) == (a.x &- b.x) &* (c.y &- d.y)
    }

    /// Ends the pieces of two edges that meet at `point`: closes theirs where it is one, merges them where they are two.
    mutating func addMaximum(_ e1: SweepEdge.Reference, _ e2: SweepEdge.Reference, _ point: SweepPoint) {
        addPoint(e1, point)
        if e1.pointee.piece == e2.pointee.piece {
            e1.pointee.piece = -1
            e2.pointee.piece = -1
        } else if e1.pointee.piece < e2.pointee.piece {
            merge(e1, e2)
        } else {
            merge(e2, e1)
        }
    }

    /// Joins the piece of `e2` onto that of `e1`.
    private mutating func merge(_ e1: SweepEdge.Reference, _ e2: SweepEdge.Reference) {
        let kept = e1.pointee.piece
        let gone = e2.pointee.piece
        settleHole(kept, gone)
        let points = points.base
        let left1 = pieces[kept].first
        let right1 = points[left1].previous
        let left2 = pieces[gone].first
        let right2 = points[left2].previous
        func link(_ from: Int, _ to: Int) {
            points[from].next = to
            points[to].previous = from
        }
        if e1.pointee.isLeft == e2.pointee.isLeft {
            reverse(left2)
            link(left2, left1)
            link(right1, right2)
            if e1.pointee.isLeft { pieces.base[kept].first = right2 }
        } else {
            link(right2, left1)
            link(right1, left2)
            if e1.pointee.isLeft { pieces.base[kept].first = left2 }
        }
        pieces.base[gone].first = -1
        let side = e1.pointee.isLeft
        e1.pointee.piece = -1
        e2.pointee.piece = -1
        var edge = active
        while let candidate = edge {
            if candidate.pointee.piece == gone {
                candidate.pointee.piece = kept
                candidate.pointee.isLeft = side
                break
            }
            edge = candidate.pointee.nextActive
        }
    }

    private func reverse(_ first: Int) {
        let points = points.base
        var index = first
        repeat {
            let next = points[index].next
            points[index].next = points[index].previous
            points[index].previous = next
            index = next
        } while index != first
    }

    /// Turns outer pieces and holes each their own way round.
    func orientPieces() {
        for piece in pieces.elements where piece.first >= 0 && piece.isHole == (doubleArea(piece.first) > 0) {
            reverse(piece.first)
        }
    }

    /// The first piece that is left after cleaning, read backwards from its left end.
    func writeFirstPath(_ result: inout Buffer<MapPoint>) {
        for piece in pieces.elements where piece.first >= 0 {
            guard let first = clean(piece.first) else { continue }
            var point = points[first].previous
            while true {
                let here = points[point].point
                result.append(MapPoint(Int32(truncatingIfNeeded: here.x), Int32(truncatingIfNeeded: here.y)))
                if point == first { return }
                point = points[point].previous
            }
        }
    }

    /// Drops repeated points and points in line with their neighbours; nil where less than a triangle is left.
    private func clean(_ first: Int) -> Int? {
        let points = points.base
        var index = first
        var firstKept = -1
        while true {
            let previous = points[index].previous
            let next = points[index].next
            if previous == index || previous == next { return nil }
            let here = points[index].point
            let before = points[previous].point
            let after = points[next].point
            if here == after || here == before || Self.areInLine(before, here, after) {
                firstKept = -1
                points[previous].next = next
                points[next].previous = previous
                index = previous
            } else if index == firstKept {
                return index
            } else {
                if firstKept < 0 { firstKept = index }
                index = next
            }
        }
    }
}
