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

    /// Where one of the polygons stands in `all`.
    func place(of polygon: Polygon) -> Int { places[polygon] ?? 0 }
}
