import Geometry

/// The polygons of one image on whole pixels, as CLEval and ICDAR's scripts see them (`Polygon3` on int32 corners), in
/// flat arrays.
struct Outlines: Sendable {
    /// Coordinates are held within this; no image has more pixels, and sums of four never overflow.
    private static let limit = Double(1 << 30)

    private(set) var boxes: [BoundingBox] = []
    private(set) var areas: [Double] = []
    private var corners: [Point] = []
    private var cornerStarts = [0]
    private var edges: [DirectedEdge] = []
    private var edgeStarts = [0]

    var count: Int { boxes.count }

    init(capacity: Int) {
        boxes.reserveCapacity(capacity)
        areas.reserveCapacity(capacity)
        corners.reserveCapacity(4 * capacity)
        cornerStarts.reserveCapacity(capacity + 1)
        edges.reserveCapacity(4 * capacity)
        edgeStarts.reserveCapacity(capacity + 1)
    }

    /// `polygon` with its coordinates within the limit; no number is 0.
    static func held(_ polygon: Polygon) -> Polygon {
        func held(_ value: Double) -> Double { value.isNaN ? 0 : min(max(value, -limit), limit) }
        return Polygon(polygon.points.map { Point(held($0.x), held($0.y)) })
    }

    /// `polygon` with its corners truncated towards zero.
    static func truncated(_ polygon: Polygon) -> Polygon {
        Polygon(polygon.points.map { Point($0.x.rounded(.towardZero), $0.y.rounded(.towardZero)) })
    }

    /// `polygon` with its corners rounded, half to even.
    static func rounded(_ polygon: Polygon) -> Polygon {
        Polygon(polygon.points.map { Point($0.x.rounded(.toNearestOrEven), $0.y.rounded(.toNearestOrEven)) })
    }

    /// Adds a polygon with at least one corner, on whole pixels.
    mutating func append(_ polygon: Polygon, without holes: [Polygon] = []) {
        boxes.append(polygon.boundingBox ?? BoundingBox(minX: 0, minY: 0, maxX: 0, maxY: 0))
        areas.append(polygon.area)
        corners += polygon.points
        cornerStarts.append(corners.count)
        edges += Region(polygon, without: holes).edges
        edgeStarts.append(edges.count)
    }

    /// An outline's corners.
    func polygon(_ index: Int) -> Polygon {
        Polygon(Array(corners[cornerStarts[index]..<cornerStarts[index + 1]]))
    }

    /// The area of an outline's inside, less its holes.
    func insideArea(_ index: Int) -> Double {
        Region.area(edges[edgeStarts[index]..<edgeStarts[index + 1]])
    }

    /// The area that one outline's inside shares with another's, by the even-odd rule.
    func sharedArea(_ index: Int, _ other: Outlines, _ otherIndex: Int) -> Double {
        guard boxes[index].overlaps(other.boxes[otherIndex]) else { return 0 }
        return edges.withUnsafeBufferPointer { edges in
            other.edges.withUnsafeBufferPointer { otherEdges in
                let mine = UnsafeBufferPointer(rebasing: edges[edgeStarts[index]..<edgeStarts[index + 1]])
                let theirs = UnsafeBufferPointer(
                    rebasing: otherEdges[other.edgeStarts[otherIndex]..<other.edgeStarts[otherIndex + 1]])
                return max(0, mine.sharedArea(with: theirs, in: boxes[index].intersection(other.boxes[otherIndex])))
            }
        }
    }

    /// Whether `point` is inside: left and upper edges count, right and lower ones do not, and lobes alternate.
    ///
    /// W. R. Franklin's crossing test, "PNPOLY", in the operations and order of `Polygon3`'s `isInside`.
    func contains(_ index: Int, _ point: Point) -> Bool {
        corners.withUnsafeBufferPointer { corners in
            var isInside = false
            var previous = corners[cornerStarts[index + 1] - 1]
            for position in cornerStarts[index]..<cornerStarts[index + 1] {
                let corner = corners[position]
                if (corner.y <= point.y) != (previous.y <= point.y),
                    point.x < (previous.x - corner.x) * (point.y - corner.y) / (previous.y - corner.y) + corner.x
                {
                    isInside.toggle()
                }
                previous = corner
            }
            return isInside
        }
    }
}
