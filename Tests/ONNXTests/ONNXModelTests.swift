import Core
import Inference
import ONNX
import Testing

/// The file field by field, by the numbers of ONNX's `onnx.proto`.
struct ONNXModelTests {
    struct Weights: WeightSource {
        struct Missing: Error {}

        var tensors: [String: Weight] = [:]

        func weight(_ name: String) throws -> Weight {
            guard let weight = tensors[name] else { throw Missing() }
            return weight
        }
    }

    /// A strided SAME convolution with its batch norm, SiLU, a mean as a gate, a sum, an upsampling, a transposed
    /// convolution.
    static func network() -> (Graph, Weights) {
        var (graph, weights) = (Graph(), Weights())
        weights.tensors["stem.weight"] = Weight(shape: [2, 3, 3, 3], values: (0..<54).map { Float($0) / 64 - 0.5 })
        weights.tensors["norm.weight"] = Weight(shape: [2], values: [2, 1])
        weights.tensors["norm.bias"] = Weight(shape: [2], values: [0.5, -1])
        weights.tensors["norm.running_mean"] = Weight(shape: [2], values: [4, 0.25])
        // With epsilon, deviations of 2 and 1/2.
        weights.tensors["norm.running_var"] = Weight(shape: [2], values: [3.75, 0])
        weights.tensors["up.weight"] = Weight(shape: [2, 1, 2, 2], values: [1, 2, 3, 4, 5, 6, 7, 8])
        weights.tensors["up.bias"] = Weight(shape: [1], values: [0.125])
        let stem = Convolution(weight: "stem.weight", stride: 2, padding: .same)
        var x = graph.append(.convolution(stem), graph.input, label: "stem")
        x = graph.append(.batchNorm(prefix: "norm", epsilon: 0.25), x, label: "norm")
        x = graph.append(.activation(.silu), x, label: "act")
        let mean = graph.append(.globalAveragePool, x, label: "pool")
        let gated = graph.append(.multiplyChannels, x, mean, label: "gate")
        x = graph.append(.add, gated, x, label: "sum")
        x = graph.append(.upsampleNearest(factor: 2), x, label: "larger")
        x = graph.append(.transposedConvolution(weight: "up.weight", bias: "up.bias", stride: 2), x, label: "up")
        graph.output = x
        return (graph, weights)
    }

    private static func model(size: (height: Int, width: Int)? = nil) throws -> ProtobufMessage {
        let (graph, weights) = network()
        return try ProtobufMessage(
            ONNXModel(graph: graph, weights: weights, size: size, metadata: ["key": "text"]).bytes)
    }

    private static func nodes(_ model: ProtobufMessage) throws -> [ProtobufMessage] {
        try #require(try model.messages(7).first).messages(1)
    }

    @Test func namesItsVersions() throws {
        let model = try Self.model()
        #expect(model.integers(1) == [8])
        #expect(model.strings(2) == ["submit"])
        let sets = try model.messages(8)
        #expect(sets.map { $0.strings(1) } == [[""]] && sets.map { $0.integers(2) } == [[13]])
        let metadata = try #require(try model.messages(14).first)
        #expect(metadata.strings(1) == ["key"] && metadata.strings(2) == ["text"])
    }

    @Test func nodesStandInOrderAndReadWhatIsThere() throws {
        let model = try Self.model()
        let nodes = try Self.nodes(model)
        #expect(
            nodes.flatMap { $0.strings(4) }
                == ["Conv", "Sigmoid", "Mul", "ReduceMean", "Mul", "Add", "Resize", "ConvTranspose"])
        #expect(nodes.first?.strings(3) == ["stem/Conv"])
        let graph = try #require(try model.messages(7).first)
        var known = Set(["", "input"] + (try graph.messages(5).flatMap { $0.strings(8) }))
        for node in nodes {
            #expect(node.strings(1).allSatisfy(known.contains), "\(node.strings(3)) reads \(node.strings(1))")
            for name in node.strings(2) { #expect(known.insert(name).inserted, "\(name) is made twice") }
        }
        #expect(nodes.last?.strings(2) == ["output"])
    }

    /// weight * gamma / deviation; (0 - mean) * gamma / deviation + beta; a transposed kernel as it was.
    @Test func weightsAreFoldedUnderTheirNames() throws {
        let graph = try #require(try Self.model().messages(7).first)
        let tensors = try graph.messages(5)
        func tensor(_ name: String) throws -> (shape: [Int], values: [Float]) {
            let tensor = try #require(tensors.first { $0.strings(8) == [name] }, "\(name)")
            #expect(tensor.integers(2) == [1])
            let raw = try #require(tensor.bytes(9).first)
            let values = stride(from: 0, to: raw.count, by: 4).map { index in
                Float(bitPattern: raw[index..<index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
            }
            return (tensor.integers(1), values)
        }
        #expect(tensors.count == 5)
        let stem = try tensor("stem.weight")
        #expect(stem.shape == [2, 3, 3, 3])
        let scaled = (0..<54).map { (index: Int) -> Float in (Float(index) / 64 - 0.5) * (index < 27 ? 1 : 2) }
        #expect(stem.values == scaled)
        #expect(try tensor("norm.bias").values == [-3.5, -1.5])
        let up = try tensor("up.weight")
        #expect(up.shape == [2, 1, 2, 2])
        #expect(up.values == [1, 2, 3, 4, 5, 6, 7, 8])
        let bias = try tensor("up.bias")
        #expect(bias.shape == [1] && bias.values == [0.125])
        let scales = try tensor("scales_2")
        #expect(scales.shape == [4] && scales.values == [1, 1, 2, 2])
    }

    @Test func sizesAreFreeOrFixed() throws {
        func dimensions(_ model: ProtobufMessage, _ number: Int) throws -> [String] {
            let info = try #require(try model.messages(7).first?.messages(number).first)
            let tensor = try #require(try info.messages(2).first?.messages(1).first)
            #expect(tensor.integers(1) == [1])
            return try #require(try tensor.messages(2).first).messages(1).flatMap {
                $0.strings(2) + $0.integers(1).map(String.init)
            }
        }
        let free = try Self.model()
        #expect(try dimensions(free, 11) == ["batch", "3", "height", "width"])
        #expect(try dimensions(free, 12) == ["batch", "1", "output_height", "output_width"])
        let fixed = try Self.model(size: (32, 65))
        #expect(try dimensions(fixed, 11) == ["1", "3", "32", "65"])
        #expect(try dimensions(fixed, 12) == ["1", "1", "64", "132"])
    }

    /// The odd zero stands after the map where the size is known; else the reader computes it.
    @Test func samePaddingIsExplicitWhereTheSizeIs() throws {
        func attributes(_ model: ProtobufMessage) throws -> [String: [String]] {
            var found: [String: [String]] = [:]
            for attribute in try #require(try Self.nodes(model).first).messages(5) {
                found[attribute.strings(1)[0]] =
                    attribute.strings(4)
                    + (attribute.integers(3) + attribute.integers(8))
                    .map(String.init)
            }
            return found
        }
        let common = ["group": ["1"], "kernel_shape": ["3", "3"], "strides": ["2", "2"]]
        #expect(try attributes(Self.model()) == common.merging(["auto_pad": ["SAME_UPPER"]]) { $1 })
        #expect(
            try attributes(Self.model(size: (32, 65))) == common.merging(["pads": ["0", "1", "1", "1"]]) { $1 })
    }

    @Test func theSameNetworkGivesTheSameBytes() throws {
        let (graph, weights) = Self.network()
        let first = try ONNXModel(graph: graph, weights: weights).bytes
        #expect(try ONNXModel(graph: graph, weights: weights).bytes == first)
        #expect(try ONNXModel(graph: graph, weights: weights, byteLimit: first.count).bytes == first)
        for limit in [first.count - 1, 100] {
            let error = try #require(
                #expect(throws: ONNXError.self) {
                    try ONNXModel(graph: graph, weights: weights, byteLimit: limit)
                })
            #expect(error.diagnosis.status == .badData && error.diagnosis.expected == "at most \(limit) bytes")
        }
    }

    @Test func refusesWhatIsNotFiniteAndWhatDoesNotFit() throws {
        let changes: [(String, [Int], [Float])] = [
            ("norm.running_var", [2], [.infinity, 1]), ("norm.weight", [2], [3e38, 1]),
            ("up.weight", [2, 1, 2, 2], [Float](repeating: .nan, count: 8)), ("norm.bias", [3], [1, 2, 3]),
        ]
        for (name, shape, values) in changes {
            let graph = Self.network().0
            var weights = Self.network().1
            if name == "norm.weight" {
                weights.tensors["stem.weight"] = Weight(
                    shape: [2, 3, 3, 3], values: [Float](repeating: 3e38, count: 54))
            }
            weights.tensors[name] = Weight(shape: shape, values: values)
            let error = try #require(
                #expect(throws: InferenceError.self) { try ONNXModel(graph: graph, weights: weights) })
            #expect(error.description.contains(name.split(separator: ".")[0]), "\(error)")
        }
    }
}
