import Inference
import Testing

/// A block's last 1x1 convolution and the 1x1 convolution of its shortcut, summed in one step.
struct JoinedConvolutionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var inputs = 32
        var middle = 16
        var outputs = 64
        var stride = 1
        var size = (12, 14)

        var testDescription: String { "\(inputs) and \(middle) to \(outputs) by \(stride), \(size)" }
    }

    static let cases = [
        Case(), Case(stride: 2), Case(inputs: 64, middle: 32, outputs: 128, stride: 2, size: (33, 47)),
        Case(inputs: 24, middle: 40, outputs: 72), Case(inputs: 3, middle: 5, outputs: 7, size: (5, 3)),
        Case(inputs: 16, outputs: 48, stride: 2, size: (1, 1)),
        Case(inputs: 128, middle: 64, outputs: 80, stride: 2, size: (30, 26)),
    ]

    /// A block with a shortcut of its own; `reused` reads the convolution before the sum once more.
    private static func block(_ test: Case, seed: UInt64, reused: Bool = false) -> NetworkSketch {
        var sketch = NetworkSketch(seed: seed, inputChannels: test.inputs)
        let x = sketch.activation(sketch.convolution(sketch.graph.input, to: test.inputs, kernel: 3), .relu)
        let middle = sketch.activation(
            sketch.batchNorm(sketch.convolution(x, to: test.middle, kernel: 3, stride: test.stride)), .relu)
        let last = sketch.batchNorm(sketch.convolution(middle, to: test.outputs, kernel: 1, bias: false))
        let shortcut = sketch.batchNorm(sketch.convolution(x, to: test.outputs, kernel: 1, stride: test.stride))
        var y = sketch.activation(sketch.sum(last, shortcut), .relu)
        if reused { y = sketch.sum(y, last) }
        _ = sketch.convolution(y, to: 8, kernel: 1)
        return sketch
    }

    @Test(arguments: cases, [false, true])
    func agrees(_ test: Case, reused: Bool) throws {
        var sketch = Self.block(test, seed: 3, reused: reused)
        #expect(try sketch.difference(.oneDNN, height: test.size.0, width: test.size.1) < 2e-5)
        #expect(try sketch.difference(.blas, height: test.size.0, width: test.size.1) < 2e-5)
        if hasBfloat16 {
            #expect(
                try sketch.difference(.oneDNN, .bf16, height: test.size.0, width: test.size.1)
                    < Bfloat16Tests.winogradTolerance)
        }
        guard hasInt8 else { return }
        #expect(
            try sketch.difference(.oneDNN, .int8, height: test.size.0, width: test.size.1)
                < WinogradTests.int8Tolerance)
    }

    /// Bytes of both inputs are summed without loss, of the same scale or of twice the other's.
    @Test(.enabled(if: hasInt8), arguments: [(1, 48), (2, 48), (1, 150), (2, 300)], [1, 2])
    func bytesAreExact(_ test: (stride: Int, inputs: Int), ratio: Int) throws {
        let (stride, inputs) = test
        var sketch = NetworkSketch(seed: 8, inputChannels: inputs)
        let pooled = sketch.maxPool(sketch.graph.input, kernel: stride, stride: stride, padding: 0)
        let first = sketch.convolution(pooled, to: 80, kernel: 1)
        _ = sketch.sum(first, sketch.convolution(sketch.graph.input, to: 80, kernel: 1, stride: stride))
        // Whole weights, the largest of an output's 127, in units of the smaller scale.
        for (name, tensor) in sketch.weights.tensors.sorted(by: { $0.key < $1.key }) {
            var values = sketch.numbers(tensor.values.count, scale: 60).map { $0.rounded() }
            if name == "tensor2" { for output in 0..<80 { values[output * inputs + output % inputs] = 127 } }
            sketch.weights.tensors[name] = Weight(shape: tensor.shape, values: values)
        }
        let shape = TensorShape(1, inputs, 14, 22)
        let input = (0..<shape.count).map { _ in Float(ratio * (Int(sketch.generator.next() % 128) - 50)) }
        let calibration = Calibration(
            ranges: ["input": -100...155, "layer0": Float(-100 * ratio)...Float(155 * ratio)])
        let expected = try sketch.run(input, shape, .reference)
        #expect(try sketch.run(input, shape, .oneDNN, .int8, calibration: calibration) == expected)
        #expect(try sketch.kinds(shape, calibration).count { $0.hasPrefix("quantized") } == 1)
    }

    #if arch(x86_64)
        /// The step is there where it should be, and the map stays where somebody else reads it.
        @Test func steps() throws {
            func labels(_ sketch: NetworkSketch, _ precision: EngineOptions.Precision) throws -> [String] {
                let shape = TensorShape(1, 32, 16, 16)
                let input = [Float](repeating: 0.5, count: shape.count)
                let calibration = precision == .int8 ? try sketch.calibration(input, shape) : nil
                let engine = try Engine(
                    graph: sketch.graph, weights: sketch.weights,
                    options: EngineOptions(precision: precision, calibration: calibration))
                var output = [Float](repeating: 0, count: try engine.outputShape(for: shape).count)
                return try input.withUnsafeBufferPointer { input in
                    try output.withUnsafeMutableBufferPointer {
                        try engine.profile(input: input, shape: shape, output: $0).map(\.label)
                    }
                }
            }
            // The graph's node of the last convolution before the shortcut.
            let last = "layer5"
            // AVX-512 for fp32 too: where there are bytes, it is there.
            let precisions: [EngineOptions.Precision] = (hasInt8 ? [.int8] : []) + (hasBfloat16 ? [.bf16] : [])
            for precision in precisions + (hasInt8 ? [.fp32] : []) {
                #expect(try !labels(Self.block(Case(), seed: 1), precision).contains(last), "\(precision)")
                #expect(try labels(Self.block(Case(), seed: 1, reused: true), precision).contains(last))
            }
            // A convolution and its own input, which is one's too.
            var own = NetworkSketch(seed: 2, inputChannels: 32)
            let x = own.convolution(own.graph.input, to: 32, kernel: 1)
            _ = own.sum(own.convolution(x, to: 32, kernel: 1), x)
            #expect(try own.difference(.oneDNN, height: 9, width: 7) < 2e-5)
        }
    #endif
}
