import Glibc

/// The rectangle of least area around points, by its corners.
package struct MinAreaQuad: BitwiseCopyable, Sendable, Equatable {
    /// Top left, top right, bottom right, bottom left, as the reference orders them.
    package var corners: (FloatPoint, FloatPoint, FloatPoint, FloatPoint)
    /// The shorter side's length.
    package var shorterSide: Float

    package static func == (a: MinAreaQuad, b: MinAreaQuad) -> Bool {
        a.corners == b.corners && a.shorterSide == b.shorterSide
    }
}

/// The same in OpenCV's form: centre, sides and the angle of the first side in degrees.
package struct RotatedRect: Sendable, Equatable {
    package var center = FloatPoint(0, 0)
    package var width: Float = 0
    package var height: Float = 0
    package var angle: Float = 0

    package init() {}

    /// The corners as OpenCV's `boxPoints` gives them, in single precision.
    package var corners: (FloatPoint, FloatPoint, FloatPoint, FloatPoint) {
        let radians = Double(angle) * Double.pi / 180
        let b = Float(cos(radians)) * 0.5
        let a = Float(sin(radians)) * 0.5
        let first = FloatPoint(center.x - a * height - b * width, center.y + b * height - a * width)
        let second = FloatPoint(center.x + a * height - b * width, center.y - b * height - a * width)
        return (
            first, second, FloatPoint(2 * center.x - first.x, 2 * center.y - first.y),
            FloatPoint(2 * center.x - second.x, 2 * center.y - second.y)
        )
    }
}

/// Rotating calipers (Toussaint, "Solving geometric problems with the rotating calipers", 1983) in OpenCV's
/// single-precision arithmetic, its order of operations and of ties (a later rectangle of equal area wins).
package struct MinAreaQuadFinder: ~Copyable {
    private var hull = ConvexHull()
    private var points = Buffer<FloatPoint>()
    private var sides = Buffer<FloatPoint>()
    private var inverseLengths = Buffer<Float>()

    package init() {}

    /// The quad around `points`, of which there is at least one.
    package mutating func find(_ points: UnsafeBufferPointer<MapPoint>) -> MinAreaQuad {
        let rectangle = minAreaRect(points)
        return MinAreaQuad(
            corners: Self.ordered(rectangle.corners), shorterSide: min(rectangle.width, rectangle.height))
    }

    /// OpenCV's `minAreaRect`.
    package mutating func minAreaRect(_ input: UnsafeBufferPointer<MapPoint>) -> RotatedRect {
        hull.find(input)
        let count = hull.vertices.count
        points.resize(count)
        for index in 0..<count {
            let point = input[Int(hull.vertices[index])]
            points[index] = FloatPoint(Float(point.x), Float(point.y))
        }
        var rectangle = RotatedRect()
        if count > 2 {
            let (corner, first, second) = rotateCalipers(count)
            rectangle.center = FloatPoint(
                corner.x + (first.x + second.x) * 0.5, corner.y + (first.y + second.y) * 0.5)
            rectangle.width = Self.length(first)
            rectangle.height = Self.length(second)
            rectangle.angle = Float(atan2(Double(first.y), Double(first.x)))
        } else if count == 2 {
            let (a, b) = (points[0], points[1])
            rectangle.center = FloatPoint((a.x + b.x) * 0.5, (a.y + b.y) * 0.5)
            let side = FloatPoint(b.x - a.x, b.y - a.y)
            rectangle.width = Self.length(side)
            rectangle.angle = Float(atan2(Double(side.y), Double(side.x)))
        } else {
            rectangle.center = points[0]
        }
        rectangle.angle = Float(Double(rectangle.angle * 180) / Double.pi)
        return rectangle
    }

    private static func length(_ side: FloatPoint) -> Float {
        Float((Double(side.x) * Double(side.x) + Double(side.y) * Double(side.y)).squareRoot())
    }

    /// A corner of the smallest rectangle and its two sides from there.
    private mutating func rotateCalipers(_ count: Int) -> (FloatPoint, FloatPoint, FloatPoint) {
        sides.resize(count)
        inverseLengths.resize(count)
        var left = 0
        var bottom = 0
        var right = 0
        var top = 0
        for index in 0..<count {
            let point = points[index]
            if point.x < points[left].x { left = index }
            if point.x > points[right].x { right = index }
            if point.y > points[top].y { top = index }
            if point.y < points[bottom].y { bottom = index }
            let next = points[index &+ 1 < count ? index &+ 1 : 0]
            let side = FloatPoint(next.x - point.x, next.y - point.y)
            sides[index] = side
            let (dx, dy) = (Double(side.x), Double(side.y))
            inverseLengths[index] = Float(1 / (dx * dx + dy * dy).squareRoot())
        }

        var base = FloatPoint(0, 0)
        var touched = (bottom, right, top, left)
        var leastArea = Float.greatestFiniteMagnitude
        var best = (left: 0, bottom: 0, base: FloatPoint(0, 0), width: Float(0), height: Float(0))
        for _ in 0..<count {
            // The side that the calipers meet first as they turn, each seen from its own caliper.
            let seen = (
                sides[touched.0], Self.clockwise(sides[touched.1]), Self.opposite(sides[touched.2]),
                Self.counterclockwise(sides[touched.3])
            )
            var main = 0
            var lead = seen.0
            if Self.isRight(seen.1, of: lead) { (main, lead) = (1, seen.1) }
            if Self.isRight(seen.2, of: lead) { (main, lead) = (2, seen.2) }
            if Self.isRight(seen.3, of: lead) { main = 3 }

            switch main {
            case 0:
                let unit = unitSide(touched.0)
                base = unit
                touched.0 = touched.0 &+ 1 == count ? 0 : touched.0 &+ 1
            case 1:
                base = Self.clockwise(unitSide(touched.1))
                touched.1 = touched.1 &+ 1 == count ? 0 : touched.1 &+ 1
            case 2:
                base = Self.opposite(unitSide(touched.2))
                touched.2 = touched.2 &+ 1 == count ? 0 : touched.2 &+ 1
            default:
                base = Self.counterclockwise(unitSide(touched.3))
                touched.3 = touched.3 &+ 1 == count ? 0 : touched.3 &+ 1
            }
            let across = Self.difference(points[touched.1], points[touched.3])
            let width = across.x * base.x + across.y * base.y
            let along = Self.difference(points[touched.2], points[touched.0])
            let height = -along.x * base.y + along.y * base.x
            let area = width * height
            if area <= leastArea {
                leastArea = area
                best = (touched.3, touched.0, base, width, height)
            }
        }

        let a1 = best.base.x
        let b1 = best.base.y
        let a2 = -best.base.y
        let b2 = best.base.x
        let c1 = a1 * points[best.left].x + points[best.left].y * b1
        let c2 = a2 * points[best.bottom].x + points[best.bottom].y * b2
        let inverse = 1 / (a1 * b2 - a2 * b1)
        return (
            FloatPoint((c1 * b2 - c2 * b1) * inverse, (a1 * c2 - a2 * c1) * inverse),
            FloatPoint(a1 * best.width, b1 * best.width), FloatPoint(a2 * best.height, b2 * best.height)
        )
    }

    @inline(__always) private func unitSide(_ index: Int) -> FloatPoint {
        FloatPoint(sides[index].x * inverseLengths[index], sides[index].y * inverseLengths[index])
    }

    @inline(__always) private static func counterclockwise(_ v: FloatPoint) -> FloatPoint { FloatPoint(-v.y, v.x) }
    @inline(__always) private static func clockwise(_ v: FloatPoint) -> FloatPoint { FloatPoint(v.y, -v.x) }
    @inline(__always) private static func opposite(_ v: FloatPoint) -> FloatPoint { FloatPoint(-v.x, -v.y) }

    @inline(__always) private static func difference(_ a: FloatPoint, _ b: FloatPoint) -> FloatPoint {
        FloatPoint(a.x - b.x, a.y - b.y)
    }

    /// Whether `first` points clockwise of `second`.
    @inline(__always) private static func isRight(_ first: FloatPoint, of second: FloatPoint) -> Bool {
        let turned = clockwise(first)
        return turned.x * second.x + turned.y * second.y < 0
    }

    /// Sorted by x, stably; then each pair by y, the pair's members swapped where their y are equal, as the
    /// reference has it.
    private static func ordered(
        _ corners: (FloatPoint, FloatPoint, FloatPoint, FloatPoint)
    ) -> (FloatPoint, FloatPoint, FloatPoint, FloatPoint) {
        var (a, b, c, d) = corners
        // Insertion sort, four elements: stable.
        if b.x < a.x { swap(&a, &b) }
        if c.x < b.x {
            swap(&b, &c)
            if b.x < a.x { swap(&a, &b) }
        }
        if d.x < c.x {
            swap(&c, &d)
            if c.x < b.x {
                swap(&b, &c)
                if b.x < a.x { swap(&a, &b) }
            }
        }
        let (topLeft, bottomLeft) = b.y > a.y ? (a, b) : (b, a)
        let (topRight, bottomRight) = d.y > c.y ? (c, d) : (d, c)
        return (topLeft, topRight, bottomRight, bottomLeft)
    }
}
