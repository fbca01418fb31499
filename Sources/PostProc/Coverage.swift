/// The pixels of a window that a polygon covers, a bit each: those that OpenCV's `fillPoly` sets.
///
/// That is the inside by the even-odd rule on 16.16 fixed-point edges, plus the polygon's outline as 8-connected lines.
package struct Coverage: ~Copyable {
    package private(set) var width = 0
    package private(set) var height = 0
    /// Words from a row to the next.
    package private(set) var wordsPerRow = 0
    private var bits = Buffer<UInt64>()
    private var edges = Buffer<Edge>()
    private var active = Buffer<Edge>()

    /// A polygon's edge: x in 16.16 at the current row, its change a row, and the rows it crosses.
    private struct Edge: BitwiseCopyable {
        var x, slope: Int
        var top, bottom: Int

        /// By first row, then x, then slope.
        @inline(__always) func precedes(_ other: Edge) -> Bool {
            if top != other.top { return top < other.top }
            return x != other.x ? x < other.x : slope < other.slope
        }
    }

    package init() {}

    /// The 64 pixels from column `64 * word` of row `y`.
    @inline(__always) package func word(_ word: Int, row y: Int) -> UInt64 { bits[y &* wordsPerRow &+ word] }

    /// Covers `polygon`, in window pixels; what lies outside the window is cut off as OpenCV does.
    ///
    /// - Complexity: O(pixels / 64 + outline + rows * edges across a row).
    package mutating func fill(_ polygon: UnsafeBufferPointer<MapPoint>, width: Int, height: Int) {
        self.width = width
        self.height = height
        wordsPerRow = (width + 63) / 64
        bits.resize(wordsPerRow * height)
        bits.base.update(repeating: 0, count: wordsPerRow * height)
        edges.removeAll()
        var previous = polygon[polygon.count - 1]
        for point in polygon {
            drawLine(Int(previous.x), Int(previous.y), Int(point.x), Int(point.y))
            if previous.y != point.y {
                let (upper, lower) = previous.y < point.y ? (previous, point) : (point, previous)
                let slope = ((Int(point.x) &- Int(previous.x)) << 16) / (Int(point.y) &- Int(previous.y))
                edges.append(Edge(x: Int(upper.x) << 16, slope: slope, top: Int(upper.y), bottom: Int(lower.y)))
            }
            previous = point
        }
        fillInside()
    }

    /// Sets columns `from...to` of row `y`, all inside the window.
    @inline(__always) private func set(_ from: Int, _ to: Int, row y: Int) {
        let row = bits.base + y &* wordsPerRow
        let first = from >> 6
        let last = to >> 6
        let head = ~UInt64(0) << UInt64(from & 63)
        let tail = ~UInt64(0) >> UInt64(63 &- to & 63)
        if first == last {
            row[first] |= head & tail
        } else {
            row[first] |= head
            var word = first &+ 1
            while word < last {
                row[word] = ~0
                word &+= 1
            }
            row[last] |= tail
        }
    }

    private mutating func fillInside() {
        let total = edges.count
        guard total >= 2 else { return }
        var firstRow = Int.max
        var lastRow = Int.min
        var least = Int.max
        var most = Int.min
        for edge in edges.elements {
            let end = edge.x &+ (edge.bottom &- edge.top) &* edge.slope
            firstRow = min(firstRow, edge.top)
            lastRow = max(lastRow, edge.bottom)
            least = min(least, edge.x, end)
            most = max(most, edge.x, end)
        }
        if lastRow < 0 || firstRow >= height || most < 0 || least >= width << 16 { return }
        sortEdges()
        active.removeAll()
        active.reserve(total)
        let rows = min(lastRow, height)
        var pending = 0
        var y = firstRow
        while y < rows {
            pending = enter(row: y, from: pending)
            let crossings = active.base
            var index = 0
            while index &+ 1 < active.count {
                let a = crossings[index].x
                let b = crossings[index &+ 1].x
                if y >= 0 {
                    let from = max(0, (min(a, b) &+ 0xFFFF) >> 16)
                    let to = min(width &- 1, max(a, b) >> 16)
                    if from <= to { set(from, to, row: y) }
                }
                crossings[index].x = a &+ crossings[index].slope
                crossings[index &+ 1].x = b &+ crossings[index &+ 1].slope
                index &+= 2
            }
            sortActive()
            y &+= 1
        }
    }

    private func sortEdges() {
        let edges = self.edges.base
        for sorted in 1..<self.edges.count {
            let edge = edges[sorted]
            var place = sorted
            while place > 0 {
                let other = edges[place &- 1]
                if !edge.precedes(other) { break }
                edges[place] = other
                place &-= 1
            }
            edges[place] = edge
        }
    }

    /// Drops the edges that end at row `y`, then merges in those that start there, before an active one of equal x.
    private mutating func enter(row y: Int, from pending: Int) -> Int {
        let crossings = active.base
        var kept = 0
        for index in 0..<active.count where crossings[index].bottom != y {
            crossings[kept] = crossings[index]
            kept &+= 1
        }
        active.resize(kept)
        var next = pending
        var place = 0
        while next < edges.count && edges[next].top == y {
            let edge = edges[next]
            while place < active.count && crossings[place].x < edge.x { place &+= 1 }
            var index = active.count
            active.resize(index + 1)
            while index > place {
                crossings[index] = crossings[index &- 1]
                index &-= 1
            }
            crossings[place] = edge
            place &+= 1
            next &+= 1
        }
        return next
    }

    private func sortActive() {
        let crossings = active.base
        for sorted in 1..<max(1, active.count) where crossings[sorted].x < crossings[sorted &- 1].x {
            let edge = crossings[sorted]
            var place = sorted
            repeat {
                crossings[place] = crossings[place &- 1]
                place &-= 1
            } while place > 0 && crossings[place &- 1].x > edge.x
            crossings[place] = edge
        }
    }

    /// An 8-connected line, left to right, cut to the window first.
    private func drawLine(_ ax: Int, _ ay: Int, _ bx: Int, _ by: Int) {
        var (x1, y1, x2, y2) = (ax, ay, bx, by)
        let inside =
            UInt(bitPattern: x1) < UInt(bitPattern: width) && UInt(bitPattern: x2) < UInt(bitPattern: width)
            && UInt(bitPattern: y1) < UInt(bitPattern: height) && UInt(bitPattern: y2) < UInt(bitPattern: height)
        if !inside && !clip(&x1, &y1, &x2, &y2) { return }
        if x2 < x1 { (x1, y1, x2, y2) = (x2, y2, x1, y1) }
        let dx = x2 &- x1
        let dy = abs(y2 &- y1)
        let down = y2 < y1 ? -1 : 1
        if dy == 0 {
            set(x1, x2, row: y1)
        } else if dy > dx {
            var error = dy &- 2 &* dx
            var x = x1
            var y = y1
            for _ in 0...dy {
                bits[y &* wordsPerRow &+ x >> 6] |= 1 << UInt64(x & 63)
                if error < 0 {
                    error &+= 2 &* dy
                    x &+= 1
                }
                error &-= 2 &* dx
                y &+= down
            }
        } else {
            var error = dx &- 2 &* dy
            var y = y1
            var from = x1
            for x in x1...x2 {
                if error < 0 {
                    error &+= 2 &* dx
                    set(from, x, row: y)
                    from = x &+ 1
                    y &+= down
                }
                error &-= 2 &* dy
            }
            if from <= x2 { set(from, x2, row: y) }
        }
    }

    /// Cuts a line to the window with the truncations of OpenCV's `clipLine`; false where nothing is left.
    private func clip(_ x1: inout Int, _ y1: inout Int, _ x2: inout Int, _ y2: inout Int) -> Bool {
        let right = width &- 1
        let bottom = height &- 1
        func sideways(_ x: Int) -> Int { (x < 0 ? 1 : 0) + (x > right ? 2 : 0) }
        func outcode(_ x: Int, _ y: Int) -> Int { sideways(x) + (y < 0 ? 4 : 0) + (y > bottom ? 8 : 0) }
        func along(_ distance: Int, _ run: Int, _ rise: Int) -> Int {
            Int(Double(distance) * Double(run) / Double(rise))
        }
        var c1 = outcode(x1, y1)
        var c2 = outcode(x2, y2)
        if c1 & c2 == 0 && c1 | c2 != 0 {
            if c1 & 12 != 0 {
                let edge = c1 < 8 ? 0 : bottom
                x1 += along(edge - y1, x2 - x1, y2 - y1)
                y1 = edge
                c1 = sideways(x1)
            }
            if c2 & 12 != 0 {
                let edge = c2 < 8 ? 0 : bottom
                x2 += along(edge - y2, x2 - x1, y2 - y1)
                y2 = edge
                c2 = sideways(x2)
            }
            if c1 & c2 == 0 && c1 | c2 != 0 {
                if c1 != 0 {
                    let edge = c1 == 1 ? 0 : right
                    y1 += along(edge - x1, y2 - y1, x2 - x1)
                    x1 = edge
                    c1 = 0
                }
                if c2 != 0 {
                    let edge = c2 == 1 ? 0 : right
                    y2 += along(edge - x2, y2 - y1, x2 - x1)
                    x2 = edge
                    c2 = 0
                }
            }
        }
        return c1 | c2 == 0
    }
}
