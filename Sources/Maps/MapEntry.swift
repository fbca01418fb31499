import Core
import Geometry

/// What a store knows of a map without unpacking it.
public struct MapEntry: Sendable, Equatable {
    /// The image's file name, such as `receipt_7_000.jpg`.
    public let imageName: String
    /// The image's size in pixels, after EXIF orientation.
    public let imageWidth, imageHeight: Int
    /// Map pixels to image pixels.
    public let inverse: MapToImageTransform
    /// The map's size in map pixels.
    public let mapWidth, mapHeight: Int
    /// How the values are kept.
    public let encoding: MapEncoding
    /// XXH128 of the uncompressed values as stored, 32 hexadecimal digits: the same for the same map, however compressed.
    /// Older maps have their SHA-256, 64 digits.
    public let valuesDigest: String

    /// The most values that a map may have; a header that says more is not believed.
    static let maximumValues = 1 << 28

    init(_ map: ImageMap, encoding: MapEncoding, valuesDigest: String) {
        imageName = map.imageName
        imageWidth = map.imageWidth
        imageHeight = map.imageHeight
        inverse = map.inverse
        mapWidth = map.map.width
        mapHeight = map.map.height
        self.encoding = encoding
        self.valuesDigest = valuesDigest
    }

    /// The header of a map file; the inverse is scale and offset of x, then of y.
    var json: JSONObject {
        let inverse = [inverse.scaleX, inverse.offsetX, inverse.scaleY, inverse.offsetY]
        return [
            "schema": 1, "image": .string(imageName), "image_size": [.int(imageWidth), .int(imageHeight)],
            "inverse": .array(inverse.map(JSONValue.number)), "map_size": [.int(mapWidth), .int(mapHeight)],
            "encoding": .string(encoding.rawValue),
            valuesDigest.count == 64 ? "values_sha256" : "values_xxh128": .string(valuesDigest),
        ]
    }

    /// Reads `json`; nil where a member is missing, of another kind or impossible.
    init?(json: JSONObject) {
        guard json["schema"]?.int == 1, let name = json["image"]?.string, let imageSize = json["image_size"]?.array,
            let mapSize = json["map_size"]?.array, let inverse = json["inverse"]?.array?.compactMap(\.number),
            let encoding = json["encoding"]?.string.flatMap(MapEncoding.init),
            let digest = (json["values_xxh128"] ?? json["values_sha256"])?.string
        else { return nil }
        let sizes = (imageSize + mapSize).compactMap(\.int)
        guard imageSize.count == 2, sizes.count == 4, inverse.count == 4,
            sizes.allSatisfy({ (1...MapEntry.maximumValues).contains($0) }),
            sizes[2] * sizes[3] <= MapEntry.maximumValues
        else { return nil }
        imageName = name
        imageWidth = sizes[0]
        imageHeight = sizes[1]
        self.inverse = MapToImageTransform(
            scaleX: inverse[0], offsetX: inverse[1], scaleY: inverse[2], offsetY: inverse[3])
        mapWidth = sizes[2]
        mapHeight = sizes[3]
        self.encoding = encoding
        valuesDigest = digest
    }
}
