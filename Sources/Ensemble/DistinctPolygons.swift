import Geometry

/// Polygons without repetition, in the order of their first appearance.
struct DistinctPolygons {
    private(set) var all: [Polygon] = []
    private var places: [Polygon: Int] = [:]

    init(_ polygons: some Sequence<Polygon>) {
        for polygon in polygons where places[polygon] == nil {
            places[polygon] = all.count
            all.append(polygon)
        }
    }

    /// Where one of the polygons stands in `all`; one that does not even equal itself is found by its bits.
    ///
    /// - Precondition: it is one of them.
    func place(of polygon: Polygon) -> Int {
        func bits(_ polygon: Polygon) -> [UInt64] { polygon.points.flatMap { [$0.x.bitPattern, $0.y.bitPattern] } }
        if let place = places[polygon] { return place }
        let wanted = bits(polygon)
        guard let place = all.firstIndex(where: { bits($0) == wanted }) else {
            preconditionFailure("a polygon that is not among the distinct ones")
        }
        return place
    }
}
