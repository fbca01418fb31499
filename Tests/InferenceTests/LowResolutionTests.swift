import Inference
import Testing

/// Convolutions of upsampled maps, computed on the small maps: the same values, in the steps that they should be.
struct LowResolutionTests {
    /// Laterals, top-down sums and smoothing as in the detectors, on maps that are 1, 1/2, 1/4 and 1/8 of the input.
    private static func decoder(
        _ sketch: inout NetworkSketch, inner: Int, widths: [Int], biased: Bool = false, normed: Bool = true
    ) -> Graph.Value {
        var levels = [sketch.convolution(sketch.graph.input, to: widths[0], kernel: 3)]
        for width in widths.dropFirst() {
            levels.append(sketch.convolution(levels[levels.count - 1], to: width, kernel: 3, stride: 2))
        }
        let lateral = levels.map { sketch.convolution($0, to: inner, kernel: 1, bias: biased) }
        var topDown = [lateral[lateral.count - 1]]
        for map in lateral.dropLast().reversed() {
            topDown.append(sketch.sum(sketch.upsample(topDown[topDown.count - 1], by: 2), map))
        }
        let maps = topDown.enumerated().map { index, map in
            let smooth = sketch.convolution(map, to: 16, kernel: 3, bias: biased)
            let factor = 1 << (topDown.count - 1 - index)
            return factor == 1 ? smooth : sketch.upsample(smooth, by: factor)
        }
        let head = sketch.convolution(sketch.concatenation(maps), to: 32, kernel: 3, bias: biased)
        return sketch.activation(normed ? sketch.batchNorm(head) : head, .relu)
    }

    /// The kinds of the steps that an engine runs, on an input of 16x24.
    private static func kinds(_ sketch: inout NetworkSketch) throws -> [String] {
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights)
        let shape = TensorShape(1, sketch.channels(sketch.graph.input), 16, 24)
        let input = sketch.numbers(shape.count)
        var output = [Float](repeating: 0, count: try engine.outputShape(for: shape).count)
        return try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer {
                try engine.profile(input: input, shape: shape, output: $0).map(\.kind)
            }
        }
    }

    /// Narrow maps are taken apart to the laterals, wide ones at the large map alone, biased laterals not at all.
    @Test(
        arguments: LayerAgreementTests.backends,
        [
            (64, [16, 16, 24, 40], false, true), (16, [64, 96, 96, 64], false, true), (48, [16, 80], false, false),
            (32, [16, 24, 32, 32], true, true), (64, [16, 16, 16, 16, 16], false, true),
        ])
    func decoders(_ backend: EngineOptions.Backend, _ test: (Int, [Int], Bool, Bool)) throws {
        for (height, width) in [(16, 32), (48, 16)] {
            var sketch = NetworkSketch(seed: UInt64(test.0 + height))
            _ = Self.decoder(&sketch, inner: test.0, widths: test.1, biased: test.2, normed: test.3)
            let difference = try sketch.difference(backend, height: height, width: width, batch: 2)
            #expect(difference < 5e-5, "\(height)x\(width)")
        }
    }

    #if arch(x86_64)
        @Test func steps() throws {
            var sketch = NetworkSketch(seed: 1)
            _ = Self.decoder(&sketch, inner: 64, widths: [16, 16, 24, 40])
            let kinds = try Self.kinds(&sketch)
            // The head's convolution and those of the three larger maps; nothing is upsampled or concatenated.
            #expect(kinds.count { $0 == "sum of taps" } == 4)
            #expect(!kinds.contains { $0.hasPrefix("upsample") || $0 == "copy" && $0 != kinds.last })
            // The head's activates what it adds; to the others, which do no more than add, the sum is added.
            #expect(zip(kinds, kinds.dropFirst()).count { $0 == "conv 3x3" && $1 == "sum of taps" } == 3, "\(kinds)")
        }

        /// What somebody else reads, or what is not a 3x3 convolution of stride 1, stays as it was.
        @Test func whatStays() throws {
            let networks: [(inout NetworkSketch, Graph.Value, Graph.Value) -> Graph.Value] = [
                { $0.convolution($0.concatenation([$1, $2]), to: 16, kernel: 3, stride: 2) },
                { $0.convolution($0.concatenation([$1, $2]), to: 16, kernel: 5) },
                { $0.convolution($0.concatenation([$1, $2]), to: 24, kernel: 3) },
                { $0.convolution($2, to: 16, kernel: 3) },
                { $0.convolution($0.sum($1, $2), to: 16, kernel: 3) },
            ]
            for network in networks {
                var sketch = NetworkSketch(seed: 2)
                let large = sketch.convolution(sketch.graph.input, to: 16, kernel: 1)
                let small = sketch.convolution(large, to: 16, kernel: 3, stride: 2)
                _ = network(&sketch, large, sketch.upsample(small, by: 2))
                #expect(try !Self.kinds(&sketch).contains("sum of taps"))
                #expect(try sketch.difference(.oneDNN, height: 16, width: 24) < 5e-5)
            }
        }
    #endif

    /// Values that the rewritten convolutions take apart are still there for others.
    @Test(arguments: LayerAgreementTests.backends)
    func otherReaders(_ backend: EngineOptions.Backend) throws {
        var sketch = NetworkSketch(seed: 3)
        let large = sketch.convolution(sketch.graph.input, to: 16, kernel: 1)
        let small = sketch.convolution(large, to: 64, kernel: 3, stride: 2)
        let raised = sketch.upsample(small, by: 2)
        let sum = sketch.sum(raised, sketch.convolution(large, to: 64, kernel: 1, bias: false))
        let smooth = sketch.convolution(sum, to: 16, kernel: 3)
        let both = sketch.convolution(sketch.concatenation([smooth, raised]), to: 16, kernel: 3)
        _ = sketch.concatenation([both, smooth, sum])
        #expect(try sketch.difference(backend, height: 12, width: 20) < 5e-5)
    }

    @Test(arguments: LayerAgreementTests.backends)
    func sumsOfTaps(_ backend: EngineOptions.Backend) throws {
        for (factors, size) in [([1], (5, 7)), ([2], (6, 2)), ([2, 1, 4], (8, 4)), ([3, 2, 1, 6], (6, 12))] {
            var sketch = NetworkSketch(seed: 4)
            let maps = factors.map { factor in
                sketch.convolution(
                    sketch.maxPool(sketch.graph.input, kernel: factor, stride: factor, padding: 0), to: 288, kernel: 1)
            }
            _ = sketch.tapSum(maps, factors: factors)
            #expect(try sketch.difference(backend, height: size.0, width: size.1) < 5e-5, "\(factors)")
        }
    }

    /// Taps that are made of bytes row by row, bands of rows and all: whole numbers come out as they are.
    @Test(
        .enabled(if: hasInt8),
        arguments: [
            ([1], (5, 7)), ([2], (6, 2)), ([2], (66, 22)), ([4, 1], (20, 28)), ([3, 6, 2, 1], (24, 12)),
            ([8, 4, 2], (80, 48)),
        ])
    func convolvedSumsOfTaps(_ factors: [Int], _ size: (Int, Int)) throws {
        var sketch = NetworkSketch(seed: 6, inputChannels: 40)
        var ranges = ["input": Float(-100)...155]
        let maps = factors.map { factor in
            ranges["layer\(sketch.graph.nodes.count)"] = -100...155
            return sketch.convolution(
                sketch.maxPool(sketch.graph.input, kernel: factor, stride: factor, padding: 0), to: 432, kernel: 1)
        }
        _ = sketch.tapSum(maps, factors: factors)
        // The largest weight of an output 127.
        for (name, tensor) in sketch.weights.tensors.sorted(by: { $0.key < $1.key }) {
            var values = sketch.numbers(tensor.values.count, scale: 60).map { $0.rounded() }
            if tensor.shape.count == 4 { for output in 0..<432 { values[output * 40 + output % 40] = 127 } }
            sketch.weights.tensors[name] = Weight(shape: tensor.shape, values: values)
        }
        let shape = TensorShape(1, 40, size.0, size.1)
        let input = (0..<shape.count).map { _ in Float(Int(sketch.generator.next() % 256) - 100) }
        let expected = try sketch.run(input, shape, .reference)
        let calibration = Calibration(ranges: ranges)
        let result = try sketch.run(input, shape, .oneDNN, .int8, calibration: calibration)
        if hasBfloat16 {
            // Taps of other sources, and the sum.
            let largest = expected.lazy.map(abs).max() ?? 0
            #expect(zip(result, expected).allSatisfy { abs($0 - $1) <= largest / 128 })
        } else {
            #expect(result == expected)
        }
        #expect(try sketch.kinds(shape, calibration).count { $0.hasPrefix("quantized") } == factors.count)
        #expect(try sketch.run(input, shape, .oneDNN, .int8, threads: 3, calibration: calibration) == result)
    }

    /// Sums that convolutions of bytes add.
    @Test(.enabled(if: hasInt8), arguments: [(64, [16, 16, 24, 40]), (16, [64, 96, 96, 64]), (48, [16, 80])])
    func decodersOfBytes(_ inner: Int, _ widths: [Int]) throws {
        for (height, width) in [(16, 32), (48, 16)] {
            var sketch = NetworkSketch(seed: UInt64(inner + height))
            _ = Self.decoder(&sketch, inner: inner, widths: widths)
            let difference = try sketch.difference(.oneDNN, .int8, height: height, width: width, batch: 2)
            #expect(difference < WinogradTests.int8Tolerance, "\(height)x\(width)")
        }
    }

    /// An upsampled map of bytes that a convolution of bytes adds stays bytes.
    @Test(.enabled(if: hasInt8)) func upsampledSummandsOfBytes() throws {
        var sketch = NetworkSketch(seed: 7, inputChannels: 32)
        let large = sketch.activation(sketch.convolution(sketch.graph.input, to: 48, kernel: 1), .relu)
        let small = sketch.convolution(large, to: 64, kernel: 3, stride: 2)
        let lateral = sketch.convolution(large, to: 64, kernel: 1)
        let sum = sketch.sum(sketch.upsample(small, by: 2), lateral)
        let raised = sketch.convolution(sketch.upsample(small, by: 2), to: 16, kernel: 1)
        _ = sketch.sum(sketch.convolution(sum, to: 16, kernel: 1), raised)
        #expect(try sketch.difference(.oneDNN, .int8, height: 24, width: 40) < 0.05)
        let shape = TensorShape(1, 32, 24, 40)
        let calibration = try sketch.calibration(sketch.numbers(shape.count), shape)
        let kinds = try sketch.kinds(shape, calibration)
        // Of floats to bytes: the network's input.
        #expect(kinds.count { $0.hasPrefix("convert") } == 1, "\(kinds)")
        #expect(kinds.count { $0 == "upsample:avx512_vnni" } == 2, "\(kinds)")
    }

    /// A map that is shuffled before a convolution of bytes adds it.
    @Test(.enabled(if: hasInt8)) func transposedSummandsOfBytes() throws {
        var sketch = NetworkSketch(seed: 8, inputChannels: 32)
        let large = sketch.activation(sketch.convolution(sketch.graph.input, to: 48, kernel: 1), .relu)
        let small = sketch.activation(sketch.convolution(large, to: 64, kernel: 3, stride: 2), .relu)
        _ = sketch.sum(sketch.convolution(large, to: 16, kernel: 1), sketch.transposed(small, to: 16))
        #expect(try sketch.difference(.oneDNN, .int8, height: 24, width: 40) < 0.05)
    }

    @Test func refusals() throws {
        for (channels, factors) in [(144, [1, 1]), (90, [1]), (144, [0])] {
            var sketch = NetworkSketch(seed: 5)
            _ = sketch.tapSum([sketch.convolution(sketch.graph.input, to: channels, kernel: 1)], factors: factors)
            #expect(throws: InferenceError.self) {
                try sketch.run([Float](repeating: 0, count: 48), TensorShape(1, 3, 4, 4), .oneDNN)
            }
        }
    }
}
