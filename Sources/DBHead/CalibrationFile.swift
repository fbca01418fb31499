import Core
import Inference

/// What `submit calibrate` finds out of a checkpoint, as a JSON file: `{"schema", "format": "calibration",
/// "checkpoint_sha256", "size", "images", "ranges": {layer: [low, high]}}`.
public struct CalibrationFile: Sendable, Equatable {
    /// SHA-256 of the checkpoint whose maps were counted, 64 hexadecimal digits.
    public let checkpointSHA256: String
    /// The side of the square network input, in pixels.
    public let size: Int
    /// Names of the images that were run.
    public let images: [String]
    /// The ranges of the network's maps.
    public let calibration: Calibration

    /// A file of these parts.
    public init(checkpointSHA256: String, size: Int, images: [String], calibration: Calibration) {
        self.checkpointSHA256 = checkpointSHA256
        self.size = size
        self.images = images
        self.calibration = calibration
    }

    /// Where the calibration of a checkpoint stands unless it is told: beside it.
    public static func path(besideCheckpoint path: String) -> String { path + ".int8.json" }

    /// This as a document; the same calibration gives the same text.
    public var json: JSONValue {
        var ranges = JSONObject()
        for (name, range) in calibration.ranges.sorted(by: { $0.key < $1.key }) {
            ranges[name] = [.number(Double(range.lowerBound)), .number(Double(range.upperBound))]
        }
        return [
            "schema": 1, "format": "calibration", "checkpoint_sha256": .string(checkpointSHA256), "size": .int(size),
            "images": .array(images.map(JSONValue.string)), "ranges": .object(ranges),
        ]
    }

    /// Reads the file at `path`.
    ///
    /// - Throws: `FileError` (65, 66) where it cannot be read; `DetectorError` (65) with the key of what is wrong in it.
    public init(contentsOf path: String) throws {
        let object = try JSONValue(contentsOf: path).object ?? [:]
        func wrong(_ place: String, _ expected: String) -> DetectorError {
            DetectorError(
                diagnosis: Diagnosis(
                    .badData, "this is no calibration", path: path, place: place,
                    found: object[place]?.kind ?? "nothing", expected: expected,
                    nextStep: "write it with submit calibrate"))
        }
        guard object["format"]?.string == "calibration" else { throw wrong("format", "\"calibration\"") }
        guard object["schema"]?.int == 1 else { throw wrong("schema", "1") }
        guard let sha256 = object["checkpoint_sha256"]?.string else { throw wrong("checkpoint_sha256", "64 digits") }
        guard let size = object["size"]?.int, size > 0 else { throw wrong("size", "pixels") }
        guard let images = object["images"]?.array?.compactMap(\.string) else { throw wrong("images", "names") }
        var ranges: [String: ClosedRange<Float>] = [:]
        for (name, ends) in object["ranges"]?.object ?? [:] {
            guard let ends = ends.array?.compactMap(\.number).map(Float.init), ends.count == 2,
                ends.allSatisfy(\.isFinite), ends[0] <= ends[1]
            else { throw wrong("ranges", "[low, high] for each layer, finite, and low not above high: \(name)") }
            ranges[name] = ends[0]...ends[1]
        }
        guard !ranges.isEmpty else { throw wrong("ranges", "[low, high] for each layer") }
        self.init(checkpointSHA256: sha256, size: size, images: images, calibration: Calibration(ranges: ranges))
    }

    /// - Throws: `DetectorError` (65) where the ranges are those of another checkpoint.
    public func check(checkpointSHA256 sha256: String, path: String) throws {
        guard sha256 != checkpointSHA256 else { return }
        throw DetectorError(
            diagnosis: Diagnosis(
                .badData, "this calibration is another checkpoint's", path: path, place: "checkpoint_sha256",
                found: checkpointSHA256, expected: sha256, nextStep: "run submit calibrate on this checkpoint"))
    }
}
