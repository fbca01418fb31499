import Core
import Inference

/// Weights in memory, by name.
struct TestWeights: WeightSource {
    struct Missing: Error {
        let name: String
    }

    var tensors: [String: Weight] = [:]

    func weight(_ name: String) throws -> Weight {
        guard let weight = tensors[name] else { throw Missing(name: name) }
        return weight
    }
}

/// Builds a graph with random weights, layer by layer; keeps each value's channels.
struct NetworkSketch {
    var graph = Graph()
    var weights = TestWeights()
    var generator: SeededGenerator
    private(set) var channels: [Int]

    init(seed: UInt64, inputChannels: Int = 3) {
        generator = SeededGenerator(seed: seed)
        channels = [inputChannels]
    }

    func channels(_ value: Graph.Value) -> Int { channels[value.index] }

    /// Numbers in [-scale, scale).
    mutating func numbers(_ count: Int, scale: Float = 1, around center: Float = 0) -> [Float] {
        (0..<count).map { _ in center + (generator.nextUnitFloat() * 2 - 1) * scale }
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int(generator.next() % UInt64(choices.count))]
    }

    private mutating func add(_ operation: Operation, _ inputs: [Graph.Value], channels count: Int) -> Graph.Value {
        channels.append(count)
        return graph.append(operation, inputs, label: "layer\(graph.nodes.count)")
    }

    private mutating func tensor(_ shape: [Int], scale: Float, around center: Float = 0) -> String {
        let name = "tensor\(weights.tensors.count)"
        weights.tensors[name] = Weight(shape: shape, values: numbers(shape.reduce(1, *), scale: scale, around: center))
        return name
    }

    mutating func convolution(
        _ x: Graph.Value, to outputs: Int, kernel: Int, width: Int? = nil, stride: Int = 1,
        padding: Convolution.Padding? = nil, groups: Int = 1, bias: Bool = true
    ) -> Graph.Value {
        let inputs = channels(x) / groups
        let spread = 1.7 / Float(inputs * kernel * (width ?? kernel)).squareRoot()
        let convolution = Convolution(
            weight: tensor([outputs, inputs, kernel, width ?? kernel], scale: spread),
            bias: bias ? tensor([outputs], scale: 0.5) : nil, stride: stride,
            padding: padding ?? .symmetric(kernel / 2),
            groups: groups)
        return add(.convolution(convolution), [x], channels: outputs)
    }

    mutating func transposed(_ x: Graph.Value, to outputs: Int, stride: Int = 2) -> Graph.Value {
        let weight = tensor([channels(x), outputs, stride, stride], scale: 1.7 / Float(channels(x)).squareRoot())
        return add(
            .transposedConvolution(weight: weight, bias: tensor([outputs], scale: 0.5), stride: stride), [x],
            channels: outputs)
    }

    mutating func batchNorm(_ x: Graph.Value) -> Graph.Value {
        let count = channels(x)
        let prefix = "norm\(weights.tensors.count)"
        weights.tensors[prefix + ".weight"] = Weight(shape: [count], values: numbers(count, scale: 0.5, around: 1))
        weights.tensors[prefix + ".bias"] = Weight(shape: [count], values: numbers(count, scale: 0.5))
        weights.tensors[prefix + ".running_mean"] = Weight(shape: [count], values: numbers(count, scale: 0.5))
        weights.tensors[prefix + ".running_var"] = Weight(shape: [count], values: numbers(count, scale: 0.5, around: 1))
        return add(.batchNorm(prefix: prefix, epsilon: 1e-5), [x], channels: count)
    }

    mutating func activation(_ x: Graph.Value, _ activation: Activation) -> Graph.Value {
        add(.activation(activation), [x], channels: channels(x))
    }

    mutating func sum(_ a: Graph.Value, _ b: Graph.Value) -> Graph.Value {
        add(.add, [a, b], channels: channels(a))
    }

    mutating func gate(_ x: Graph.Value, by gate: Graph.Value) -> Graph.Value {
        add(.multiplyChannels, [x, gate], channels: channels(x))
    }

    mutating func mean(_ x: Graph.Value) -> Graph.Value {
        add(.globalAveragePool, [x], channels: channels(x))
    }

    mutating func maxPool(_ x: Graph.Value, kernel: Int, stride: Int, padding: Int) -> Graph.Value {
        add(.maxPool(kernel: kernel, stride: stride, padding: padding), [x], channels: channels(x))
    }

    mutating func upsample(_ x: Graph.Value, by factor: Int) -> Graph.Value {
        add(.upsampleNearest(factor: factor), [x], channels: channels(x))
    }

    mutating func concatenation(_ inputs: [Graph.Value]) -> Graph.Value {
        add(.concatenate, inputs, channels: inputs.reduce(0) { $0 + channels($1) })
    }

    mutating func tapSum(_ inputs: [Graph.Value], factors: [Int]) -> Graph.Value {
        add(.tapSum(TapSum(factors: factors)), inputs, channels: channels(inputs[0]) / 9)
    }

    /// Mean, reduction, SiLU, expansion, sigmoid, product: squeeze-excite.
    mutating func squeezeExcite(_ x: Graph.Value, reduced: Int) -> Graph.Value {
        let squeezed = activation(convolution(mean(x), to: reduced, kernel: 1), .silu)
        return gate(x, by: activation(convolution(squeezed, to: channels(x), kernel: 1), .sigmoid))
    }

    /// The result of this network on `input` with an engine of `backend`.
    func run(
        _ input: [Float], _ shape: TensorShape, _ backend: EngineOptions.Backend,
        _ precision: EngineOptions.Precision = .fp32, threads: Int = 2, calibration: Calibration? = nil
    ) throws -> [Float] {
        let options = EngineOptions(backend: backend, precision: precision, threads: threads, calibration: calibration)
        return try Engine(graph: graph, weights: weights, options: options).run(input, shape: shape)
    }

    /// The largest difference between `backend` and the reference on a random input, relative to the largest value
    /// above 1.
    mutating func difference(
        _ backend: EngineOptions.Backend, _ precision: EngineOptions.Precision = .fp32, height: Int, width: Int,
        batch: Int = 1
    ) throws -> Float {
        let shape = TensorShape(batch, channels[0], height, width)
        let input = numbers(shape.count)
        let expected = try run(input, shape, .reference)
        let calibration = precision == .int8 ? try calibration(input, shape) : nil
        let found = try run(input, shape, backend, precision, calibration: calibration)
        guard found.count == expected.count, found.allSatisfy(\.isFinite) else { return .infinity }
        let scale = expected.reduce(1) { max($0, abs($1)) }
        return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
    }
}
