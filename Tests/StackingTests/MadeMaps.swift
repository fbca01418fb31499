import Core
import Dataset
import Geometry
import Maps

/// Maps of made images, 160 x 120: words that each source sees more or less, and blobs where nothing is.
struct MadeMaps: MapSource {
    let label: String
    let imageNames: [String]
    private let maps: [String: ImageMap]

    func read(_ name: String) throws -> ImageMap { try maps[name] ?? { throw Missing() }() }
    func fingerprint() throws -> String { label }

    struct Missing: Error {}

    /// One source's maps by name.
    init(_ label: String, _ maps: [ImageMap]) {
        self.label = label
        imageNames = maps.map(\.imageName)
        self.maps = Dictionary(uniqueKeysWithValues: maps.map { ($0.imageName, $0) })
    }

    /// The map of rectangles, each of one probability; of overlapping ones the last holds.
    static func map(_ name: String, _ rectangles: [(x: Int, y: Int, width: Int, height: Int, value: Float)]) -> ImageMap
    {
        var values = [Float](repeating: 0.01, count: 160 * 120)
        for rectangle in rectangles {
            for y in rectangle.y..<rectangle.y + rectangle.height {
                for x in rectangle.x..<rectangle.x + rectangle.width { values[160 * y + x] = rectangle.value }
            }
        }
        return ImageMap(
            imageName: name, imageWidth: 160, imageHeight: 120, inverse: .identity,
            map: ProbabilityMap(width: 160, height: 120, values: values))
    }

    /// `sources` sources of `images` images, and their truth. A word has 0.55 to 0.95 and is missed by a source now and
    /// then; a blob has 0.3 to 0.75, and mostly one source alone sees it.
    static func made(sources: Int, images: Int, seed: UInt64) -> (sources: [MadeMaps], truth: AnnotationSet) {
        var generator = SeededGenerator(seed: seed)
        var maps = [[ImageMap]](repeating: [], count: sources)
        var truth: [ImageAnnotation] = []
        for image in 0..<images {
            let name = "made_\(image).jpg"
            var seen = [[(x: Int, y: Int, width: Int, height: Int, value: Float)]](repeating: [], count: sources)
            var words: [Word] = []
            for row in 0..<5 {
                for column in 0..<3 {
                    let (x, y) = (8 + 50 * column, 8 + 22 * row)
                    let width = 20 + Int(generator.next() % 14)
                    let isWord = generator.next() % 4 > 0
                    if isWord {
                        let (left, top, right, bottom) = (
                            Double(x - 2), Double(y - 2), Double(x + width + 2), Double(y + 12)
                        )
                        words.append(
                            Word(
                                id: "\(words.count)",
                                polygon: Polygon([
                                    Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom),
                                ])))
                    }
                    for source in 0..<sources where generator.next() % 8 < (isWord ? 7 : 3) {
                        let level = generator.nextUnitFloat()
                        seen[source].append((x, y, width, 10, isWord ? 0.55 + 0.4 * level : 0.3 + 0.45 * level))
                    }
                }
            }
            for source in 0..<sources { maps[source].append(map(name, seen[source])) }
            truth.append(ImageAnnotation(name: name, width: 160, height: 120, words: words))
        }
        return (maps.enumerated().map { MadeMaps("maps\($0)", $1) }, AnnotationSet(truth))
    }
}
