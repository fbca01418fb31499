import Core
import Geometry
import TestSupport
import Testing

@Suite struct PolygonIntersectionTests {
    struct Golden {
        var a, b: Polygon
        var intersection, iou: Double
    }

    static let goldens: [Golden] = {
        let path = TestData.fixture("Geometry/intersections.json")
        guard let cases = try? JSONValue(contentsOf: path).object?["cases"]?.array else { return [] }
        return cases.compactMap { value in
            guard let object = value.object, let area = object["intersection"]?.number, let iou = object["iou"]?.number
            else { return nil }
            return Golden(a: polygon(object["a"]), b: polygon(object["b"]), intersection: area, iou: iou)
        }
    }()

    static func polygon(_ value: JSONValue?) -> Polygon {
        Polygon((value?.array ?? []).map { Point($0.array?[0].number ?? .nan, $0.array?[1].number ?? .nan) })
    }

    @Test func equalsShapely() {
        #expect(Self.goldens.count == 600)
        for (index, golden) in Self.goldens.enumerated() {
            let tolerance = 1e-9 * min(golden.a.area, golden.b.area) + 1e-12
            #expect(abs(golden.a.intersectionArea(with: golden.b) - golden.intersection) <= tolerance, "case \(index)")
            #expect(abs(golden.a.iou(with: golden.b) - golden.iou) <= 1e-9, "case \(index)")
        }
    }

    @Test func neitherOrderOrientationNorStartMatters() {
        for (index, golden) in Self.goldens.enumerated() {
            let tolerance = 1e-12 * max(golden.a.area, golden.b.area)
            let reversed = Polygon(golden.a.points.reversed())
            let turned = Polygon(Array(golden.b.points.dropFirst() + golden.b.points.prefix(1)))
            let area = golden.a.intersectionArea(with: golden.b)
            #expect(abs(golden.b.intersectionArea(with: golden.a) - area) <= tolerance, "case \(index)")
            #expect(abs(reversed.intersectionArea(with: golden.b) - area) <= tolerance, "case \(index)")
            #expect(abs(golden.a.intersectionArea(with: turned) - area) <= tolerance, "case \(index)")
        }
    }

    @Test func shiftsAndTransposesChangeNothing() {
        func moved(_ polygon: Polygon) -> Polygon { Polygon(polygon.points.map { Point($0.y - 4096, $0.x + 512) }) }
        for (index, golden) in Self.goldens.enumerated() {
            let iou = moved(golden.a).iou(with: moved(golden.b))
            #expect(abs(iou - golden.iou) <= 1e-9, "case \(index)")
        }
    }

    @Test func aPolygonCoversItself() {
        for (index, golden) in Self.goldens.enumerated() {
            #expect(abs(golden.a.iou(with: golden.a) - 1) <= 1e-12, "case \(index)")
        }
    }

    @Test func touchingPolygonsShareNothing() {
        let square = Polygon([Point(0, 0), Point(10, 0), Point(10, 10), Point(0, 10)])
        let neighbour = Polygon([Point(10, 0), Point(20, 0), Point(20, 10), Point(10, 10)])
        let diamond = Polygon([Point(15, 0), Point(20, 5), Point(15, 10), Point(10, 5)])
        #expect(square.intersectionArea(with: neighbour) == 0)
        #expect(square.intersectionArea(with: diamond) == 0)
        #expect(square.iou(with: neighbour) == 0)
    }

    @Test func precisionHoldsFarFromTheOrigin() {
        let offset = 1e9
        let a = Polygon([Point(0, 0), Point(40, 8), Point(38, 18), Point(-2, 10)].map { Point($0.x + offset, $0.y) })
        let b = Polygon([Point(5, 0), Point(45, 8), Point(43, 18), Point(3, 10)].map { Point($0.x + offset, $0.y) })
        let near = Polygon(a.points.map { Point($0.x - offset, $0.y) })
            .iou(with: Polygon(b.points.map { Point($0.x - offset, $0.y) }))
        #expect(a.iou(with: b) == near)
    }

    @Test func polygonsWithoutAreaShareNothing() {
        let square = Polygon([Point(0, 0), Point(10, 0), Point(10, 10), Point(0, 10)])
        for points in [
            [], [Point(1, 1)], [Point(1, 1), Point(9, 9)], [Point(1, 1), Point(5, 5), Point(9, 9)],
            [Point(2, 2), Point(8, 8), Point(8, 2), Point(2, 8)],
            [Point(.nan, 0), Point(5, 5), Point(0, 5)], [Point(.infinity, 0), Point(5, 5), Point(0, 5)],
        ] {
            #expect(square.intersectionArea(with: Polygon(points)) == 0)
            #expect(Polygon(points).iou(with: square) == 0)
            #expect(Polygon(points).iou(with: Polygon(points)) == 0)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func anyCornersGiveAnIoUWithinBounds(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func random(_ count: Int) -> Polygon {
            Polygon(
                (0..<count).map { _ in
                    Point(
                        Double(Int.random(in: -9...9, using: &generator)),
                        Double(Int.random(in: -9...9, using: &generator)))
                })
        }
        for _ in 0..<2000 {
            let a = random(Int.random(in: 3...9, using: &generator))
            let b = random(Int.random(in: 3...9, using: &generator))
            let iou = a.iou(with: b)
            #expect(iou >= 0 && iou <= 1, "\(a) \(b)")
            #expect(a.intersectionArea(with: b) <= min(a.area, b.area) + 1e-12)
        }
    }
}
