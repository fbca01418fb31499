/// Borders of text regions and of the holes in them, each a run of points in one buffer, in order of discovery.
package struct ContourList: ~Copyable {
    package var points = Buffer<MapPoint>(capacity: 4096)
    /// Where each contour's points end.
    package var ends = Buffer<Int>(capacity: 256)

    package init() {}

    package var count: Int { ends.count }

    /// Contour `index` in OpenCV's order, which is the last discovered first.
    package subscript(index: Int) -> UnsafeBufferPointer<MapPoint> {
        let discovered = ends.count - 1 - index
        let start = discovered == 0 ? 0 : ends[discovered - 1]
        return UnsafeBufferPointer(start: points.base + start, count: ends[discovered] - start)
    }
}

/// Border following: Suzuki and Abe, "Topological structural analysis of digitized binary images by border following"
/// (CVGIP 1985), algorithm 1 without the hierarchy, with the start points, directions and order of OpenCV's
/// `findContours(RETR_LIST, CHAIN_APPROX_SIMPLE)`: a point wherever the direction changes.
///
/// Directions run counterclockwise on screen from 0 = right. Suzuki's marks reduce to two bits a row run: whether a
/// border has passed its left end (so no outer border starts there) and whether one has passed its right end with
/// the pixel to the right in view (so no hole border starts there).
extension BinaryMap {
    /// Finds all borders; the marks are used up, so each needs a fresh `binarize`.
    ///
    /// - Complexity: O(pixels / 64 + border length).
    package mutating func findContours(into contours: inout ContourList) {
        contours.points.removeAll()
        contours.ends.removeAll()
        for y in 0..<height {
            let left = leftEnds + y * stride
            let right = rightEnds + y * stride
            for index in 0..<stride &- 1 {
                var ahead = ~UInt64(0)
                while true {
                    let starts = left[index] & ahead
                    let ends = right[index] & ahead
                    if starts | ends == 0 { break }
                    let bit = (starts | ends).trailingZeroBitCount
                    let x = index &* 64 &+ bit &- 1
                    if starts >> UInt64(bit) & 1 != 0 {
                        follow(x, y, isHole: false, &contours)
                        if right[index] >> UInt64(bit) & 1 != 0 { follow(x, y, isHole: true, &contours) }
                    } else {
                        follow(x, y, isHole: true, &contours)
                    }
                    ahead = bit == 63 ? 0 : ~UInt64(0) << UInt64(bit &+ 1)
                }
            }
        }
    }

    /// Follows one border from its start pixel until it comes back the way it set out.
    private func follow(_ startX: Int, _ startY: Int, isHole: Bool, _ contours: inout ContourList) {
        let rowBytes = stride &* 8
        let base = UnsafeRawPointer(text)
        defer { contours.ends.append(contours.points.count) }

        // Clockwise from the background pixel for the border's last pixel.
        let around = Self.neighbours(base + startY &* rowBytes, rowBytes, startX)
        if around == 0 {
            clear(leftEnds, startX, startY)
            clear(rightEnds, startX, startY)
            contours.points.append(MapPoint(Int32(truncatingIfNeeded: startX), Int32(truncatingIfNeeded: startY)))
            return
        }
        let from: UInt64 = isHole ? 0 : 4
        let topped = (around | around << 8) << (56 &- from)  // direction from + 7, one before `from`, at the top
        let first = (from &+ 7 &- UInt64(topped.leadingZeroBitCount)) & 7
        let lastX = startX &+ Self.stepX(first)
        let lastY = startY &+ Self.stepY(first)

        var x = startX
        var y = startY
        var back = first
        var previous = first ^ 4
        while true {
            let ring = Self.neighbours(base + y &* rowBytes, rowBytes, x)
            let rotated = (ring | ring << 8) >> (back &+ 1)
            let turn = back &+ 1 &+ UInt64(rotated.trailingZeroBitCount)
            clear(leftEnds, x, y)
            if turn > 8 { clear(rightEnds, x, y) }
            let direction = turn & 7
            if direction != previous {
                contours.points.append(MapPoint(Int32(truncatingIfNeeded: x), Int32(truncatingIfNeeded: y)))
                previous = direction
            }
            let nextX = x &+ Self.stepX(direction)
            let nextY = y &+ Self.stepY(direction)
            if nextX == startX && nextY == startY && x == lastX && y == lastY { return }
            x = nextX
            y = nextY
            back = (direction &+ 4) & 7
            // Straight horizontal stretches in one go: nothing is marked or written inside them.
            if direction == 0 {
                let run = Self.runRight(base + y &* rowBytes, rowBytes, x)
                x &+= run
                if run > 0 && x == startX && y == startY && x &- 1 == lastX && y == lastY { return }
            } else if direction == 4 {
                let run = Self.runLeft(base + y &* rowBytes, rowBytes, x)
                x &-= run
                if run > 0 && x == startX && y == startY && x &+ 1 == lastX && y == lastY { return }
            }
        }
    }

    @inline(__always) private func clear(_ bits: UnsafeMutablePointer<UInt64>, _ x: Int, _ y: Int) {
        bits[y &* stride &+ (x &+ 1) >> 6] &= ~(1 << UInt64((x &+ 1) & 63))
    }

    /// Column steps of the eight directions, plus one, four bits each.
    @inline(__always) private static func stepX(_ direction: UInt64) -> Int {
        Int(truncatingIfNeeded: (0x2100_0122 as UInt64) >> (direction << 2) & 3) &- 1
    }

    /// Row steps of the eight directions, plus one, four bits each.
    @inline(__always) private static func stepY(_ direction: UInt64) -> Int {
        Int(truncatingIfNeeded: (0x2221_0001 as UInt64) >> (direction << 2) & 3) &- 1
    }

    /// 64 bits from pixel x - 1 on, of which at least 56 are the row's.
    @inline(__always) private static func window(_ row: UnsafeRawPointer, _ x: Int) -> UInt64 {
        row.loadUnaligned(fromByteOffset: x >> 3, as: UInt64.self) >> UInt64(x & 7)
    }

    /// The eight neighbours of (x, row): bit d is set where direction d leads to text.
    @inline(__always)
    private static func neighbours(_ row: UnsafeRawPointer, _ rowBytes: Int, _ x: Int) -> UInt64 {
        let above = window(row - rowBytes, x) & 7
        let level = window(row, x)
        let below = window(row + rowBytes, x) & 7
        let reversed = (0x7351_6240 as UInt64) >> (above << 2) & 7
        return reversed << 1 | (level & 1) << 4 | level >> 2 & 1 | below << 5
    }

    /// How many times a border that came from the left goes on to the right: nothing below, text to the right.
    @inline(__always)
    private static func runRight(_ row: UnsafeRawPointer, _ rowBytes: Int, _ x: Int) -> Int {
        let below = window(row + rowBytes, x)
        let stop = below | below >> 1 | below >> 2 | ~(window(row, x) >> 2) | 1 << 53
        return stop.trailingZeroBitCount
    }

    /// How many times a border that came from the right goes on to the left: nothing above, text to the left.
    @inline(__always)
    private static func runLeft(_ row: UnsafeRawPointer, _ rowBytes: Int, _ x: Int) -> Int {
        // Pixel x + 1 in the top bit.
        let offset = (x &+ 2) >> 3 &- 7
        let shift = UInt64(7 &- (x &+ 2) & 7)
        let above = (row - rowBytes).loadUnaligned(fromByteOffset: offset, as: UInt64.self) << shift
        let level = row.loadUnaligned(fromByteOffset: offset, as: UInt64.self) << shift
        let stop = above | above << 1 | above << 2 | ~(level << 2) | 1 << 10
        return stop.leadingZeroBitCount
    }
}
