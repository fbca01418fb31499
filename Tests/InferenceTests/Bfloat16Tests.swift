import Inference
import Testing

/// Whether this machine has bfloat16 instructions.
let hasBfloat16 = (try? EngineOptions(precision: .bf16).check()) != nil

/// Networks in bfloat16 against the plain loops in Float64: rounding to 8 bits, and nothing else.
@Suite(.enabled(if: hasBfloat16))
struct Bfloat16Tests {
    /// A value is off by half a unit in its 8th bit; a layer's result by a few of them.
    private static let layerTolerance: Float = 0.015
    /// Winograd's transforms magnify the rounding of what is between them.
    static let winogradTolerance: Float = 0.04
    private static let networkTolerance: Float = 0.05

    @Test(arguments: LayerAgreementTests.convolutions)
    func convolution(_ test: LayerAgreementTests.ConvolutionCase) throws {
        for (seed, activation) in [nil, Activation.relu, .silu].enumerated() {
            var sketch = NetworkSketch(seed: UInt64(seed), inputChannels: test.inputs)
            var x = sketch.convolution(
                sketch.graph.input, to: test.outputs, kernel: test.kernel, width: test.width, stride: test.stride,
                padding: test.padding, groups: test.groups)
            if let activation { x = sketch.activation(sketch.batchNorm(x), activation) }
            let difference = try sketch.difference(.oneDNN, .bf16, height: test.size.0, width: test.size.1)
            let isWinograd = test.kernel == 3 && test.inputs > 16
            let tolerance = isWinograd ? Self.winogradTolerance : Self.layerTolerance
            #expect(difference > 0 && difference < tolerance, "seed \(seed)")
        }
    }

    @Test(arguments: 1...12)
    func detector(_ seed: Int) throws {
        var sketch = NetworkAgreementTests.network(seed: UInt64(seed))
        let difference = try sketch.difference(.oneDNN, .bf16, height: 64, width: 96, batch: 2)
        #expect(difference > 1e-5 && difference < Self.networkTolerance)
    }

    /// A value that is one number a channel stays Float32 and meets maps of bfloat16.
    @Test func mixedTypes() throws {
        let networks: [(inout NetworkSketch, Graph.Value) -> Graph.Value] = [
            { $0.sum($1, $0.upsample($0.convolution($0.mean($1), to: 16, kernel: 1), by: 8)) },
            { $0.concatenation([$0.upsample($0.mean($1), by: 8), $1, $0.upsample($0.mean($1), by: 8)]) },
            { $0.convolution($0.upsample($0.mean($1), by: 8), to: 5, kernel: 3) },
            { $0.gate($1, by: $0.mean($1)) },
            { $0.activation($0.mean($1), .silu) },
            { $0.maxPool($0.transposed($0.batchNorm($1), to: 20), kernel: 3, stride: 2, padding: 1) },
            { $0.sum($0.sum($1, $0.convolution($1, to: 16, kernel: 3)), $0.batchNorm($1)) },
        ]
        for (index, network) in networks.enumerated() {
            var sketch = NetworkSketch(seed: UInt64(index))
            let x = sketch.convolution(sketch.graph.input, to: 16, kernel: 3)
            _ = network(&sketch, x)
            #expect(try sketch.difference(.oneDNN, .bf16, height: 8, width: 8) < 0.03, "network \(index)")
        }
    }

    @Test func threadsAndBatch() throws {
        var sketch = NetworkAgreementTests.network(seed: 3)
        let shape = TensorShape(3, 3, 64, 32)
        let input = sketch.numbers(shape.count)
        let one = try sketch.run(input, shape, .oneDNN, .bf16, threads: 1)
        #expect(try sketch.run(input, shape, .oneDNN, .bf16, threads: 3) == one)
        let single = try sketch.run(Array(input[..<(shape.count / 3)]), TensorShape(1, 3, 64, 32), .oneDNN, .bf16)
        #expect(single == Array(one[..<single.count]))
    }

    /// Sums of -infinity, of which a ReLU makes zeros: dpbf16ps does not tell them, whoever calls it.
    @Test(arguments: ["1x1", "1x1 of stride 2", "3x3", "3x3 of stride 2", "5x5", "expansion"])
    func overflowBeforeAReLUIsTold(_ layer: String) throws {
        var sketch = NetworkSketch(seed: 1, inputChannels: 16)
        let kernel = Int(layer.prefix(1)) ?? 1
        var x = sketch.convolution(sketch.graph.input, to: 16, kernel: 1, bias: false)
        x = sketch.convolution(
            x, to: 64, kernel: kernel, stride: layer.hasSuffix("stride 2") ? 2 : 1, bias: false)
        x = sketch.activation(x, .relu)
        if layer == "expansion" { x = sketch.convolution(x, to: 64, kernel: 3, groups: 64) }
        _ = sketch.convolution(x, to: 16, kernel: 1)
        func fill(_ name: String, with value: Float) {
            guard let weight = sketch.weights.tensors[name] else { return }
            sketch.weights.tensors[name] = Weight(shape: weight.shape, values: weight.values.map { _ in value })
        }
        let shape = TensorShape(1, 16, 8, 8)
        let input = [Float](repeating: 1, count: shape.count)
        fill("tensor0", with: 1e20)
        fill("tensor1", with: -1e10)
        #expect(try sketch.run(input, shape, .oneDNN, .bf16).allSatisfy(\.isFinite))
        fill("tensor1", with: -1e20)
        let error = #expect(throws: InferenceError.self) { try sketch.run(input, shape, .oneDNN, .bf16) }
        #expect(error?.diagnosis.place == (layer == "expansion" ? "layer layer3" : "layer layer1"))
    }

    /// Numbers of a float's range that bfloat16 rounds to infinity, which the ReLU after the next layer would hide.
    @Test func overflowByRoundingIsTold() throws {
        var sketch = NetworkSketch(seed: 1, inputChannels: 16)
        let (one, other) = (
            sketch.activation(sketch.graph.input, .relu),
            sketch.convolution(sketch.graph.input, to: 16, kernel: 1, bias: false)
        )
        let x = sketch.activation(sketch.sum(one, other), .relu)
        _ = sketch.activation(sketch.convolution(x, to: 16, kernel: 1, bias: false), .relu)
        let (factor, half): (Float, Float) = (1.0078125, 0x1.FEp126)
        let identity = (0..<256).map { $0 % 17 == 0 ? factor : 0 }
        sketch.weights.tensors["tensor0"] = Weight(shape: [16, 16, 1, 1], values: identity)
        sketch.weights.tensors["tensor1"] = Weight(shape: [16, 16, 1, 1], values: identity.map { _ in -0x1p-8 })
        let shape = TensorShape(1, 16, 4, 4)
        #expect((half + factor * half).isFinite)
        for (input, isTold) in [(half, true), (half * 0.98, false)] {
            let input = [Float](repeating: input, count: shape.count)
            #expect(((try? sketch.run(input, shape, .oneDNN, .bf16)) == nil) == isTold)
        }
    }

    @Test(arguments: [EngineOptions.Backend.blas, .reference])
    func otherEnginesRefuse(_ backend: EngineOptions.Backend) {
        #expect(throws: InferenceError.self) {
            try EngineOptions(backend: backend, precision: .bf16).check()
        }
    }
}
