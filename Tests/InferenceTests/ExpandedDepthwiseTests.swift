import Inference
import Testing

/// A 1x1 convolution fused with the depthwise convolution after it: tiles, borders, strides and channels that fill no
/// block.
struct ExpandedDepthwiseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var inputs = 16
        var outputs = 48
        var kernel = 3
        var stride = 1
        var padding: Convolution.Padding?
        var size = (11, 13)

        var testDescription: String { "\(inputs) to \(outputs), \(kernel) by \(stride), \(size)" }
    }

    static let cases = [
        Case(), Case(stride: 2), Case(kernel: 5), Case(kernel: 5, stride: 2),
        Case(inputs: 24, outputs: 40), Case(inputs: 3, outputs: 16), Case(inputs: 64, outputs: 72, size: (5, 7)),
        Case(stride: 2, padding: .same, size: (16, 24)), Case(kernel: 5, stride: 2, padding: .same, size: (17, 16)),
        Case(kernel: 5, size: (3, 2)), Case(size: (1, 40)), Case(padding: .symmetric(0)),
        // Several tiles both ways, whose borders are not the map's.
        Case(inputs: 40, outputs: 32, size: (90, 200)), Case(inputs: 8, outputs: 16, kernel: 5, size: (130, 210)),
        Case(inputs: 20, outputs: 48, stride: 2, size: (181, 390)),
        Case(inputs: 20, outputs: 16, kernel: 5, stride: 2, size: (150, 201)),
    ]

    private static func sketch(_ test: Case, _ seed: UInt64) -> NetworkSketch {
        var sketch = NetworkSketch(seed: seed, inputChannels: test.inputs)
        var x = sketch.convolution(sketch.graph.input, to: test.inputs, kernel: 3)
        x = sketch.batchNorm(sketch.convolution(x, to: test.outputs, kernel: 1, bias: false))
        if seed > 0 { x = sketch.activation(x, seed == 1 ? .silu : .relu) }
        x = sketch.convolution(
            x, to: test.outputs, kernel: test.kernel, stride: test.stride, padding: test.padding, groups: test.outputs)
        if seed > 0 { x = sketch.activation(sketch.batchNorm(x), seed == 1 ? .silu : .sigmoid) }
        if seed == 1 { x = sketch.squeezeExcite(x, reduced: 4) }
        _ = sketch.convolution(x, to: 8, kernel: 1)
        return sketch
    }

    @Test(arguments: cases, 0..<3)
    func agrees(_ test: Case, _ seed: Int) throws {
        var sketch = Self.sketch(test, UInt64(seed))
        #expect(try sketch.difference(.oneDNN, height: test.size.0, width: test.size.1) < 2e-5)
        guard hasBfloat16 else { return }
        #expect(try sketch.difference(.oneDNN, .bf16, height: test.size.0, width: test.size.1) < 0.03)
        guard hasInt8 else { return }
        // Ranges cut off the rarest of many numbers.
        let most: Float = test.size.0 < 50 ? 0.05 : 0.25
        #expect(try sketch.difference(.oneDNN, .int8, height: test.size.0, width: test.size.1) < most)
    }

    @Test func threads() throws {
        var sketch = Self.sketch(Case(inputs: 24, outputs: 64, kernel: 5, size: (120, 200)), 1)
        let shape = TensorShape(1, 24, 120, 200)
        let input = sketch.numbers(shape.count)
        let one = try sketch.run(input, shape, .oneDNN, threads: 1)
        for threads in [2, 3, 5] { #expect(try sketch.run(input, shape, .oneDNN, threads: threads) == one) }
    }

    #if arch(x86_64)
        /// The fused step is there where it should be, and the wide map stays where somebody else reads it.
        @Test func steps() throws {
            func kinds(_ sketch: inout NetworkSketch) throws -> [String] {
                let shape = TensorShape(1, sketch.channels(sketch.graph.input), 16, 16)
                let engine = try Engine(graph: sketch.graph, weights: sketch.weights)
                let input = sketch.numbers(shape.count)
                var output = [Float](repeating: 0, count: try engine.outputShape(for: shape).count)
                return try input.withUnsafeBufferPointer { input in
                    try output.withUnsafeMutableBufferPointer {
                        try engine.profile(input: input, shape: shape, output: $0).map(\.kind)
                    }
                }
            }
            var fused = Self.sketch(Case(), 1)
            #expect(try kinds(&fused).contains("conv 1x1, depthwise 3x3"))
            var shared = NetworkSketch(seed: 1, inputChannels: 16)
            let wide = shared.convolution(shared.graph.input, to: 32, kernel: 1)
            _ = shared.sum(shared.convolution(wide, to: 32, kernel: 3, groups: 32), wide)
            #expect(try !kinds(&shared).contains { $0.hasPrefix("conv 1x1, ") })
            #expect(try shared.difference(.oneDNN, height: 16, width: 16) < 2e-5)
        }
    #endif
}
