/// The union of an outline with itself where there is nothing to unite: a convex one.
///
/// Clipper then returns the outline itself without repeated and collinear points, and the order it starts in follows
/// from its sweep from the bottom (largest y) to the top: points of the left chain are put in front, those of the right
/// chain behind, and the result is read backwards from the point put in front last, which is the top (the right one
/// of two).
package struct ConvexOutline: ~Copyable {
    private var cleaned = Buffer<MapPoint>()

    package init() {}

    /// Writes the union of `outline` to `result` where the outline is strictly convex after cleaning.
    ///
    /// - Returns: whether it is; `result` is untouched where not.
    package mutating func unite(_ outline: UnsafeBufferPointer<MapPoint>, into result: inout Buffer<MapPoint>) -> Bool {
        guard clean(outline), let first = firstAfterTop() else { return false }
        let count = cleaned.count
        result.removeAll()
        result.reserve(count)
        for index in first..<first + count {
            result.append(cleaned[index < count ? index : index - count])
        }
        return true
    }

    /// Drops repeated points and those straight between their neighbours; false where a corner is not convex.
    private mutating func clean(_ outline: UnsafeBufferPointer<MapPoint>) -> Bool {
        cleaned.removeAll()
        cleaned.reserve(outline.count)
        let points = cleaned.base
        var count = 0
        for point in outline {
            if count > 0 && points[count &- 1] == point { continue }
            if count > 1 {
                let turn = Self.turn(points[count &- 2], points[count &- 1], point)
                if turn < 0 { return false }
                if turn == 0 {
                    // A point beyond the last one in the same direction replaces it; a way back is no convex corner.
                    if Self.isBack(points[count &- 2], points[count &- 1], point) { return false }
                    count &-= 1
                }
            }
            points[count] = point
            count &+= 1
        }
        while count > 1 && points[count &- 1] == points[0] { count &-= 1 }
        var start = 0
        while count &- start > 2 {
            let last = Self.turn(points[count &- 2], points[count &- 1], points[start])
            let first = Self.turn(points[count &- 1], points[start], points[start &+ 1])
            if last < 0 || first < 0 { return false }
            if last == 0 {
                if Self.isBack(points[count &- 2], points[count &- 1], points[start]) { return false }
                count &-= 1
            } else if first == 0 {
                if Self.isBack(points[count &- 1], points[start], points[start &+ 1]) { return false }
                start &+= 1
            } else {
                break
            }
        }
        guard count - start > 2 else { return false }
        if start > 0 { points.update(from: points + start, count: count - start) }
        cleaned.resize(count - start)
        return true
    }

    /// The point after the top in outline order, where the outline turns round once only.
    private func firstAfterTop() -> Int? {
        let count = cleaned.count
        var top = 0
        var rises = 0
        var wasDown = cleaned[count - 1].y < cleaned[0].y
        for index in 0..<count {
            let point = cleaned[index]
            let next = cleaned[index &+ 1 < count ? index &+ 1 : 0]
            if next.y != point.y {
                let isDown = point.y < next.y
                if isDown && !wasDown { rises &+= 1 }
                wasDown = isDown
            }
            if point.y < cleaned[top].y || (point.y == cleaned[top].y && point.x > cleaned[top].x) { top = index }
        }
        guard rises <= 1 else { return nil }
        return top + 1 < count ? top + 1 : 0
    }

    /// Above 0 where the outline turns the way of a positive area.
    @inline(__always) private static func turn(_ a: MapPoint, _ b: MapPoint, _ c: MapPoint) -> Int {
        (Int(b.x) &- Int(a.x)) &* (Int(c.y) &- Int(b.y)) &- (Int(b.y) &- Int(a.y)) &* (Int(c.x) &- Int(b.x))
    }

    /// Whether the way from `b` to `c`, in line with that from `a` to `b`, leads back.
    @inline(__always) private static func isBack(_ a: MapPoint, _ b: MapPoint, _ c: MapPoint) -> Bool {
        (Int(b.x) &- Int(a.x)) &* (Int(c.x) &- Int(b.x)) &+ (Int(b.y) &- Int(a.y)) &* (Int(c.y) &- Int(b.y)) < 0
    }
}
