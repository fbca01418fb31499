/// Which pieces are holes, and which of two merged pieces says so.
extension OutlineUnion {
    /// The piece just left of a new one at `edge`, and so the piece that contains it; -1 for none.
    func container(at edge: Reference) -> Int {
        var container = -1
        var other = edge.pointee.previousActive
        while let candidate = other {
            let piece = candidate.pointee.piece
            if piece >= 0 {
                if container < 0 {
                    container = piece
                } else if container == piece {
                    container = -1
                }
            }
            other = candidate.pointee.previousActive
        }
        return container
    }

    /// Gives the merged piece `kept` the hole state of whichever of the two is outer, or else starts lower.
    func settleHole(_ kept: Int, _ gone: Int) {
        let base = pieces.base
        let goneDecides: Bool
        if isInside(kept, gone) {
            goneDecides = true
        } else if isInside(gone, kept) {
            goneDecides = false
        } else {
            goneDecides = startsLower(gone, than: kept)
        }
        if goneDecides {
            if base[gone].container != kept { base[kept].container = base[gone].container }
            base[kept].isHole = base[gone].isHole
        }
        base[kept].bottom = -1
        base[gone].bottom = -1
        base[gone].container = kept
    }

    private func isInside(_ piece: Int, _ other: Int) -> Bool {
        var index = pieces[piece].container
        while index >= 0 {
            if index == other { return true }
            index = pieces[index].container
        }
        return false
    }

    private func startsLower(_ piece: Int, than other: Int) -> Bool {
        let mine = bottom(of: piece)
        let theirs = bottom(of: other)
        let (a, b) = (points[mine].point, points[theirs].point)
        if a.y != b.y { return a.y > b.y }
        if a.x != b.x { return a.x < b.x }
        if points[theirs].next == theirs { return true }
        if points[mine].next == mine { return false }
        return !isLower(theirs, than: mine)
    }

    /// The lowest point of a piece, the left one of several; found once a merge.
    private func bottom(of piece: Int) -> Int {
        if pieces[piece].bottom < 0 { pieces.base[piece].bottom = findBottom(pieces[piece].first) }
        return pieces[piece].bottom
    }

    private func findBottom(_ first: Int) -> Int {
        var bottom = first
        var twin = -1
        var index = points[first].next
        while index != bottom {
            let (here, lowest) = (points[index].point, points[bottom].point)
            if here.y > lowest.y || (here.y == lowest.y && here.x < lowest.x) {
                bottom = index
                twin = -1
            } else if here == lowest && points[index].next != bottom && points[index].previous != bottom {
                twin = index
            }
            index = points[index].next
        }
        while twin >= 0 && twin != index {
            if !isLower(index, than: twin) { bottom = twin }
            repeat { twin = points[twin].next } while points[twin].point != points[bottom].point
        }
        return bottom
    }

    /// Of two bottom points at the same place, whether `a`'s sides are the flatter ones.
    private func isLower(_ a: Int, than b: Int) -> Bool {
        let (a1, a2) = (slope(a, forward: false), slope(a, forward: true))
        let (b1, b2) = (slope(b, forward: false), slope(b, forward: true))
        if max(a1, a2) == max(b1, b2) && min(a1, a2) == min(b1, b2) { return doubleArea(a) > 0 }
        return (a1 >= b1 && a1 >= b2) || (a2 >= b1 && a2 >= b2)
    }

    /// How far from vertical the next different point lies.
    private func slope(_ index: Int, forward: Bool) -> Double {
        let from = points[index].point
        var other = forward ? points[index].next : points[index].previous
        while points[other].point == from && other != index {
            other = forward ? points[other].next : points[other].previous
        }
        let to = points[other].point
        return abs(from.y == to.y ? SweepEdge.horizontal : Double(to.x - from.x) / Double(to.y - from.y))
    }

    /// Twice a ring's area with sign.
    func doubleArea(_ first: Int) -> Int {
        var sum = 0
        var index = first
        repeat {
            let here = points[index].point
            let previous = points[points[index].previous].point
            sum &+= (previous.x &+ here.x) &* (previous.y &- here.y)
            index = points[index].next
        } while index != first
        return sum
    }
}
