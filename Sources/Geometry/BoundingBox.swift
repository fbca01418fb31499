/// The smallest axis-aligned rectangle around some points; its edges belong to it.
public struct BoundingBox: Sendable, Hashable {
    public var minX, minY, maxX, maxY: Double

    /// The rectangle between two corners.
    public init(minX: Double, minY: Double, maxX: Double, maxY: Double) {
        self.minX = minX
        self.minY = minY
        self.maxX = maxX
        self.maxY = maxY
    }

    /// Whether the two rectangles share an area; touching edges share none. False where a coordinate is NaN.
    public func overlaps(_ other: BoundingBox) -> Bool {
        minX < other.maxX && other.minX < maxX && minY < other.maxY && other.minY < maxY
    }

    /// What the two have in common; upside down where they have nothing.
    public func intersection(_ other: BoundingBox) -> BoundingBox {
        BoundingBox(
            minX: max(minX, other.minX), minY: max(minY, other.minY),
            maxX: min(maxX, other.maxX), maxY: min(maxY, other.maxY))
    }
}

extension Polygon {
    /// The smallest axis-aligned rectangle around the corners; nil without corners.
    public var boundingBox: BoundingBox? {
        guard let first = points.first else { return nil }
        var box = BoundingBox(minX: first.x, minY: first.y, maxX: first.x, maxY: first.y)
        for point in points.dropFirst() {
            box.minX = min(box.minX, point.x)
            box.minY = min(box.minY, point.y)
            box.maxX = max(box.maxX, point.x)
            box.maxY = max(box.maxY, point.y)
        }
        return box
    }
}
