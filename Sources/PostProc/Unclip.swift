import CClipper
import Glibc

/// Grows a polygon outwards by area * ratio / perimeter (Vatti clipping, as DB does it) with Clipper's round joins.
package struct Unclipper: ~Copyable {
    private var corners = Buffer<MapPoint>()
    private var sides = Buffer<Double>()
    private var outline = OffsetPath()
    private var convex = ConvexOutline()
    private var union = OutlineUnion()
    private var united = Buffer<MapPoint>()
    private var message = Buffer<CChar>(capacity: 256)

    /// A failure inside Clipper, by its message.
    package struct ClipperFailure: Error {
        package var message: String
    }

    package init() {}

    /// The grown polygon of the last call, in map pixels, valid until the next.
    package var polygon: UnsafeBufferPointer<MapPoint> { united.elements }

    /// Grows a quad; its corners are truncated for Clipper but the distance is taken from the exact ones.
    ///
    /// - Returns: whether anything is left; `polygon` holds it.
    package mutating func grow(_ quad: MinAreaQuad, ratio: Double) throws(ClipperFailure) -> Bool {
        let (a, b, c, d) = quad.corners
        corners.removeAll()
        sides.removeAll()
        var area = 0.0
        func cross(_ p: FloatPoint, _ q: FloatPoint) -> Double {
            Double(p.x) * Double(q.y) - Double(p.y) * Double(q.x)
        }
        area = cross(a, b)
        area += cross(b, c)
        area += cross(c, d)
        area += cross(d, a)
        func add(_ p: FloatPoint, _ q: FloatPoint) {
            corners.append(MapPoint(Int32(p.x), Int32(p.y)))
            sides.append(hypot(Double(q.x) - Double(p.x), Double(q.y) - Double(p.y)))
        }
        add(a, b)
        add(b, c)
        add(c, d)
        add(d, a)
        return try grow(area: abs(area) / 2, ratio: ratio)
    }

    /// Grows a polygon with integer corners.
    ///
    /// - Returns: whether anything is left; `polygon` holds it.
    package mutating func grow(_ polygon: UnsafeBufferPointer<MapPoint>, ratio: Double) throws(ClipperFailure) -> Bool {
        corners.removeAll()
        sides.removeAll()
        var area = 0
        for index in 0..<polygon.count {
            let p = polygon[index]
            let q = polygon[index + 1 < polygon.count ? index + 1 : 0]
            area &+= Int(p.x) &* Int(q.y) &- Int(p.y) &* Int(q.x)
            corners.append(p)
            sides.append(hypot(Double(q.x &- p.x), Double(q.y &- p.y)))
        }
        return try grow(area: abs(Double(area)) / 2, ratio: ratio)
    }

    /// Grows a polygon with integer corners by `distance`; the result is empty where nothing is left.
    package mutating func grow(
        _ polygon: UnsafeBufferPointer<MapPoint>, by distance: Double
    ) throws(ClipperFailure) -> [MapPoint] {
        guard outline.offset(polygon, by: distance) else { return [] }
        try unite()
        return Array(united.elements)
    }

    private mutating func grow(area: Double, ratio: Double) throws(ClipperFailure) -> Bool {
        let length = PairwiseSum.of(sides.elements)
        guard area != 0, length != 0 else { return false }
        guard outline.offset(corners.elements, by: area * ratio / length) else { return false }
        try unite()
        return united.count > 0
    }

    /// The first path of the outline's union with itself, as Clipper orders paths and their points.
    private mutating func unite() throws(ClipperFailure) {
        if convex.unite(outline.path.elements, into: &united) { return }
        if union.unite(outline.path.elements, into: &united) == .done { return }
        try uniteByClipper()
    }

    private mutating func uniteByClipper() throws(ClipperFailure) {
        united.reserve(outline.path.count + 16)
        while true {
            var count: Int32 = 0
            let status = outline.path.base.withMemoryRebound(to: Int32.self, capacity: 2 * outline.path.count) { path in
                united.base.withMemoryRebound(to: Int32.self, capacity: 2 * united.capacity) { result in
                    cclipper_union_first(
                        path, Int32(outline.path.count), result, Int32(united.capacity), &count, message.base,
                        Int32(message.capacity))
                }
            }
            switch Int(status) {
            case Int(CCLIPPER_OK):
                united.resize(Int(count))
                return
            case Int(CCLIPPER_TOO_SMALL):
                united.reserve(Int(count))
            default:
                throw ClipperFailure(message: String(cString: message.base))
            }
        }
    }
}

/// NumPy's sum of a contiguous array: eight partial sums in blocks of at most 128, halves added pairwise above.
enum PairwiseSum {
    static func of(_ values: UnsafeBufferPointer<Double>) -> Double {
        guard values.count >= 8 else { return values.reduce(0, +) }
        if values.count <= 128 {
            var partial = SIMD8<Double>(values[0..<8])
            var index = 8
            while index + 8 <= values.count {
                partial += SIMD8(values[index..<index + 8])
                index += 8
            }
            var sum =
                ((partial[0] + partial[1]) + (partial[2] + partial[3]))
                + ((partial[4] + partial[5]) + (partial[6] + partial[7]))
            for value in values[index...] { sum += value }
            return sum
        }
        let half = values.count / 2 / 8 * 8
        return of(UnsafeBufferPointer(rebasing: values[..<half])) + of(UnsafeBufferPointer(rebasing: values[half...]))
    }
}
