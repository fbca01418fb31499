import Dataset
import Geometry

/// One polygon that several detections were combined to.
struct MergedPolygon: Sendable {
    /// How many sources stand behind it.
    var votes: Int
    /// How many detections it was made of.
    var memberCount: Int
    var score: Double
    var polygon: Polygon
    /// The mean of its members' places in their images.
    var place: Double
    /// Whether its area falls below 80% of its members' median.
    var isShrunken = false
    /// Whether a mean or a union was asked for but the medoid stands.
    var fellBack = false

    /// Whether `polygon` has less than 80% of the median area of `members`.
    static func isShrunken(_ polygon: Polygon, among members: [Polygon]) -> Bool {
        guard members.count > 1 else { return false }
        let areas = members.map(\.area).sorted()
        let median = (areas[(areas.count - 1) / 2] + areas[areas.count / 2]) / 2
        return polygon.area < 0.8 * median
    }
}

/// What the sources' detections on one image were combined to, in output order.
struct CombinedImage: Sendable {
    let name: String
    let width, height: Int?
    let groups: [MergedPolygon]

    init(name: String, sources: [ImageAnnotation?], groups: [MergedPolygon]) {
        self.name = name
        width = sources.lazy.compactMap { $0?.width }.first
        height = sources.lazy.compactMap { $0?.height }.first
        self.groups = groups.enumerated()
            .sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }.map(\.element)
    }

    func annotation(votes: Int) -> ImageAnnotation {
        var words: [Word] = []
        for group in groups where group.votes >= votes {
            let number = String(words.count + 1)
            words.append(
                Word(
                    id: String(repeating: "0", count: max(0, 4 - number.count)) + number, polygon: group.polygon,
                    score: group.score, extras: ["votes": .int(group.votes)]))
        }
        return ImageAnnotation(name: name, width: width, height: height, words: words)
    }
}

/// How many of the polygons that were made of two detections or more have lost area.
public struct Shrinkage: Sendable, Hashable {
    /// Polygons with less than 80% of their members' median area.
    public let shrunken: Int
    /// Polygons made of two detections or more.
    public let merged: Int

    /// Whether more than 1% of the merged polygons are shrunken: the method halves boxes, or worse.
    public var isMarked: Bool { 100 * shrunken > merged }

    init(shrunken: Int = 0, merged: Int = 0) {
        self.shrunken = shrunken
        self.merged = merged
    }

    init(_ polygons: some Sequence<MergedPolygon>) {
        let merged = polygons.filter { $0.memberCount > 1 }
        self.init(shrunken: merged.count(where: \.isShrunken), merged: merged.count)
    }

    static func + (left: Shrinkage, right: Shrinkage) -> Shrinkage {
        Shrinkage(shrunken: left.shrunken + right.shrunken, merged: left.merged + right.merged)
    }
}
