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

@Suite("Means of maps")
struct MapMeanTests {
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
            let average = try MapCombination(of: sources, rule: .mean, weights: weights)
            #expect(try average.read("a.jpg") == Self.map(width: width, mean))
        }
    }

    @Test("an average is a source: averaged again and fingerprinted")
    func nesting() throws {
        let (a, b) = (MemoryMaps(label: "a", maps: [Self.map()]), MemoryMaps(label: "b", maps: [Self.map()]))
        let average = try MapCombination(of: [a, b], rule: .mean)
        #expect(try MapCombination(of: [average, a], rule: .mean).read("a.jpg") == Self.map())
        let fingerprints = [
            try average.fingerprint(), try MapCombination(of: [b, a], rule: .mean).fingerprint(),
            try MapCombination(of: [a], rule: .mean).fingerprint(),
            try MapCombination(of: [a, b], rule: .mean, weights: [1, 2]).fingerprint(),
        ]
        #expect(Set(fingerprints).count == 4)
    }

    @Test("stores of other images are named with what differs")
    func mismatches() throws {
        let first = MemoryMaps(label: "maps/fold0", maps: [Self.map()])
        let others = [(Self.map("b.jpg"), "the same images"), (Self.map(imageWidth: 31), "the image size of a.jpg")]
        for (map, expected) in others {
            let error = #expect(throws: EnsembleError.self) {
                try MapCombination(of: [first, MemoryMaps(label: "maps/fold1", maps: [map])], rule: .mean).read("a.jpg")
            }
            let text = error?.description ?? ""
            #expect(text.contains(expected) && text.contains("maps/fold0") && text.contains("maps/fold1"))
        }
    }

    @Test("nothing to average, bad weights")
    func badOptions() {
        let source = MemoryMaps(label: "a", maps: [Self.map()])
        #expect(throws: EnsembleError.self) { try MapCombination(of: [], rule: .mean) }
        for weights in [[], [0], [-1], [.nan], [1, 1]] as [[Double]] {
            #expect(throws: EnsembleError.self) { try MapCombination(of: [source], rule: .mean, weights: weights) }
        }
    }
}
