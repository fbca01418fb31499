import CClipper
import Core
import Geometry

/// The outline of several polygons together, by Clipper on whole pixels.
enum PolygonUnion {
    /// The outline, holes filled; nil where it does not cover the largest polygon.
    ///
    /// Identical polygons are their own union. The members are walked as one path that goes from one's first corner to
    /// the next one's and back: the two ways cancel, so the path's union with itself is theirs.
    static func outline(of polygons: [Polygon]) throws -> Polygon? {
        guard let first = polygons.first else { return nil }
        if polygons.allSatisfy({ $0 == first }) { return first }
        guard let path = path(through: polygons) else { return nil }
        var result = [Int32](repeating: 0, count: 4 * path.count)
        var count: Int32 = 0
        var message = [CChar](repeating: 0, count: 256)
        let status = cclipper_union_first(
            path, Int32(path.count / 2), &result, Int32(result.count / 2), &count, &message, Int32(message.count))
        guard status == Int32(CCLIPPER_OK), count > 2 else { return nil }
        let outline = Polygon((0..<Int(count)).map { Point(Double(result[2 * $0]), Double(result[2 * $0 + 1])) })
        let largest = polygons.map(\.rounded.area).max() ?? 0
        return outline.area >= largest ? outline : nil
    }

    /// x, y pairs; nil where a corner is outside of 32 bits or a polygon has no corner.
    private static func path(through polygons: [Polygon]) -> [Int32]? {
        var path: [Int32] = []
        path.reserveCapacity(2 * polygons.reduce(0) { $0 + $1.points.count + 2 })
        var starts: [Int] = []
        for polygon in polygons {
            let start = path.count
            starts.append(start)
            let isReversed = polygon.signedArea < 0
            for position in polygon.points.indices {
                let point = polygon.points[isReversed ? polygon.points.count - 1 - position : position]
                guard let x = Int32(exactly: point.x.rounded(.toNearestOrEven)),
                    let y = Int32(exactly: point.y.rounded(.toNearestOrEven))
                else { return nil }
                path.append(x)
                path.append(y)
            }
            guard start < path.count else { return nil }
            path += [path[start], path[start + 1]]
        }
        for start in starts.dropLast().reversed() { path += [path[start], path[start + 1]] }
        return path
    }
}
