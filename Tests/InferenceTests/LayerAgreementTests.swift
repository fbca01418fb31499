import Inference
import Testing

/// Each kind of layer, alone, against the plain loops, over random shapes.
struct LayerAgreementTests {
    static let backends: [EngineOptions.Backend] = [.oneDNN, .blas]
    /// Float32 rounding of sums of some thousand terms; Winograd loses about a digit.
    static let tolerance: Float = 2e-5

    struct ConvolutionCase: CustomTestStringConvertible, Sendable {
        var inputs = 16
        var outputs = 16
        var kernel = 3
        var width: Int?
        var stride = 1
        var padding: Convolution.Padding?
        var groups = 1
        var size = (13, 18)

        var testDescription: String {
            "\(inputs)->\(outputs) k\(kernel)x\(width ?? kernel) s\(stride) g\(groups) \(padding.map { "\($0)" } ?? "half") \(size)"
        }
    }

    static let convolutions: [ConvolutionCase] = [
        .init(inputs: 3, outputs: 64, kernel: 7, stride: 2),
        .init(inputs: 3, outputs: 48, kernel: 3, stride: 2, padding: .same, size: (32, 33)),
        .init(inputs: 3, outputs: 32, kernel: 3, stride: 2, padding: .same),
        .init(inputs: 1, outputs: 24, kernel: 5),
        .init(inputs: 3, outputs: 64, kernel: 7, stride: 2, size: (41, 122)),
        .init(inputs: 2, outputs: 40, kernel: 5, size: (9, 50)),
        .init(inputs: 1, outputs: 16, kernel: 7, width: 3, padding: .symmetric(0), size: (12, 40)),
        .init(inputs: 3, outputs: 80, kernel: 2, stride: 2, padding: .symmetric(1), size: (5, 31)),
        .init(inputs: 3, outputs: 33, kernel: 1, stride: 2, size: (6, 95)),
        .init(inputs: 3, outputs: 1, kernel: 1),
        .init(inputs: 4, outputs: 5, kernel: 3),
        .init(inputs: 64, outputs: 64, size: (24, 31)),
        .init(inputs: 128, outputs: 64, size: (30, 30)),
        .init(inputs: 64, outputs: 128, padding: .symmetric(0)),
        .init(inputs: 64, outputs: 64, padding: .symmetric(2)),
        .init(inputs: 64, outputs: 64, padding: .same),
        .init(inputs: 24, outputs: 40, kernel: 1),
        .init(inputs: 144, outputs: 24, kernel: 1),
        .init(inputs: 40, outputs: 240, kernel: 1, size: (7, 9)),
        .init(inputs: 64, outputs: 32, kernel: 1, stride: 2),
        .init(inputs: 300, outputs: 100, kernel: 1),
        .init(inputs: 300, outputs: 16, kernel: 1),
        .init(inputs: 272, outputs: 32, kernel: 1, size: (50, 3)),
        .init(inputs: 530, outputs: 40, kernel: 1, stride: 2, size: (9, 110)),
        .init(inputs: 768, outputs: 48, kernel: 1, size: (5, 11)),
        .init(inputs: 65, outputs: 31, kernel: 5, stride: 2, padding: .same),
        .init(inputs: 20, outputs: 12, kernel: 7, stride: 3),
        .init(inputs: 16, outputs: 16, kernel: 3, width: 5, padding: .symmetric(1)),
        .init(inputs: 17, outputs: 18, kernel: 1, width: 3, padding: .same),
        .init(inputs: 32, outputs: 64, groups: 2),
        .init(inputs: 128, outputs: 128, groups: 32),
        .init(inputs: 24, outputs: 48, groups: 24),
        .init(inputs: 12, outputs: 8, groups: 4),
        .init(inputs: 24, outputs: 24, groups: 24),
        .init(inputs: 40, outputs: 40, kernel: 5, groups: 40),
        .init(inputs: 144, outputs: 144, kernel: 3, stride: 2, padding: .same, groups: 144),
        .init(inputs: 48, outputs: 48, kernel: 5, stride: 2, padding: .same, groups: 48, size: (33, 40)),
        .init(inputs: 3, outputs: 3, kernel: 3, groups: 3, size: (1, 1)),
        .init(inputs: 19, outputs: 19, kernel: 7, padding: .symmetric(3), groups: 19, size: (5, 40)),
        .init(inputs: 16, outputs: 16, kernel: 3, padding: .symmetric(0), groups: 16, size: (3, 3)),
        .init(inputs: 16, outputs: 32, kernel: 1, size: (1, 1)),
    ]

    @Test(arguments: backends, convolutions)
    func convolution(_ backend: EngineOptions.Backend, _ test: ConvolutionCase) throws {
        for (seed, activation) in [nil, Activation.relu, .silu, .sigmoid].enumerated() {
            var sketch = NetworkSketch(seed: UInt64(seed), inputChannels: test.inputs)
            var x = sketch.convolution(
                sketch.graph.input, to: test.outputs, kernel: test.kernel, width: test.width, stride: test.stride,
                padding: test.padding, groups: test.groups, bias: seed != 1)
            if seed > 0 { x = sketch.batchNorm(x) }
            if let activation { _ = sketch.activation(x, activation) }
            let difference = try sketch.difference(backend, height: test.size.0, width: test.size.1)
            #expect(difference < Self.tolerance, "seed \(seed)")
        }
    }

    @Test(arguments: backends, [(64, 64, 2), (64, 1, 2), (24, 40, 2), (5, 3, 3), (16, 1, 4)])
    func transposedConvolution(_ backend: EngineOptions.Backend, _ test: (Int, Int, Int)) throws {
        for (seed, activation) in [nil, Activation.relu, .sigmoid].enumerated() {
            var sketch = NetworkSketch(seed: UInt64(seed), inputChannels: test.0)
            var x = sketch.transposed(sketch.graph.input, to: test.1, stride: test.2)
            if seed == 1 { x = sketch.batchNorm(x) }
            if let activation { x = sketch.activation(x, activation) }
            if seed == 2 { _ = sketch.convolution(x, to: 7, kernel: 3) }
            #expect(try sketch.difference(backend, height: 9, width: 14) < Self.tolerance, "seed \(seed)")
        }
    }

    @Test(arguments: backends, [1, 3, 16, 24, 40])
    func withoutWeights(_ backend: EngineOptions.Backend, _ channels: Int) throws {
        let layers: [(String, (inout NetworkSketch, Graph.Value) -> Graph.Value)] = [
            ("relu", { $0.activation($1, .relu) }),
            ("silu", { $0.activation($1, .silu) }),
            ("sigmoid", { $0.activation($1, .sigmoid) }),
            ("batch norm", { $0.batchNorm($1) }),
            ("mean", { $0.mean($1) }),
            ("max pool", { $0.maxPool($1, kernel: 3, stride: 2, padding: 1) }),
            ("max pool 2", { $0.maxPool($1, kernel: 2, stride: 2, padding: 0) }),
            ("upsample", { $0.upsample($1, by: 3) }),
            ("concatenation", { $0.concatenation([$1, $1, $0.activation($1, .relu)]) }),
            ("sum", { $0.sum($1, $1) }),
            ("sum and relu", { $0.activation($0.sum($0.activation($1, .silu), $1), .relu) }),
            ("gate", { $0.gate($1, by: $0.mean($1)) }),
            ("nothing", { $1 }),
        ]
        for (name, layer) in layers {
            var sketch = NetworkSketch(seed: UInt64(channels), inputChannels: channels)
            sketch.graph.output = layer(&sketch, sketch.graph.input)
            let difference = try sketch.difference(backend, height: 11, width: 14, batch: 2)
            #expect(difference < Self.tolerance, "\(name)")
        }
    }

    /// Exponentials at both ends: no overflow, no NaN, the limits are met.
    @Test(arguments: backends)
    func activationsAtTheEnds(_ backend: EngineOptions.Backend) throws {
        let input: [Float] = [-1e30, -200, -89, -88, -20, -1e-3, 0, 1e-3, 20, 88, 89, 200, 1e30, 1, -1, 0.5]
        for activation in [Activation.relu, .silu, .sigmoid] {
            var sketch = NetworkSketch(seed: 1, inputChannels: 1)
            _ = sketch.activation(sketch.graph.input, activation)
            let shape = TensorShape(1, 1, 4, 4)
            let expected = try sketch.run(input, shape, .reference)
            for (found, expected) in zip(try sketch.run(input, shape, backend), expected) {
                #expect(abs(found - expected) <= 1e-6 * max(abs(expected), 1), "\(activation)")
            }
        }
    }
}
