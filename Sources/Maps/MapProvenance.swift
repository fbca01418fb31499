import Core

/// What made the maps of a store: maps of different make are never mixed in one store.
public struct MapProvenance: Sendable, Equatable {
    /// The checkpoint's path as the user gave it, or the folder that maps were imported from. Not compared where the
    /// checksum is known: a checkpoint may move.
    public var checkpoint: String
    /// SHA-256 of the checkpoint, 64 hexadecimal digits; empty for imported maps.
    public var checkpointSHA256: String
    /// The network's name, such as `resnet50`; empty for imported maps.
    public var architecture: String
    /// The side of the square maps in map pixels; nil where each map has its own size.
    public var size: Int?
    /// How images became the network's input, such as `letterbox, imagenet`.
    public var preprocessing: String
    /// The arithmetic of the network, such as `fp32`.
    public var precision: String
    /// The views averaged with the plain one, such as `hflip`, in this order.
    public var tta: [String]

    /// A provenance of these parts.
    public init(
        checkpoint: String, checkpointSHA256: String, architecture: String, size: Int?, preprocessing: String,
        precision: String, tta: [String] = []
    ) {
        self.checkpoint = checkpoint
        self.checkpointSHA256 = checkpointSHA256
        self.architecture = architecture
        self.size = size
        self.preprocessing = preprocessing
        self.precision = precision
        self.tta = tta
    }

    /// The provenance of maps imported from `path`, laid onto their images by `geometry`.
    public static func imported(from path: String, geometry: MapImport.Geometry) -> MapProvenance {
        MapProvenance(
            checkpoint: path, checkpointSHA256: "", architecture: "", size: nil, preprocessing: geometry.rawValue,
            precision: "imported")
    }

    /// This as an object whose members have the keys of `store.json`.
    public var json: JSONObject {
        [
            "checkpoint": .string(checkpoint), "checkpoint_sha256": .string(checkpointSHA256),
            "architecture": .string(architecture), "size": size.map(JSONValue.int) ?? .null,
            "preprocessing": .string(preprocessing), "precision": .string(precision),
            "tta": .array(tta.map(JSONValue.string)),
        ]
    }

    /// Reads `json`; nil where a member is missing or of another kind.
    public init?(json: JSONObject) {
        guard let checkpoint = json["checkpoint"]?.string, let sha256 = json["checkpoint_sha256"]?.string,
            let architecture = json["architecture"]?.string, let size = json["size"],
            size == .null || size.int.map({ $0 > 0 }) == true, let preprocessing = json["preprocessing"]?.string,
            let precision = json["precision"]?.string, let views = json["tta"]?.array
        else { return nil }
        let tta = views.compactMap(\.string)
        guard tta.count == views.count else { return nil }
        self.init(
            checkpoint: checkpoint, checkpointSHA256: sha256, architecture: architecture, size: size.int,
            preprocessing: preprocessing, precision: precision, tta: tta)
    }

    /// Keys whose values forbid mixing, with both values; empty where the maps may stand together.
    func differences(from other: MapProvenance) -> [(key: String, mine: JSONValue, other: JSONValue)] {
        zip(json, other.json).filter { mine, other in
            mine.1 != other.1 && (mine.0 != "checkpoint" || checkpointSHA256.isEmpty)
        }.map { ($0.0, $0.1, $1.1) }
    }
}
