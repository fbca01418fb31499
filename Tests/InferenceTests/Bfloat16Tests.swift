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

    @Test(arguments: [EngineOptions.Backend.blas, .reference])
    func otherEnginesRefuse(_ backend: EngineOptions.Backend) {
        #expect(throws: InferenceError.self) {
            try EngineOptions(backend: backend, precision: .bf16).check()
        }
    }
}
