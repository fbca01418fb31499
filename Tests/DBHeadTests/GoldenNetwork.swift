import Backbone
import Checkpoint
import Core
import DBHead
import Foundation
import Inference
import TestSupport
import Testing

/// A network of Fixtures/DBHead/networks.json: the tensors that torch says it has, what it makes of a drawn image.
struct GoldenNetwork: Sendable, CustomTestStringConvertible {
    /// A stage of the network: some of its elements, evenly spaced.
    struct Stage: Sendable {
        let shape: [Int]
        let deviation: Float
        let values: [Float]
    }

    let name: String
    let backbone: String
    let isSmooth: Bool
    let tensors: [(name: String, shape: [Int])]
    /// The four maps of the backbone, and what the head reads.
    let stages: [Stage]
    /// (H,W), probabilities.
    let map: [Float]
    private let gain: Int
    private let shift: Double

    static let (height, width) = (64, 96)
    /// (1,3,H,W).
    static let image = DrawnWeights.units("image", 3 * height * width).map { Float($0 * 2) }

    var testDescription: String { name }

    var weights: DrawnWeights {
        DrawnWeights(
            tensors, last: isSmooth ? "head.binarize.6.2" : "head.binarize.6", gain: gain, shift: shift)
    }

    /// All networks of the fixture; empty, which a test refuses, where it cannot be read.
    static let all: [GoldenNetwork] = (try? read()) ?? []

    static func named(_ name: String) throws -> GoldenNetwork {
        try #require(all.first { $0.name == name })
    }

    private static func read() throws -> [GoldenNetwork] {
        let root = try JSONValue(contentsOf: TestData.fixture("DBHead/networks.json"))
        let maps = try MappedFile(path: TestData.fixture("DBHead/maps.f32")).withBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
        let encoders = try #require(root["encoders"])
        return try #require(root["cases"]?.array).enumerated().map { index, value in
            let encoder = try #require(encoders[value["encoder"]?.string ?? ""]?.array)
            return GoldenNetwork(
                name: try #require(value["name"]?.string), backbone: try #require(value["backbone"]?.string),
                isSmooth: try #require(value["smooth"]?.bool as Bool?),
                tensors: try (encoder + #require(value["tensors"]?.array)).flatMap {
                    try tensors(line: $0.string ?? "")
                },
                stages: try #require(value["stages"]?.array).map { stage in
                    Stage(
                        shape: stage["shape"]?.array?.compactMap(\.int) ?? [],
                        deviation: Float(try #require(stage["deviation"]?.number)),
                        values: try #require(stage["values"]?.array).compactMap(\.number).map { Float($0) })
                },
                map: Array(maps[index * height * width..<(index + 1) * height * width]),
                gain: try #require(value["gain"]?.int), shift: try #require(value["shift"]?.number))
        }
    }

    /// The tensors of `NAME 64,3,7,7`, or of `NAME norm 64`.
    private static func tensors(line: String) throws -> [(name: String, shape: [Int])] {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 3 else { return [(words[0], words[1].split(separator: ",").compactMap { Int($0) })] }
        return ["weight", "bias", "running_mean", "running_var"].map { (words[0] + "." + $0, [Int(words[2]) ?? 0]) }
            + [(words[0] + ".num_batches_tracked", [])]
    }

    /// Runs `body` with a checkpoint of these tensors, all zero but for `values`: a file with a hole.
    func withCheckpoint<Result>(
        metadata: JSONObject = [:], values: [String: [Float]] = [:],
        changing change: (inout [(name: String, shape: [Int])]) -> Void = { _ in },
        _ body: (Checkpoint) throws -> Result
    ) throws -> Result {
        var tensors = tensors
        change(&tensors)
        var header: JSONObject = ["__metadata__": .object(metadata)]
        var end = 0
        var begins: [String: Int] = [:]
        for (name, shape) in tensors {
            let begin = end
            begins[name] = begin
            end += 4 * shape.reduce(1, *)
            header["model." + name] = [
                "dtype": "F32", "shape": .array(shape.map(JSONValue.int)), "data_offsets": [.int(begin), .int(end)],
            ]
        }
        return try TestData.withTemporaryFolder { folder in
            let path = folder + "/zero.safetensors"
            let text = Array(JSONValue.object(header).text().utf8)
            var bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
            bytes += text
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.truncate(atOffset: UInt64(bytes.count + end))
            for (name, values) in values {
                try file.seek(toOffset: UInt64(bytes.count + (begins[name] ?? 0)))
                try file.write(contentsOf: values.withUnsafeBytes { Data($0) })
            }
            return try body(Checkpoint(path: path))
        }
    }
}

extension JSONValue {
    subscript(key: String) -> JSONValue? { object?[key] }
}
