import CClipper
import PostProc
import Testing

/// Each stage against OpenCV 4.6 and Clipper 6.4.2 themselves, bit for bit over random input.
struct StageTests {
    @Test(arguments: UInt64(1)...40)
    func contoursEqualOpenCV(seed: UInt64) throws {
        var random = RandomMaps(seed: seed)
        var mask = BinaryMap()
        var contours = ContourList()
        for _ in 0..<12 {
            let (width, height, values) = random.map()
            let thresh: Float = 0.35
            mask.binarize(values, width: width, height: height, thresh: thresh)
            mask.findContours(into: &contours)
            let expected = try OpenCV.findContours(
                values.map { $0 > thresh ? 255 : 0 }, width: width, height: height)
            let found = contours.all
            try #require(found.count == expected.count, "seed \(seed), \(width) x \(height)")
            for (index, pair) in zip(found, expected).enumerated() where pair.0 != pair.1 {
                Issue.record("seed \(seed), \(width) x \(height): contour \(index) differs")
                return
            }
        }
    }

    @Test func valuesThatAreNoNumbersAreNotText() {
        var mask = BinaryMap()
        var contours = ContourList()
        var values = [Float](repeating: .nan, count: 100 * 3)
        values[150] = 0.5
        values[151] = .infinity
        values[152] = 0.3
        mask.binarize(values, width: 100, height: 3, thresh: 0.3)
        mask.findContours(into: &contours)
        #expect(contours.all == [[MapPoint(50, 1), MapPoint(51, 1)]])
    }

    @Test(arguments: UInt64(1)...30)
    func rectanglesEqualOpenCV(seed: UInt64) throws {
        var random = RandomMaps(seed: seed)
        var finder = MinAreaQuadFinder()
        for _ in 0..<200 {
            let points = random.points()
            let expected = try OpenCV.minAreaRect(points)
            let found = points.withUnsafeBufferPointer { finder.minAreaRect($0) }
            #expect(found == expected.rect, "seed \(seed): \(points)")
            #expect([found.corners.0, found.corners.1, found.corners.2, found.corners.3] == expected.corners)
        }
    }

    @Test(arguments: UInt64(1)...30)
    func rectanglesOfContoursEqualOpenCV(seed: UInt64) throws {
        var random = RandomMaps(seed: 1000 + seed)
        var mask = BinaryMap()
        var contours = ContourList()
        var finder = MinAreaQuadFinder()
        let (width, height, values) = random.map()
        mask.binarize(values, width: width, height: height, thresh: 0.35)
        mask.findContours(into: &contours)
        for contour in contours.all.prefix(300) {
            let expected = try OpenCV.minAreaRect(contour)
            #expect(contour.withUnsafeBufferPointer { finder.minAreaRect($0) } == expected.rect, "seed \(seed)")
        }
    }

    @Test(arguments: UInt64(1)...30)
    func approximationsEqualOpenCV(seed: UInt64) throws {
        var random = RandomMaps(seed: 2000 + seed)
        var mask = BinaryMap()
        var contours = ContourList()
        var approximator = PolygonApproximator()
        let (width, height, values) = random.map()
        mask.binarize(values, width: width, height: height, thresh: 0.35)
        mask.findContours(into: &contours)
        for contour in contours.all.prefix(300) {
            let length = contour.withUnsafeBufferPointer { PolygonApproximator.arcLength($0) }
            #expect(try length == OpenCV.arcLength(contour), "seed \(seed)")
            for epsilon in [0.002 * length, 0.02 * length, 0, 1.5] {
                contour.withUnsafeBufferPointer { approximator.approximate($0, epsilon: epsilon) }
                #expect(
                    try Array(approximator.polygon.elements) == OpenCV.approximate(contour, epsilon: epsilon),
                    "seed \(seed), epsilon \(epsilon)")
            }
        }
    }

    @Test(arguments: UInt64(1)...40)
    func coverageEqualsFillPoly(seed: UInt64) throws {
        var random = RandomMaps(seed: 3000 + seed)
        var coverage = Coverage()
        for _ in 0..<60 {
            let width = random.int(1...140)
            let height = random.int(1...50)
            let isWild = random.int(0...1) == 0
            let polygon = (0..<random.int(isWild ? 1...12 : 4...4)).map { _ in
                MapPoint(
                    Int32(random.int(isWild ? -30...width + 30 : 0...width - 1)),
                    Int32(random.int(isWild ? -30...height + 30 : 0...height - 1)))
            }
            let values = [Float](repeating: 0.5, count: width * height)
            let expected = try OpenCV.fillMean(polygon, values: values, width: width, height: height).mask
            polygon.withUnsafeBufferPointer { coverage.fill($0, width: width, height: height) }
            let found = (0..<height).flatMap { y in
                (0..<width).map { x in UInt8(coverage.word(x / 64, row: y) >> UInt64(x % 64) & 1) }
            }
            #expect(found == expected, "seed \(seed), \(width) x \(height): \(polygon)")
        }
    }

    @Test(arguments: UInt64(1)...20)
    func scoresEqualOpenCV(seed: UInt64) throws {
        var random = RandomMaps(seed: 4000 + seed)
        var scorer = BoxScorer()
        let (width, height, values) = random.map()
        for _ in 0..<30 {
            // Polygons whose bounding window is the whole map, so that OpenCV needs no window.
            var polygon = [MapPoint(0, 0), MapPoint(Int32(width - 1), Int32(height - 1))]
            for _ in 0..<random.int(1...6) {
                polygon.append(MapPoint(Int32(random.int(0...width - 1)), Int32(random.int(0...height - 1))))
            }
            let expected = try OpenCV.fillMean(polygon, values: values, width: width, height: height).mean
            let found = values.withUnsafeBufferPointer { values in
                values.baseAddress.map { base in
                    polygon.withUnsafeBufferPointer { scorer.score(base, width: width, height: height, polygon: $0) }
                }
            }
            #expect(abs((found ?? -1) - expected) <= 1e-12, "seed \(seed)")
        }
    }

    @Test(arguments: UInt64(1)...40)
    func grownPolygonsEqualClipper(seed: UInt64) throws {
        var random = RandomMaps(seed: 5000 + seed)
        var unclipper = Unclipper()
        for _ in 0..<100 {
            let polygon = random.int(0...9) == 0 ? random.points() : random.star()
            let distance = Double(random.int(1...300)) / 10
            let found = try polygon.withUnsafeBufferPointer { try unclipper.grow($0, by: distance) }
            #expect(
                try found == clipperOffset(polygon, distance), "seed \(seed), distance \(distance): \(polygon)")
        }
    }

    /// Most quads have a convex outline, which needs no union.
    @Test(arguments: UInt64(1)...40)
    func grownQuadsEqualClipper(seed: UInt64) throws {
        var random = RandomMaps(seed: 6000 + seed)
        var unclipper = Unclipper()
        var finder = MinAreaQuadFinder()
        for _ in 0..<200 {
            let points = random.points()
            let corners = points.withUnsafeBufferPointer { finder.find($0) }.corners
            let quad = [corners.0, corners.1, corners.2, corners.3].map { MapPoint(Int32($0.x), Int32($0.y)) }
            let distance = Double(random.int(1...200)) / 10
            let found = try quad.withUnsafeBufferPointer { try unclipper.grow($0, by: distance) }
            #expect(try found == clipperOffset(quad, distance), "seed \(seed), distance \(distance): \(quad)")
        }
    }

    /// The sweep written here against the library's, on outlines that cross themselves in every way; what it leaves
    /// to the library must stay rare on grown polygons.
    @Test(arguments: UInt64(1)...20)
    func unionsEqualClipper(seed: UInt64) throws {
        var random = RandomMaps(seed: 7000 + seed)
        var offset = OffsetPath()
        var union = OutlineUnion()
        var result = Buffer<MapPoint>()
        var declined = 0
        for round in 0..<200 {
            let isWild = round % 4 == 0
            var outline: [MapPoint]
            if isWild {
                let side = random.int(2...60)
                outline = (0..<random.int(3...40)).map { _ in
                    MapPoint(Int32(random.int(0...side)), Int32(random.int(0...side)))
                }
            } else {
                let star = random.star()
                guard star.withUnsafeBufferPointer({ offset.offset($0, by: Double(random.int(5...300)) / 10) })
                else { continue }
                outline = Array(offset.path.elements)
            }
            if outline.withUnsafeBufferPointer({ union.unite($0, into: &result) }) == .declined {
                if !isWild { declined += 1 }
                continue
            }
            #expect(try Array(result.elements) == clipperUnion(outline), "seed \(seed): \(outline)")
        }
        #expect(declined <= 3)
    }

    /// Clipper's own union, first path.
    private func clipperUnion(_ outline: [MapPoint]) throws -> [MapPoint] {
        let flat = outline.flatMap { [$0.x, $0.y] }
        var result = [Int32](repeating: 0, count: 20_000)
        var count: Int32 = 0
        var message = [CChar](repeating: 0, count: 256)
        let status = cclipper_union_first(
            flat, Int32(outline.count), &result, 10_000, &count, &message, Int32(message.count))
        try #require(status == Int32(CCLIPPER_OK))
        return (0..<Int(count)).map { MapPoint(result[2 * $0], result[2 * $0 + 1]) }
    }

    /// Clipper's own offset, first path.
    private func clipperOffset(_ polygon: [MapPoint], _ distance: Double) throws -> [MapPoint] {
        let flat = polygon.flatMap { [$0.x, $0.y] }
        var result = [Int32](repeating: 0, count: 20_000)
        var count: Int32 = 0
        var message = [CChar](repeating: 0, count: 256)
        let status = cclipper_offset_first(
            flat, Int32(polygon.count), distance, &result, 10_000, &count, &message, Int32(message.count))
        try #require(status == Int32(CCLIPPER_OK))
        return (0..<Int(count)).map { MapPoint(result[2 * $0], result[2 * $0 + 1]) }
    }
}

extension ContourList {
    /// All contours as arrays, in OpenCV's order.
    var all: [[MapPoint]] { (0..<count).map { Array(self[$0]) } }
}
