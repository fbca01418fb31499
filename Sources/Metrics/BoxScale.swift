import Geometry

/// How large a box's text is: the shorter side of its smallest rectangle.
package enum BoxScale {
    /// The shorter side of the smallest rectangle along a side of the hull, in pixels, its corners rounded half to even as
    /// the package `cleval` rounds those of OpenCV's `minAreaRect`; 0 where the corners span no area.
    package static func shorterSide(_ polygon: Polygon) -> Double {
        let points = Outlines.held(polygon).points
        guard let corners = ConvexHull.corners(points) else { return 0 }
        let hull = corners.map { points[$0] }
        var smallest = Double.infinity
        var shorter = 0.0
        for (index, corner) in hull.enumerated() {
            let next = hull[index + 1 == hull.count ? 0 : index + 1]
            let length = ((next.x - corner.x) * (next.x - corner.x) + (next.y - corner.y) * (next.y - corner.y))
                .squareRoot()
            let unit = Point((next.x - corner.x) / length, (next.y - corner.y) / length)
            let along = hull.map { unit.x * $0.x + unit.y * $0.y }
            let across = hull.map { unit.x * $0.y - unit.y * $0.x }
            guard let left = along.min(), let right = along.max(), let top = across.min(), let bottom = across.max(),
                (right - left) * (bottom - top) < smallest
            else { continue }
            smallest = (right - left) * (bottom - top)
            func place(_ along: Double, _ across: Double) -> Point {
                let (x, y) = (unit.x * along - unit.y * across, unit.y * along + unit.x * across)
                return Point(x.rounded(.toNearestOrEven), y.rounded(.toNearestOrEven))
            }
            let quad = [place(left, top), place(right, top), place(right, bottom), place(left, bottom)]
            // In single precision, as NumPy has lengths of OpenCV's corners: sums then fall on the edges of bins.
            func side(_ from: Int, _ to: Int) -> Float {
                let (x, y) = (quad[to].x - quad[from].x, quad[to].y - quad[from].y)
                return Float((x * x + y * y).squareRoot())
            }
            shorter = Double(min(side(0, 1) + side(2, 3), side(1, 2) + side(3, 0))) / 2
        }
        return shorter
    }
}

/// The package's `SCALE_BINS`: classes of boxes by `scale`, shorter side over the image's longer one; both ends belong to
/// a bin, so that a box on an edge counts in two.
public enum ScaleBins {
    /// The edges between bins.
    public static let edges = [0.0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.1, 0.5, 1.0]
    /// From one edge to the next.
    public static let ranges = zip(edges, edges.dropFirst()).map { $0...$1 }
}
