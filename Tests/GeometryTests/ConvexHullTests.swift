import Core
import Geometry
import TestSupport
import Testing

@Suite struct ConvexHullTests {
    @Test func equalsQhullInOrder() throws {
        let file = try JSONValue(contentsOf: TestData.fixture("Geometry/hulls.json"))
        let cases = try #require(file.object?["cases"]?.array)
        #expect(cases.count >= 1500)
        for (index, golden) in cases.enumerated() {
            let object = try #require(golden.object)
            // Qhull sees single precision.
            let points = PolygonIntersectionTests.polygon(object["points"]).points
                .map { Point(Double(Float($0.x)), Double(Float($0.y))) }
            let corners = object["corners"]?.array?.compactMap(\.int)
            #expect(ConvexHull.corners(points) == corners, "case \(index)")
        }
    }

    @Test func pointsWithoutAreaHaveNoHull() {
        #expect(ConvexHull.corners([]) == nil)
        #expect(ConvexHull.corners([Point(0, 0), Point(4, 4)]) == nil)
        #expect(ConvexHull.corners([Point(0, 0), Point(4, 4), Point(9, 9), Point(2, 2)]) == nil)
        #expect(ConvexHull.corners([Point](repeating: Point(5, 5), count: 6)) == nil)
        #expect(ConvexHull.corners([Point(3, 0), Point(3, 9), Point(3, 4), Point(3, 2)]) == nil)
        #expect(ConvexHull.corners([Point(.nan, 0), Point(3, 9), Point(3, 4), Point(1, 2)]) == nil)
    }

    @Test(arguments: [1, 1e3, 1e6, 1e9, 1e15] as [Double])
    func manyPointsOfAnySizeEnd(scale: Double) throws {
        var generator = SeededGenerator(seed: 5)
        for count in [3, 4, 5, 50, 500] {
            let points = (0..<count).map { _ in
                Point(Double(generator.nextUnitFloat()) * scale, Double(generator.nextUnitFloat()) * scale)
            }
            let corners = try #require(ConvexHull.corners(points))
            #expect(corners.count >= 3 && Set(corners).count == corners.count)
            let hull = Polygon(corners.map { points[$0] })
            #expect(
                points.allSatisfy { point in
                    zip(hull.points, hull.points.dropFirst() + hull.points.prefix(1)).allSatisfy { a, b in
                        (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) >= -1e-9 * scale * scale
                    }
                })
        }
    }
}
