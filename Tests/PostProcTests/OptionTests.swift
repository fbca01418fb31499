import Geometry
import Maps
import PostProc
import Testing

struct OptionTests {
    private static let map = ImageMap(
        imageName: "a.jpg", imageWidth: 20, imageHeight: 20, inverse: .identity,
        map: ProbabilityMap(width: 40, height: 40, values: [Float](repeating: 0.9, count: 1600)))

    private static func options(_ change: (inout PostProcOptions) -> Void) -> PostProcOptions {
        var options = PostProcOptions()
        change(&options)
        return options
    }

    @Test(arguments: [
        ("thresh", options { $0.thresh = .nan }), ("thresh", options { $0.thresh = 1.01 }),
        ("box_thresh", options { $0.boxThresh = -0.1 }), ("box_thresh", options { $0.boxThresh = .infinity }),
        ("max_candidates", options { $0.maxCandidates = -1 }),
        ("unclip_ratio", options { $0.unclipRatio = 0 }), ("unclip_ratio", options { $0.unclipRatio = .nan }),
        ("unclip_ratio", options { $0.unclipRatio = 1e9 }), ("min_size", options { $0.minSize = -1 }),
        ("min_size", options { $0.minSize = .infinity }),
    ])
    func refusesValuesOutOfRange(name: String, options: PostProcOptions) {
        let error = #expect(throws: PostProcError.self) { try detect(Self.map, options: options) }
        #expect(error?.diagnosis.place == name)
        #expect(error?.diagnosis.status == .configuration)
    }

    @Test func refusesMapsThatHoldNoNumbers() {
        var values = Self.map.map.values
        values[820] = .nan
        var map = Self.map
        map.map = ProbabilityMap(width: 40, height: 40, values: values)
        let error = #expect(throws: PostProcError.self) { try detect(map, options: PostProcOptions()) }
        #expect(error?.diagnosis.path == "a.jpg")
    }

    @Test func refusesMapsThatAreTooLarge() {
        let width = PostProcessor.maxSide + 1
        var map = Self.map
        map.map = ProbabilityMap(width: width, height: 1, values: [Float](repeating: 0, count: width))
        #expect(throws: PostProcError.self) { try detect(map, options: PostProcOptions()) }
    }

    @Test func noCandidatesAreLookedAtWithMaxCandidatesZero() throws {
        #expect(try detect(Self.map, options: Self.options { $0.maxCandidates = 0 }).isEmpty)
        #expect(try detect(Self.map, options: PostProcOptions()).count == 1)
    }

    /// The full map grows to [-15, 54]; the image is 20 x 20.
    @Test func coordinatesAreClippedOnlyWhenAsked() throws {
        let free = try #require(try detect(Self.map, options: PostProcOptions()).first).polygon
        #expect(free.points.map(\.x).min() == -15 && free.points.map(\.y).max() == 54)
        for usePolygon in [false, true] {
            let clipped = try #require(
                try detect(
                    Self.map,
                    options: Self.options {
                        $0.clipToImage = true
                        $0.usePolygon = usePolygon
                    }
                ).first
            ).polygon
            #expect(Set(clipped.points.flatMap { [$0.x, $0.y] }) == [0, 19])
        }
    }

    /// NumPy's cast to int16: modulo 65536 within 32 bits, 0 beyond.
    @Test func coordinatesWrapIntoSixteenBits() throws {
        var map = Self.map
        map.inverse = MapToImageTransform(scaleX: 1, offsetX: 40_015, scaleY: 1e9, offsetY: 0)
        let polygon = try #require(try detect(map, options: PostProcOptions()).first).polygon
        #expect(polygon.points.map(\.x) == [40_000, 40_069, 40_069, 40_000].map { $0 - 65_536 })
        #expect(Set(polygon.points.map(\.y)) == [0])
    }
}
