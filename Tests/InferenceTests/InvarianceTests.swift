import Inference
import Testing

/// The same bits whatever the threads, the batch and the history of the engine.
struct InvarianceTests {
    @Test(arguments: LayerAgreementTests.backends, 1...4)
    func threads(_ backend: EngineOptions.Backend, _ seed: Int) throws {
        var sketch = NetworkAgreementTests.network(seed: UInt64(seed))
        let shape = TensorShape(1, 3, 64, 96)
        let input = sketch.numbers(shape.count)
        let expected = try sketch.run(input, shape, backend, threads: 1)
        for threads in 2...3 {
            #expect(try sketch.run(input, shape, backend, threads: threads) == expected, "\(threads) threads")
        }
    }

    /// Winograd and direct kernels of the sizes that the detectors have.
    @Test(arguments: [
        (64, 64, 60), (256, 64, 30), (512, 512, 15), (256, 64, 120), (64, 64, 80), (64, 64, 96), (128, 128, 40),
        (112, 64, 46), (112, 64, 60), (160, 64, 60), (96, 64, 90), (64, 64, 240), (144, 80, 33),
    ])
    func threadsOfLargeConvolutions(_ inputs: Int, _ outputs: Int, _ size: Int) throws {
        var sketch = NetworkSketch(seed: 3, inputChannels: inputs)
        var x = sketch.convolution(sketch.graph.input, to: outputs, kernel: 3)
        x = sketch.sum(sketch.convolution(x, to: outputs, kernel: 1), x)
        x = sketch.sum(sketch.convolution(sketch.graph.input, to: outputs, kernel: 3), x)
        _ = sketch.convolution(x, to: outputs, kernel: 3, stride: 2)
        let shape = TensorShape(1, inputs, size, size)
        let input = sketch.numbers(shape.count)
        let expected = try sketch.run(input, shape, .oneDNN, threads: 1)
        for threads in [2, 3, 4, 8] {
            #expect(try sketch.run(input, shape, .oneDNN, threads: threads) == expected, "\(threads) threads")
        }
    }

    @Test(arguments: LayerAgreementTests.backends)
    func batchAndHistory(_ backend: EngineOptions.Backend) throws {
        var sketch = NetworkAgreementTests.network(seed: 7)
        let engine = try Engine(
            graph: sketch.graph, weights: sketch.weights, options: .init(backend: backend, threads: 2))
        let one = TensorShape(1, 3, 32, 64)
        let images = (0..<3).map { _ in sketch.numbers(one.count) }
        let apart = try images.map { try engine.run($0, shape: one) }
        let other = TensorShape(1, 3, 64, 32)
        let before = try engine.run(images[0], shape: other)
        let together = try engine.run(Array(images.joined()), shape: TensorShape(3, 3, 32, 64))
        #expect(together == Array(apart.joined()))
        #expect(try engine.run(images[0], shape: other) == before)
        #expect(try engine.outputShape(for: one) == TensorShape(1, 1, 64, 128))
    }

    /// Plans of several shapes take turns in one arena and give what each gives alone, the oldest made anew.
    @Test(arguments: [EngineOptions.Precision.fp32, .bf16])
    func plansOfManyShapes(_ precision: EngineOptions.Precision) throws {
        let options = EngineOptions(backend: .oneDNN, precision: precision, threads: 2)
        guard (try? options.check()) != nil else { return }
        var sketch = NetworkAgreementTests.network(seed: 11)
        let shared = try Engine(graph: sketch.graph, weights: sketch.weights, options: options)
        let cases = [64, 32, 96, 128, 160, 192, 224].map { side in
            let shape = TensorShape(1, 3, side, 64)
            return (shape, sketch.numbers(shape.count))
        }
        let alone = try cases.map { shape, input in
            try Engine(graph: sketch.graph, weights: sketch.weights, options: options).run(input, shape: shape)
        }
        for index in [0, 1, 2, 1, 0, 2, 3, 4, 5, 6, 0, 6, 1] {
            #expect(try shared.run(cases[index].1, shape: cases[index].0) == alone[index], "\(cases[index].0)")
        }
    }

    /// Winograd's weights are kept once for all sizes, whatever blocks the map is cut into.
    @Test func winogradWeightsOfManySizes() throws {
        var sketch = NetworkSketch(seed: 5, inputChannels: 256)
        _ = sketch.convolution(sketch.graph.input, to: 256, kernel: 3)
        let options = EngineOptions(backend: .oneDNN, threads: 2)
        let shared = try Engine(graph: sketch.graph, weights: sketch.weights, options: options)
        for side in [60, 48, 72, 60, 36] {
            let shape = TensorShape(1, 256, side, side)
            let input = sketch.numbers(shape.count)
            let alone = try Engine(graph: sketch.graph, weights: sketch.weights, options: options)
            #expect(try shared.run(input, shape: shape) == alone.run(input, shape: shape), "\(side)")
        }
    }

    @Test func callersWaitForEachOther() async throws {
        var sketch = NetworkAgreementTests.network(seed: 9)
        let shape = TensorShape(1, 3, 32, 32)
        let input = sketch.numbers(shape.count)
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights, options: .init(threads: 2))
        let expected = try engine.run(input, shape: shape)
        try await withThrowingTaskGroup(of: [Float].self) { group in
            for _ in 0..<8 { group.addTask { try engine.run(input, shape: shape) } }
            for try await result in group { #expect(result == expected) }
        }
    }

    /// Images side by side, of two sizes, give what each gives alone.
    @Test(arguments: [EngineOptions.Precision.fp32, .bf16, .int8], [2, 5])
    func streams(_ precision: EngineOptions.Precision, _ threads: Int) async throws {
        var sketch = NetworkAgreementTests.network(seed: 13)
        // oneDNN's own convolutions beside ours.
        sketch.graph.output = sketch.convolution(sketch.graph.output, to: 2, kernel: 5, stride: 3)
        let shapes = [TensorShape(1, 3, 64, 96), TensorShape(1, 3, 96, 32)]
        let inputs = (0..<12).map { sketch.numbers(shapes[$0 % 2].count) }
        let calibration = try sketch.calibration(inputs[0], shapes[0])
        func options(_ threads: Int, _ streams: Int) -> EngineOptions {
            EngineOptions(precision: precision, threads: threads, streams: streams, calibration: calibration)
        }
        guard (try? options(1, 1).check()) != nil else { return }
        let alone = try Engine(graph: sketch.graph, weights: sketch.weights, options: options(1, 1))
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights, options: options(threads, 2))
        let expected = try inputs.indices.map { try alone.run(inputs[$0], shape: shapes[$0 % 2]) }
        try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for index in inputs.indices {
                group.addTask { [input = inputs[index], shape = shapes[index % 2]] in
                    (index, try engine.run(input, shape: shape))
                }
            }
            for try await (index, result) in group { #expect(result == expected[index], "\(index)") }
        }
    }

    @Test func streamsAreHeldWithinThreads() {
        #expect(EngineOptions(backend: .oneDNN, threads: 1, streams: 2).streams == 1)
        #expect(EngineOptions(backend: .oneDNN, threads: 9, streams: 9).streams == 2)
        #expect(EngineOptions(backend: .blas, threads: 4, streams: 2).streams == 1)
    }
}
