import Core
import Dataset
import Geometry
import Maps

/// Maps in memory.
struct MemoryMaps: MapSource {
    var label = "memory"
    var maps: [ImageMap]
    /// Images whose map cannot be read.
    var broken: Set<String> = []

    struct Broken: Error {}

    var imageNames: [String] { maps.map(\.imageName) }

    func fingerprint() throws -> String {
        guard broken.isEmpty else { throw Broken() }
        return SHA256.hexDigest(of: maps.map { "\($0.imageName) \($0.map.values)" }.joined())
    }

    func read(_ name: String) throws -> ImageMap {
        guard !broken.contains(name), let map = maps.first(where: { $0.imageName == name }) else { throw Broken() }
        return map
    }
}

/// Maps of blurred bars with noise, and the bars that made them as truth.
struct RandomSweep {
    var maps: MemoryMaps
    let truth: AnnotationSet

    static let side = 160

    init(images: Int = 4, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var maps: [ImageMap] = []
        var annotations: [ImageAnnotation] = []
        for number in 0..<images {
            let name = "image_\(number).jpg"
            let scale = Double.random(in: 0.7...2, using: &generator)
            var values = (0..<Self.side * Self.side).map { _ in generator.nextUnitFloat() * 0.22 }
            var words: [Word] = []
            for row in 0..<9 {
                for column in 0..<3 {
                    let x = column * 52 + Int.random(in: 2...8, using: &generator)
                    let y = row * 17 + Int.random(in: 2...6, using: &generator)
                    let width = Int.random(in: 12...40, using: &generator)
                    let height = Int.random(in: 2...11, using: &generator)
                    let level = generator.nextUnitFloat() * 0.6 + 0.2
                    for mapY in y..<min(Self.side, y + height) {
                        for mapX in x..<min(Self.side, x + width) {
                            values[mapY * Self.side + mapX] = min(1, level + generator.nextUnitFloat() * 0.25)
                        }
                    }
                    // Some bars are no truth.
                    guard Int.random(in: 0..<6, using: &generator) > 0 else { continue }
                    let corners = [(x - 1, y - 1), (x + width, y - 1), (x + width, y + height), (x - 1, y + height)]
                    words.append(
                        Word(
                            id: "\(words.count)",
                            polygon: Polygon(
                                corners.map { Point((Double($0) * scale).rounded(), (Double($1) * scale).rounded()) })))
                }
            }
            let size = Int(Double(Self.side) * scale)
            annotations.append(ImageAnnotation(name: name, width: size, height: size, words: words))
            maps.append(
                ImageMap(
                    imageName: name, imageWidth: size, imageHeight: size,
                    inverse: MapToImageTransform(scaleX: scale, offsetX: 0, scaleY: scale, offsetY: 0),
                    map: ProbabilityMap(width: Self.side, height: Self.side, values: values)))
        }
        self.maps = MemoryMaps(maps: maps)
        truth = AnnotationSet(annotations)
    }
}
