import Inference
import Testing

/// 3x3 convolutions by Winograd's algorithm, against the plain loops: borders of tiles, blocks of tiles, what is summed.
struct WinogradTests {
    /// What the kernels are made for.
    private static let isAvailable = Engine.instructionSet.hasPrefix("avx512")
    static let precisions: [EngineOptions.Precision] =
        [.fp32] + (hasBfloat16 ? [.bf16] : []) + (hasInt8 ? [.int8] : [])

    /// A bfloat16 is off by 2^-9 of itself, a byte by 2^-8 of the largest, a tile's result by some of them; a wrong
    /// transform by the tile's size.
    static func tolerance(_ precision: EngineOptions.Precision) -> Float {
        precision == .fp32 ? 1e-5 : precision == .bf16 ? Bfloat16Tests.winogradTolerance : int8Tolerance
    }
    static let int8Tolerance: Float = 0.1

    private static func sketch(
        _ inputs: Int, _ outputs: Int, stride: Int, padding: Int = 1, seed: UInt64, _ activation: Activation? = nil,
        hasResidual: Bool = false
    ) -> NetworkSketch {
        var sketch = NetworkSketch(seed: seed, inputChannels: inputs)
        let x = sketch.activation(sketch.graph.input, .silu)
        var y = sketch.convolution(x, to: outputs, kernel: 3, stride: stride, padding: .symmetric(padding))
        if hasResidual { y = sketch.sum(sketch.convolution(x, to: outputs, kernel: 1, stride: stride), y) }
        if let activation { _ = sketch.activation(y, activation) }
        return sketch
    }

    private static func kernels(
        _ sketch: NetworkSketch, _ shape: TensorShape, _ precision: EngineOptions.Precision,
        _ calibration: Calibration? = nil
    ) throws -> [String] {
        let engine = try Engine(
            graph: sketch.graph, weights: sketch.weights,
            options: .init(precision: precision, calibration: calibration))
        let input = [Float](repeating: 1, count: shape.count)
        var output = [Float](repeating: 0, count: try engine.outputShape(for: shape).count)
        return try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer {
                try engine.profile(input: input, shape: shape, output: $0).map(\.implementation)
            }
        }
    }

    @Test(arguments: precisions, 1...2)
    func sizes(_ precision: EngineOptions.Precision, _ stride: Int) throws {
        // Bytes with stride 2 are faster without, unless there are many channels.
        let channels = precision == .int8 && stride == 2 ? 128 : 64
        for height in 1...13 {
            for width in [1, 2, 3, 4, 5, 7, 8, 13, 14, 15] {
                let seed = UInt64(height * 100 + width)
                var sketch = Self.sketch(
                    channels, channels, stride: stride, seed: seed, height % 2 == 0 ? .relu : nil)
                let difference = try sketch.difference(.oneDNN, precision, height: height, width: width)
                #expect(difference < Self.tolerance(precision), "\(height)x\(width)")
            }
        }
    }

    @Test(
        arguments: precisions,
        [(64, 64, 40, 56), (16, 48, 9, 90), (33, 65, 24, 24), (80, 144, 21, 30), (272, 64, 25, 36), (128, 336, 18, 17)])
    func channels(_ precision: EngineOptions.Precision, _ test: (Int, Int, Int, Int)) throws {
        for (seed, activation) in [nil, Activation.relu, .silu, .sigmoid].enumerated() {
            let (stride, padding) = (seed % 2 + 1, [1, 0, 2, 1][seed])
            var sketch = Self.sketch(test.0, test.1, stride: stride, padding: padding, seed: UInt64(seed), activation)
            let difference = try sketch.difference(.oneDNN, precision, height: test.2, width: test.3, batch: 2)
            #expect(difference < Self.tolerance(precision), "seed \(seed)")
            guard padding == 1 else { continue }
            sketch = Self.sketch(
                test.0, test.1, stride: stride, seed: UInt64(seed), activation, hasResidual: true)
            let summed = try sketch.difference(.oneDNN, precision, height: test.2, width: test.3)
            #expect(summed < 1.5 * Self.tolerance(precision), "seed \(seed), summed")
        }
    }

    /// The larger of these are cut into blocks in either way.
    @Test(
        arguments: precisions,
        [(64, 64, 75, 1), (256, 64, 50, 1), (320, 320, 22, 1), (64, 64, 90, 2), (352, 352, 25, 2)])
    func threads(_ precision: EngineOptions.Precision, _ test: (Int, Int, Int, Int)) throws {
        var sketch = Self.sketch(test.0, test.1, stride: test.3, seed: 7, .relu, hasResidual: true)
        let shape = TensorShape(1, test.0, test.2, test.2 + 3)
        let input = sketch.numbers(shape.count)
        let calibration = precision == .int8 ? try sketch.calibration(input, shape) : nil
        if Self.isAvailable, precision != .int8 || test.3 == 1 || test.0 >= 128 {
            let kernels = try Self.kernels(sketch, shape, precision, calibration)
            #expect(kernels.contains { $0.hasPrefix("winograd_") })
        }
        func run(_ threads: Int) throws -> [Float] {
            try sketch.run(input, shape, .oneDNN, precision, threads: threads, calibration: calibration)
        }
        let expected = try run(1)
        for threads in [2, 3, 5] { #expect(try run(threads) == expected, "\(threads) threads") }
    }

    /// Where a tile has more products than the direct algorithm, that stays.
    @Test(.enabled(if: isAvailable), arguments: [(1, 2, false), (1, 3, true), (2, 4, false), (2, 5, true)])
    func smallMaps(_ stride: Int, _ size: Int, _ expected: Bool) throws {
        let sketch = Self.sketch(16, 64, stride: stride, seed: 1)
        let kernels = try Self.kernels(sketch, TensorShape(1, 16, size, size), .fp32)
        #expect(kernels.contains { $0.hasPrefix("winograd_") } == expected)
    }

    /// Numbers that leave the range of a float on their way are told, and none that stay in it are.
    @Test func overflow() throws {
        let sketch = Self.sketch(64, 64, stride: 1, seed: 3, .relu)
        let shape = TensorShape(1, 64, 11, 14)
        let options = EngineOptions(backend: .oneDNN, threads: 2)
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights, options: options)
        let error = #expect(throws: InferenceError.self) {
            try engine.run([Float](repeating: 1e38, count: shape.count), shape: shape)
        }
        #expect(error?.diagnosis.place == "layer layer1")
        for value: Float in [0, 1e-38, 1e30] {
            let found = try engine.run([Float](repeating: value, count: shape.count), shape: shape)
            #expect(found.allSatisfy { $0.isFinite })
        }
    }
}
