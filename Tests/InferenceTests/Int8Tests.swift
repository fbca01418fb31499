import Inference
import Testing

/// Whether this machine has instructions for bytes.
let hasInt8 = (try? EngineOptions(precision: .int8, calibration: Calibration(ranges: [:])).check()) != nil

/// Networks whose dense convolutions are of bytes: exact where numbers are bytes already, close where they are rounded.
@Suite(.enabled(if: hasInt8))
struct Int8Tests {
    /// Whole numbers that bytes of scale 1 hold, 0 at their byte 100 or 0.
    private static func whole(_ sketch: inout NetworkSketch, _ count: Int, low: Int) -> [Float] {
        (0..<count).map { _ in Float(low + Int(sketch.generator.next() % 256)) }
    }

    /// Gives each output whole weights of which the largest is 127, and whole biases.
    private static func roundWeights(_ sketch: inout NetworkSketch) {
        for (name, tensor) in sketch.weights.tensors.sorted(by: { $0.key < $1.key }) {
            var values = sketch.numbers(tensor.values.count, scale: 9).map { $0.rounded() }
            let perOutput = values.count / tensor.shape[0]
            if tensor.shape.count == 4 {
                for output in 0..<tensor.shape[0] { values[output * perOutput + output % perOutput] = 127 }
            }
            sketch.weights.tensors[name] = Weight(shape: tensor.shape, values: values)
        }
    }

    /// Without those that go by Winograd's algorithm, which rounds more.
    @Test(
        arguments: LayerAgreementTests.convolutions.filter {
            $0.groups == 1 && $0.stride < 3 && ($0.kernel != 3 || $0.stride == 2 || min($0.inputs, $0.outputs) < 17)
        }, [0, -100])
    func convolutionIsExact(_ test: LayerAgreementTests.ConvolutionCase, low: Int) throws {
        var sketch = NetworkSketch(seed: 5, inputChannels: test.inputs)
        let x = sketch.convolution(
            sketch.graph.input, to: test.outputs, kernel: test.kernel, width: test.width, stride: test.stride,
            padding: test.padding)
        _ = sketch.activation(x, .relu)
        Self.roundWeights(&sketch)
        let shape = TensorShape(2, test.inputs, test.size.0, test.size.1)
        let input = Self.whole(&sketch, shape.count, low: low)
        let calibration = Calibration(ranges: ["input": Float(low)...Float(low + 255)])
        let found = try sketch.run(input, shape, .oneDNN, .int8, calibration: calibration)
        let expected = try sketch.run(input, shape, .reference)
        let kinds = try sketch.kinds(TensorShape(1, shape.channels, shape.height, shape.width), calibration)
        #expect(expected == found)
        #expect(kinds.contains { $0.hasPrefix("quantized") })
    }

    /// Sums of bytes and floats, in place and beside, and gates; kernels of 3x3 go by Winograd's algorithm, which rounds
    /// more.
    @Test(arguments: [(3, WinogradTests.int8Tolerance), (5, 0.03)])
    func summandsAndGates(_ kernel: Int, _ tolerance: Float) throws {
        let networks: [(inout NetworkSketch, Graph.Value) -> Graph.Value] = [
            {
                $0.convolution(
                    $0.activation($0.sum($0.convolution($1, to: 32, kernel: kernel), $1), .relu), to: 9, kernel: 1)
            },
            {
                $0.sum(
                    $0.convolution(
                        $0.upsample($0.maxPool($1, kernel: 3, stride: 2, padding: 1), by: 2), to: 5, kernel: 1),
                    $0.convolution($1, to: 5, kernel: kernel))
            },
            { $0.convolution($0.squeezeExcite($0.activation($1, .silu), reduced: 4), to: 20, kernel: 1) },
            {
                $0.convolution(
                    $0.concatenation([$1, $0.convolution($1, to: 7, kernel: kernel)]), to: 20, kernel: kernel)
            },
            { $0.transposed($0.activation($0.transposed($1, to: 48), .relu), to: 3) },
            { $0.activation($0.transposed($0.activation($0.transposed($1, to: 16), .relu), to: 1), .sigmoid) },
            {
                $0.convolution(
                    $0.sum($0.batchNorm($1), $0.convolution($1, to: 32, kernel: kernel)), to: 4, kernel: 3,
                    groups: 2)
            },
        ]
        for (index, network) in networks.enumerated() {
            var sketch = NetworkSketch(seed: UInt64(index))
            let x = sketch.activation(sketch.convolution(sketch.graph.input, to: 32, kernel: kernel), .relu)
            _ = network(&sketch, x)
            let difference = try sketch.difference(.oneDNN, .int8, height: 16, width: 12)
            #expect(difference > 1e-5 && difference < tolerance, "network \(index)")
        }
    }

    private static let depthwiseShapes: [(Int, Int, Int, Convolution.Padding?)] = [
        (40, 37, 29, nil), (16, 5, 3, .same), (24, 16, 70, .symmetric(0)), (8, 1, 1, nil), (19, 33, 8, .same),
    ]

    /// The result is the nearest byte to what the plain loops give.
    @Test(arguments: [3, 5], [1, 2]) func depthwiseIsExact(kernel: Int, stride: Int) throws {
        for (channels, height, width, padding) in Self.depthwiseShapes
        where height >= kernel || padding != .symmetric(0) {
            for activation in [nil, Activation.relu] {
                var sketch = NetworkSketch(seed: 2, inputChannels: channels)
                let x = sketch.convolution(
                    sketch.graph.input, to: channels, kernel: kernel, stride: stride, padding: padding, groups: channels
                )
                if let activation { _ = sketch.activation(x, activation) }
                Self.roundWeights(&sketch)
                let shape = TensorShape(1, channels, height, width)
                let input = Self.whole(&sketch, shape.count, low: -100)
                let low: Float = activation == nil ? -128 : 0
                let calibration = Calibration(
                    ranges: ["input": -100...155, "layer0": (256 * low)...(256 * (low + 255))])
                let found = try sketch.run(input, shape, .oneDNN, .int8, calibration: calibration)
                let expected = try sketch.run(input, shape, .reference).map {
                    256 * min(max(($0 / 256).rounded(.toNearestOrEven), low), low + 255)
                }
                #expect(found == expected, "\(shape)")
                let kinds = try sketch.kinds(shape, calibration)
                #expect(kinds.contains { $0.hasPrefix("quantized") })
            }
        }
    }

    /// What lies between an expansion and its depthwise convolution is rounded as if it were kept.
    @Test(arguments: ExpandedDepthwiseTests.cases, [nil, Activation.relu])
    func expandedDepthwiseIsExact(_ test: ExpandedDepthwiseTests.Case, activation: Activation?) throws {
        func expand(_ sketch: inout NetworkSketch) -> Graph.Value {
            let x = sketch.convolution(sketch.graph.input, to: test.outputs, kernel: 1)
            return activation.map { sketch.activation(x, $0) } ?? x
        }
        func reduce(_ sketch: inout NetworkSketch, _ x: Graph.Value) {
            let y = sketch.convolution(
                x, to: test.outputs, kernel: test.kernel, stride: test.stride, padding: test.padding,
                groups: test.outputs, bias: false)
            if let activation { _ = sketch.activation(y, activation) }
        }
        var both = NetworkSketch(seed: 6, inputChannels: test.inputs)
        reduce(&both, expand(&both))
        Self.roundWeights(&both)
        var (first, second) = (
            NetworkSketch(seed: 6, inputChannels: test.inputs), NetworkSketch(seed: 6, inputChannels: test.outputs)
        )
        _ = expand(&first)
        reduce(&second, second.graph.input)
        first.weights = both.weights
        second.weights.tensors["tensor0"] = both.weights.tensors["tensor2"]

        let low: Float = activation == nil ? -128 : 0
        func rounded(_ values: [Float], _ step: Float) -> [Float] {
            values.map { step * min(max(($0 / step).rounded(.toNearestOrEven), low), low + 255) }
        }
        let shape = TensorShape(1, test.inputs, test.size.0, test.size.1)
        let wide = TensorShape(1, test.outputs, test.size.0, test.size.1)
        let input = Self.whole(&both, shape.count, low: -100)
        let middle = rounded(try first.run(input, shape, .reference), 512)
        let expected = rounded(try second.run(middle, wide, .reference), 65536)
        let last = activation == nil ? "layer1" : "layer2"
        let calibration = Calibration(
            ranges: [
                "input": -100...155, "layer0": (512 * low)...(512 * (low + 255)),
                last: (65536 * low)...(65536 * (low + 255)),
            ])
        let kinds = try both.kinds(shape, calibration)
        #expect(kinds.count { $0.hasPrefix("quantized") } == 1)
        for threads in [1, 2, 3] {
            #expect(try both.run(input, shape, .oneDNN, .int8, threads: threads, calibration: calibration) == expected)
        }
    }

    /// SiLU by its table is off by a quarter of a byte's step beyond rounding, 1x1 and depthwise; the mean of a map of
    /// bytes is the mean of what they stand for.
    @Test(arguments: [false, true], [(0.75, -13), (4, -11), (20, -8)] as [(Float, Int)]) func silu(
        isDepthwise: Bool, ends: (Float, Int)
    ) throws {
        let (high, exponent) = ends
        var sketch = NetworkSketch(seed: 4, inputChannels: 20)
        let x = sketch.convolution(
            sketch.graph.input, to: 20, kernel: isDepthwise ? 3 : 1, padding: .symmetric(0),
            groups: isDepthwise ? 20 : 1)
        let y = sketch.activation(x, .silu)
        Self.roundWeights(&sketch)
        let shape = TensorShape(1, 20, 33, 40)
        let unit = Float(sign: .plus, exponent: exponent, significand: 1)
        let input = Self.whole(&sketch, shape.count, low: -100).map { $0 * unit }
        let calibration = Calibration(ranges: ["input": (-100 * unit)...(155 * unit), "layer0": -0.3...high])
        let step = (high + 0.3) / 255
        let highest = step * (255 - (0.3 / step).rounded())
        let expected = try sketch.run(input, shape, .reference).map { min($0, highest) }
        if !isDepthwise {
            // The result of a dense convolution is bytes where another reads it.
            let identity = sketch.convolution(y, to: 20, kernel: 1, bias: false)
            if case .convolution(let convolution) = sketch.graph.nodes[identity.index - 1].operation {
                sketch.weights.tensors[convolution.weight] = Weight(
                    shape: [20, 20, 1, 1], values: (0..<400).map { $0 % 21 == 0 ? 1 : 0 })
            }
        }
        let found = try sketch.run(input, shape, .oneDNN, .int8, calibration: calibration)
        for (found, expected) in zip(found, expected) {
            #expect(abs(found - expected) <= 0.75 * step + abs(expected) / 256, "\(found) \(expected)")
        }
        guard isDepthwise else { return }
        _ = sketch.mean(y)
        let means = try sketch.run(input, shape, .oneDNN, .int8, calibration: calibration)
        for (channel, mean) in means.enumerated() {
            let area = expected.count / 20
            let plain = expected[channel * area..<(channel + 1) * area].reduce(0, +) / Float(area)
            #expect(abs(mean - plain) < 0.25 * step, "\(mean) \(plain)")
        }
    }

    @Test(arguments: 1...12)
    func detector(_ seed: Int) throws {
        var sketch = NetworkAgreementTests.network(seed: UInt64(seed))
        let difference = try sketch.difference(.oneDNN, .int8, height: 64, width: 96)
        #expect(difference > 1e-5 && difference < 0.12)
    }

    @Test func threadsAndBatch() throws {
        var sketch = NetworkAgreementTests.network(seed: 3)
        let shape = TensorShape(3, 3, 64, 32)
        let input = sketch.numbers(shape.count)
        let calibration = try sketch.calibration(input, shape)
        func run(_ input: [Float], _ shape: TensorShape, _ threads: Int) throws -> [Float] {
            try sketch.run(input, shape, .oneDNN, .int8, threads: threads, calibration: calibration)
        }
        let one = try run(input, shape, 1)
        for threads in [2, 3, 5] { #expect(try run(input, shape, threads) == one) }
        let single = try run(Array(input[..<(shape.count / 3)]), TensorShape(1, 3, 64, 32), 2)
        #expect(single == Array(one[..<single.count]))
    }

    /// One number far out must not cost the others their digits; where all count alike, all are covered.
    @Test func rangesTradeClippingForRounding() throws {
        var sketch = NetworkSketch(seed: 1, inputChannels: 1)
        _ = sketch.convolution(sketch.graph.input, to: 1, kernel: 1)
        var input = sketch.numbers(1000 * 1000)
        let shape = TensorShape(1, 1, 1000, 1000)
        let even = try #require(try sketch.calibration(input, shape).ranges["input"])
        #expect(even.lowerBound < -0.97 && even.upperBound > 0.97)
        input[7] = 3
        let cut = try #require(try sketch.calibration(input, shape).ranges["input"])
        #expect(cut.upperBound < 1.5 && cut.upperBound > 0.97 && cut.lowerBound < -0.97)
    }

    /// Ranges that no image gives, but a file may hold, and numbers at the very end of the histogram's bins.
    @Test(arguments: [0, 1e-44, 1e9, 1e30] as [Float]) func extremeRanges(_ end: Float) throws {
        var sketch = NetworkSketch(seed: 1)
        let x = sketch.activation(sketch.convolution(sketch.graph.input, to: 16, kernel: 3), .silu)
        _ = sketch.convolution(x, to: 16, kernel: 1)
        let shape = TensorShape(1, 3, 16, 16)
        let ranges = ["input": -end...end, "layer0": -end...end]
        let found = try sketch.run(
            [Float](repeating: 0, count: shape.count), shape, .oneDNN, .int8,
            calibration: Calibration(ranges: ranges))
        #expect(found.allSatisfy { $0.isFinite })
        var ends = [Float](repeating: Float(2).nextDown, count: shape.count)
        ends[0] = -Float(2).nextDown
        #expect(try sketch.calibration(ends, shape).ranges["input"] != nil)
    }

    @Test func overflowIsTold() throws {
        var sketch = NetworkSketch(seed: 1)
        let x = sketch.convolution(sketch.graph.input, to: 16, kernel: 3)
        _ = sketch.convolution(x, to: 16, kernel: 1, bias: false)
        for (name, weight) in sketch.weights.tensors {
            sketch.weights.tensors[name] = Weight(shape: weight.shape, values: weight.values.map { $0 * 1e30 })
        }
        let shape = TensorShape(1, 3, 16, 16)
        let input = sketch.numbers(shape.count)
        let error = #expect(throws: InferenceError.self) { try sketch.calibration(input, shape) }
        #expect(error?.diagnosis.place == "layer layer1")
    }

    @Test func refusals() {
        #expect(throws: InferenceError.self) { try EngineOptions(precision: .int8).check() }
        for backend in [EngineOptions.Backend.blas, .reference] {
            #expect(throws: InferenceError.self) {
                try EngineOptions(backend: backend, precision: .int8, calibration: Calibration(ranges: [:])).check()
            }
        }
    }
}

extension NetworkSketch {
    func calibration(_ input: [Float], _ shape: TensorShape) throws -> Calibration {
        let calibrator = try Calibrator(graph: graph, weights: weights, threads: 2)
        try calibrator.add(input, shape: shape)
        return calibrator.calibration
    }

    /// The kernels that int8 runs.
    func kinds(_ shape: TensorShape, _ calibration: Calibration) throws -> [String] {
        let engine = try Engine(
            graph: graph, weights: weights, options: EngineOptions(precision: .int8, calibration: calibration))
        let input = [Float](repeating: 0, count: shape.count)
        var output = [Float](repeating: 0, count: try engine.outputShape(for: shape).count)
        return try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer {
                try engine.profile(input: input, shape: shape, output: $0).map(\.implementation)
            }
        }
    }
}
