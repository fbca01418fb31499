import Core
import Inference
import TestSupport
import Testing

/// Each operation, by every engine, against what PyTorch gives (Fixtures/Inference/make_goldens.py).
struct GoldenTests {
    struct Fault: Error {
        let what: String
    }

    /// One operation with its inputs, weights and expected result.
    struct Golden {
        let operation: String
        let parameters: JSONValue
        let inputs: [Weight]
        let weights: TestWeights
        let output: Weight

        init(_ value: JSONValue) throws {
            operation = try Golden.member("operation", of: value).string ?? ""
            parameters = try Golden.member("parameters", of: value)
            inputs = try (Golden.member("inputs", of: value).array ?? []).map(Golden.tensor)
            output = try Golden.tensor(Golden.member("output", of: value))
            var weights = TestWeights()
            for (name, tensor) in try Golden.member("weights", of: value).object ?? JSONObject() {
                weights.tensors[name] = try Golden.tensor(tensor)
            }
            self.weights = weights
        }

        static func member(_ key: String, of value: JSONValue) throws -> JSONValue {
            guard let member = value.object?[key] else { throw Fault(what: "no \(key)") }
            return member
        }

        static func tensor(_ value: JSONValue) throws -> Weight {
            let shape = (value.object?["shape"]?.array ?? []).compactMap(\.number).map { Int($0) }
            let values = (value.object?["values"]?.array ?? []).compactMap(\.number).map { Float($0) }
            guard shape.reduce(1, *) == values.count else { throw Fault(what: "a tensor of \(values.count) numbers") }
            return Weight(shape: shape, values: values)
        }

        private func whole(_ key: String) -> Int { Int(parameters.object?[key]?.number ?? -1) }

        func graphOperation() throws -> Operation {
            switch operation {
            case "convolution":
                let padding: Convolution.Padding =
                    parameters.object?["padding"]?.string == "same" ? .same : .symmetric(whole("padding"))
                return .convolution(
                    Convolution(
                        weight: "weight", bias: "bias", stride: whole("stride"), padding: padding,
                        groups: whole("groups")))
            case "transposedConvolution":
                return .transposedConvolution(weight: "weight", bias: "bias", stride: whole("stride"))
            case "batchNorm":
                return .batchNorm(prefix: "norm", epsilon: Float(parameters.object?["epsilon"]?.number ?? 0))
            case "relu": return .activation(.relu)
            case "silu": return .activation(.silu)
            case "sigmoid": return .activation(.sigmoid)
            case "maxPool": return .maxPool(kernel: whole("kernel"), stride: whole("stride"), padding: whole("padding"))
            case "globalAveragePool": return .globalAveragePool
            case "add": return .add
            case "multiplyChannels": return .multiplyChannels
            case "upsampleNearest": return .upsampleNearest(factor: whole("factor"))
            case "concatenate": return .concatenate
            default: throw Fault(what: operation)
            }
        }
    }

    static func goldens() throws -> [Golden] {
        let value = try JSONValue(contentsOf: TestData.fixture("Inference/operations.json"))
        return try (value.object?["cases"]?.array ?? []).map(Golden.init)
    }

    @Test(arguments: EngineOptions.Backend.allCases)
    func operations(_ backend: EngineOptions.Backend) throws {
        try Self.check { graph, weights, _ in
            try Engine(graph: graph, weights: weights, options: .init(backend: backend))
        }
    }

    /// Runs every golden on the engine that `makeEngine` makes of a graph, its weights and its input's channels.
    static func check(_ makeEngine: (Graph, TestWeights, Int) throws -> Engine) throws {
        let goldens = try Self.goldens()
        #expect(goldens.count == 22)
        for golden in goldens {
            // A graph has one input: two of them come as halves of its channels, told apart by 1x1 convolutions.
            var (graph, weights) = (Graph(), golden.weights)
            let shape = golden.inputs[0].shape
            let channels = golden.inputs.map { $0.shape[1] }
            var values = [graph.input]
            if golden.inputs.count > 1 {
                values = golden.inputs.indices.map { index in
                    let (first, count, all) = (channels[..<index].reduce(0, +), channels[index], channels.reduce(0, +))
                    var picks = [Float](repeating: 0, count: count * all)
                    for channel in 0..<count { picks[channel * all + first + channel] = 1 }
                    weights.tensors["pick\(index)"] = Weight(shape: [count, all, 1, 1], values: picks)
                    let pick = Convolution(weight: "pick\(index)")
                    let value = graph.append(.convolution(pick), graph.input, label: "pick\(index)")
                    let isGate = golden.operation == "multiplyChannels" && index == 1
                    return isGate ? graph.append(.globalAveragePool, value, label: "gate") : value
                }
            }
            graph.output = graph.append(try golden.graphOperation(), values, label: golden.operation)
            let (area, all) = (shape[2] * shape[3], channels.reduce(0, +))
            let engine = try makeEngine(graph, weights, all)
            var input: [Float] = []
            for image in 0..<shape[0] {
                for tensor in golden.inputs {
                    let (pixels, count) = (tensor.shape[2] * tensor.shape[3], tensor.shape[1])
                    for channel in 0..<count {
                        let first = (image * count + channel) * pixels
                        input += (0..<area).map { tensor.values[first + $0 % pixels] }
                    }
                }
            }
            let found = try engine.run(input, shape: TensorShape(shape[0], all, shape[2], shape[3]))
            #expect(found.count == golden.output.values.count, "\(golden.operation)")
            let difference = zip(found, golden.output.values).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
            #expect(difference < 2e-5, "\(golden.operation) \(golden.parameters)")
        }
    }
}
