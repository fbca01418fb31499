import Glibc

/// A polygon's outline moved outwards with round joins, before the pieces that cross are united: the arithmetic of
/// Clipper 6.4.2's `ClipperOffset` (miter limit 2, arc tolerance 0.25) on one closed path.
package struct OffsetPath: ~Copyable {
    /// The cleaned input, oriented as Clipper wants it.
    private var source = Buffer<MapPoint>()
    private var normals = Buffer<Normal>()
    /// The moved outline; it crosses itself at reflex corners.
    package private(set) var path = Buffer<MapPoint>()

    private struct Normal: BitwiseCopyable {
        var x, y: Double
    }

    /// What the distance decides: steps of an arc.
    private struct Arc {
        var sine, cosine, stepsPerRadian: Double

        init(_ distance: Double) {
            let tolerance = min(0.25, distance * 0.25)
            var steps = Double.pi / acos(1 - tolerance / distance)
            if steps > distance * Double.pi { steps = distance * Double.pi }
            sine = sin(2 * Double.pi / steps)
            cosine = cos(2 * Double.pi / steps)
            stepsPerRadian = steps / (2 * Double.pi)
        }
    }

    package init() {}

    /// Moves `polygon` outwards by `distance`, which is above 0, and leaves the outline in `path`.
    ///
    /// - Returns: false where fewer than three different corners are left, and no path.
    package mutating func offset(_ polygon: UnsafeBufferPointer<MapPoint>, by distance: Double) -> Bool {
        path.removeAll()
        guard clean(polygon) else { return false }
        if distance < 1e-20 {
            for point in source.elements { path.append(point) }
            return true
        }
        let arc = Arc(distance)
        let count = source.count
        normals.resize(count)
        for index in 0..<count {
            normals[index] = Self.unitNormal(source[index], source[index + 1 < count ? index + 1 : 0])
        }
        var previous = count - 1
        for index in 0..<count {
            join(index, &previous, distance, arc)
        }
        return true
    }

    /// Drops repeated points and turns the outline to positive area.
    private mutating func clean(_ polygon: UnsafeBufferPointer<MapPoint>) -> Bool {
        source.removeAll()
        var last = polygon.count - 1
        while last > 0 && polygon[0] == polygon[last] { last -= 1 }
        source.append(polygon[0])
        for index in stride(from: 1, through: last, by: 1) where polygon[index] != source[source.count - 1] {
            source.append(polygon[index])
        }
        guard source.count >= 3 else { return false }
        var area = 0.0
        var previous = source[source.count - 1]
        for point in source.elements {
            area += (Double(previous.x) + Double(point.x)) * (Double(previous.y) - Double(point.y))
            previous = point
        }
        if area > 0 {
            var (low, high) = (0, source.count - 1)
            while low < high {
                (source[low], source[high]) = (source[high], source[low])
                low += 1
                high -= 1
            }
        }
        return true
    }

    private static func unitNormal(_ from: MapPoint, _ to: MapPoint) -> Normal {
        let dx = Double(to.x &- from.x)
        let dy = Double(to.y &- from.y)
        let scale = 1 / (dx * dx + dy * dy).squareRoot()
        return Normal(x: dy * scale, y: -(dx * scale))
    }

    /// The moved outline around corner `index`, whose incoming side has normal `previous`.
    private mutating func join(_ index: Int, _ previous: inout Int, _ distance: Double, _ arc: Arc) {
        let corner = source[index]
        let from = normals[previous]
        let to = normals[index]
        var sine = from.x * to.y - to.x * from.y
        if abs(sine * distance) < 1 {
            if from.x * to.x + to.y * from.y > 0 {
                // Almost straight: one point, and the side's normal stays the next corner's incoming one.
                append(corner, from, distance)
                return
            }
        } else if sine > 1 {
            sine = 1
        } else if sine < -1 {
            sine = -1
        }
        if sine * distance < 0 {
            // Reflex: out, back to the corner and out again; the union removes the notch.
            append(corner, from, distance)
            path.append(corner)
            append(corner, to, distance)
        } else {
            round(corner, from, to, sine, distance, arc)
        }
        previous = index
    }

    private mutating func round(
        _ corner: MapPoint, _ from: Normal, _ to: Normal, _ sine: Double, _ distance: Double, _ arc: Arc
    ) {
        let angle = atan2(sine, from.x * to.x + from.y * to.y)
        let steps = max(Int(Self.rounded(arc.stepsPerRadian * abs(angle))), 1)
        var direction = from
        for _ in 0..<steps {
            append(corner, direction, distance)
            direction = Normal(
                x: direction.x * arc.cosine - arc.sine * direction.y,
                y: direction.x * arc.sine + direction.y * arc.cosine)
        }
        append(corner, to, distance)
    }

    @inline(__always) private mutating func append(_ corner: MapPoint, _ direction: Normal, _ distance: Double) {
        path.append(
            MapPoint(
                Self.rounded(Double(corner.x) + direction.x * distance),
                Self.rounded(Double(corner.y) + direction.y * distance)))
    }

    /// Half away from zero.
    @inline(__always) private static func rounded(_ value: Double) -> Int32 {
        Int32(truncatingIfNeeded: Int(value < 0 ? value - 0.5 : value + 0.5))
    }
}
