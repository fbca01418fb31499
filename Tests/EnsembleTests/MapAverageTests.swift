import Core
import Ensemble
import Geometry
import Maps
import TestSupport
import Testing

/// Maps in memory.
struct MemoryMaps: MapSource {
    var label: String
    var maps: [ImageMap]

    var imageNames: [String] { maps.map(\.imageName) }
    func fingerprint() -> String { label }

    func read(_ name: String) throws -> ImageMap {
        try #require(maps.first { $0.imageName == name })
    }
}

@Suite("Averages of maps")
struct MapAverageTests {
    static func map(
        _ name: String = "a.jpg", imageWidth: Int = 30, inverse: MapToImageTransform = .identity, width: Int = 2,
        _ values: [Float] = [0, 0.25, 0.5, 1]
    ) -> ImageMap {
        ImageMap(
            imageName: name, imageWidth: imageWidth, imageHeight: 20, inverse: inverse,
            map: ProbabilityMap(width: width, height: values.count / width, values: values))
    }

    @Test("equal to NumPy's weighted mean, bit for bit")
    func golden() throws {
        let golden = try JSONValue(contentsOf: TestData.fixture("Ensemble/map_average.json"))
        let cases = try #require(golden.object?["cases"]?.array)
        #expect(cases.count == 3)
        for entry in cases.compactMap(\.object) {
            let width = try #require(entry["width"]?.int)
            let weights = try #require(entry["weights"]?.array).compactMap(\.number)
            let maps = try #require(entry["maps"]?.array).map {
                $0.array?.compactMap { $0.number.map(Float.init) } ?? []
            }
            let mean = try #require(entry["mean"]?.array).compactMap { $0.number.map(Float.init) }
            let sources = maps.enumerated().map { MemoryMaps(label: "\($0)", maps: [Self.map(width: width, $1)]) }
            let average = try MapAverage(of: sources, weights: weights)
            #expect(try average.read("a.jpg") == Self.map(width: width, mean))
        }
    }

    @Test("an average is a source: averaged again and fingerprinted")
    func nesting() throws {
        let (a, b) = (MemoryMaps(label: "a", maps: [Self.map()]), MemoryMaps(label: "b", maps: [Self.map()]))
        let average = try MapAverage(of: [a, b])
        #expect(try MapAverage(of: [average, a]).read("a.jpg") == Self.map())
        let fingerprints = [
            try average.fingerprint(), try MapAverage(of: [b, a]).fingerprint(), try MapAverage(of: [a]).fingerprint(),
            try MapAverage(of: [a, b], weights: [1, 2]).fingerprint(),
        ]
        #expect(Set(fingerprints).count == 4)
    }

    @Test("stores that do not lie on each other are named with what differs")
    func mismatches() throws {
        let first = MemoryMaps(label: "maps/fold0", maps: [Self.map()])
        let others: [(ImageMap, String)] = [
            (Self.map("b.jpg"), "the same images"), (Self.map(imageWidth: 31), "the image size of a.jpg"),
            (Self.map(width: 1), "the map size of a.jpg"),
            (
                Self.map(inverse: MapToImageTransform(scaleX: 2, offsetX: 0, scaleY: 1, offsetY: 0)),
                "the way from map to image of a.jpg"
            ),
        ]
        for (map, expected) in others {
            let error = #expect(throws: EnsembleError.self) {
                try MapAverage(of: [first, MemoryMaps(label: "maps/fold1", maps: [map])]).read("a.jpg")
            }
            let text = error?.description ?? ""
            #expect(text.contains(expected) && text.contains("maps/fold0") && text.contains("maps/fold1"))
        }
    }

    @Test("nothing to average, bad weights")
    func badOptions() {
        let source = MemoryMaps(label: "a", maps: [Self.map()])
        #expect(throws: EnsembleError.self) { try MapAverage(of: []) }
        for weights in [[], [0], [-1], [.nan], [1, 1]] as [[Double]] {
            #expect(throws: EnsembleError.self) { try MapAverage(of: [source], weights: weights) }
        }
    }
}
