extension Polygon {
    /// The area that two simple polygons share, convex or concave, in either orientation, collinear corners allowed.
    ///
    /// A self-crossing polygon counts each place as often as its outline winds around it, with sign, as `signedArea`
    /// does: the lobes of a bow-tie cancel. The result is held between 0 and the smaller `area`, so it is defined
    /// for every input, and 0 where either polygon has no area.
    ///
    /// Exact but for rounding: the error is some 1e-15 of the overlap of the two bounding boxes for each pair of
    /// edges, wherever on the plane the polygons lie.
    ///
    /// - Returns: square pixels.
    /// - Complexity: O(*n* · *m*) in the numbers of corners; O(*n* + *m*) where the bounding boxes do not overlap.
    public func intersectionArea(with other: Polygon) -> Double {
        overlap(with: other)?.intersection ?? 0
    }

    /// Intersection over union of two simple polygons.
    ///
    /// - Returns: 0…1; 0 where either polygon has no area. Self-crossing polygons as in `intersectionArea(with:)`.
    /// - Complexity: O(*n* · *m*) in the numbers of corners; O(*n* + *m*) where the bounding boxes do not overlap.
    public func iou(with other: Polygon) -> Double {
        guard let overlap = overlap(with: other) else { return 0 }
        return min(1, overlap.intersection / (overlap.area + overlap.otherArea - overlap.intersection))
    }

    /// nil where the bounding boxes do not overlap or a polygon has no area.
    private func overlap(with other: Polygon) -> (intersection: Double, area: Double, otherArea: Double)? {
        guard let box = boundingBox, let otherBox = other.boundingBox, box.overlaps(otherBox) else { return nil }
        let window = box.intersection(otherBox)
        let origin = Point(window.minX, window.minY)
        let signedArea = areaAround(origin)
        let otherSignedArea = other.areaAround(origin)
        let limit = min(abs(signedArea), abs(otherSignedArea))
        guard limit > 0, limit.isFinite else { return nil }
        let sum = withEdges { edges in
            other.withEdges { edges.sharedArea(with: $0, in: window) }
        }
        let intersection = min(max(0, (signedArea < 0) == (otherSignedArea < 0) ? sum : -sum), limit)
        return (intersection, abs(signedArea), abs(otherSignedArea))
    }

    /// `signedArea` with coordinates taken from `origin`, which keeps the precision far away from (0, 0).
    private func areaAround(_ origin: Point) -> Double {
        guard points.count > 2, let last = points.last else { return 0 }
        var previous = Point(last.x - origin.x, last.y - origin.y)
        var sum = 0.0
        for point in points {
            let next = Point(point.x - origin.x, point.y - origin.y)
            sum += previous.x * next.y - next.x * previous.y
            previous = next
        }
        return sum / 2
    }

    private func withEdges<Result>(_ body: (UnsafeBufferPointer<DirectedEdge>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: DirectedEdge.self, capacity: points.count) { edges in
            var count = 0
            var previous = points[points.count - 1]
            for point in points {
                if let edge = DirectedEdge(from: previous, to: point) {
                    edges.initializeElement(at: count, to: edge)
                    count += 1
                }
                previous = point
            }
            return body(UnsafeBufferPointer(rebasing: edges[..<count]))
        }
    }
}
