/// A closed polygon by its corners, without a repeated last one; any number of corners, in pixels.
public struct Polygon: Sendable, Hashable {
    /// The corners, in either direction.
    public var points: [Point]

    /// The polygon with these corners.
    public init(_ points: [Point]) {
        self.points = points
    }

    /// Takes the number of corners and two of them in: enough to tell outlines apart.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(points.count)
        guard let first = points.first else { return }
        hasher.combine(first)
        hasher.combine(points[points.count / 2])
    }

    /// Twice the signed area is the shoelace sum; positive where the corners run clockwise on screen (y down).
    ///
    /// - Returns: signed area in square pixels; 0 below three corners. A bow-tie's lobes cancel.
    public var signedArea: Double {
        guard points.count > 2, var previous = points.last else { return 0 }
        var sum = 0.0
        for point in points {
            sum += previous.x * point.y - point.x * previous.y
            previous = point
        }
        return sum / 2
    }

    /// The absolute value of `signedArea`.
    public var area: Double { abs(signedArea) }
}
