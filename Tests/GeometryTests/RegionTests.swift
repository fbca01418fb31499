import Core
import Geometry
import TestSupport
import Testing

@Suite struct RegionTests {
    static func sharedArea(_ a: Region, _ b: Region, _ window: BoundingBox) -> Double {
        a.edges.withUnsafeBufferPointer { a in b.edges.withUnsafeBufferPointer { a.sharedArea(with: $0, in: window) } }
    }

    @Test func insidesFollowTheEvenOddRule() throws {
        let file = try JSONValue(contentsOf: TestData.fixture("Geometry/regions.json"))
        let cases = try #require(file.object?["cases"]?.array)
        #expect(cases.count == 400)
        let window = BoundingBox(minX: -10, minY: -10, maxX: 300, maxY: 300)
        for (index, golden) in cases.enumerated() {
            let object = try #require(golden.object)
            let a = PolygonIntersectionTests.polygon(object["a"])
            let b = Region(PolygonIntersectionTests.polygon(object["b"]))
            let holes = (object["holes"]?.array ?? []).map(PolygonIntersectionTests.polygon)
            let expected = try #require(object["shared"]?.number)
            #expect(abs(Self.sharedArea(Region(a, without: holes), b, window) - expected) < 1e-8, "case \(index)")
            let reversed = Region(Polygon(a.points.reversed()), without: holes)
            #expect(abs(Self.sharedArea(reversed, b, window) - expected) < 1e-8, "case \(index), reversed")
        }
    }

    @Test func simplePolygonsKeepTheirEdges() {
        // An L whose corners turn both ways, one of them in the middle of a side.
        let shape = Polygon([
            Point(0, 0), Point(5, 0), Point(10, 0), Point(10, 4), Point(4, 4), Point(4, 10), Point(0, 10),
        ])
        #expect(Region(shape).edges.count == 4)
        #expect(Region(Polygon(shape.points.reversed())).edges.count == 4)
    }
}
