import Inference
import ONNXRuntime
import TestSupport
import Testing

/// The graph as ONNX, run by ONNX Runtime: against PyTorch's goldens, and against our own engines.
@Suite(.enabled(if: TestData.onnxRuntime != nil, "needs SUBMIT_ONNXRUNTIME: make test-onnxruntime"))
struct ONNXRuntimeTests {
    @Test func operations() throws {
        let library = try ONNXRuntimeLibrary()
        try GoldenTests.check { try Engine(graph: $0, weights: $1, channels: $2, library: library) }
    }

    /// Random networks at two sizes, whose odd rows tell where SAME puts its zeros, in batches of two.
    @Test(arguments: 1...6)
    func networks(seed: Int) throws {
        var sketch = NetworkAgreementTests.network(seed: UInt64(seed))
        let library = try ONNXRuntimeLibrary()
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights, library: library, threads: 2)
        for shape in [TensorShape(2, 3, 64, 96), TensorShape(2, 3, 160, 32)] {
            let input = sketch.numbers(shape.count)
            let expected = try sketch.run(input, shape, .oneDNN, threads: 2)
            let found = try engine.run(input, shape: shape)
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(shape)")
        }
    }

    /// Odd maps, whose padding is not that of even ones.
    @Test(arguments: [(3, 2), (5, 2), (5, 1), (2, 2), (3, 3)], [(13, 18), (14, 17), (16, 16)])
    func samePadding(_ kernel: (size: Int, stride: Int), _ size: (height: Int, width: Int)) throws {
        var sketch = NetworkSketch(seed: 3)
        _ = sketch.convolution(sketch.graph.input, to: 4, kernel: kernel.size, stride: kernel.stride, padding: .same)
        try expectAgreement(&sketch, TensorShape(2, 3, size.height, size.width))
    }

    /// What our detectors never do: a batch norm that no convolution takes in, a convolution that two norms read, one
    /// weight in two layers, no layer at all.
    @Test func unusualGraphs() throws {
        var lone = NetworkSketch(seed: 1)
        _ = lone.batchNorm(lone.activation(lone.batchNorm(lone.graph.input), .relu))
        try expectAgreement(&lone, TensorShape(2, 3, 7, 9))

        var forked = NetworkSketch(seed: 2)
        let x = forked.convolution(forked.graph.input, to: 4, kernel: 3)
        _ = forked.sum(forked.batchNorm(x), forked.batchNorm(x))
        try expectAgreement(&forked, TensorShape(2, 3, 7, 9))

        var shared = NetworkSketch(seed: 3)
        let y = shared.convolution(shared.graph.input, to: 3, kernel: 3)
        _ = shared.graph.append(shared.graph.nodes[0].operation, y, label: "again")
        try expectAgreement(&shared, TensorShape(1, 3, 7, 9))

        var empty = NetworkSketch(seed: 4)
        try expectAgreement(&empty, TensorShape(2, 3, 7, 9))
    }

    @Test func refusesAProviderThatTheLibraryLacks() throws {
        let sketch = NetworkAgreementTests.network(seed: 1)
        let library = try ONNXRuntimeLibrary()
        let error = try #require(
            #expect(throws: ONNXRuntimeError.self) {
                try Engine(graph: sketch.graph, weights: sketch.weights, library: library, provider: "nonsense")
            })
        #expect(error.diagnosis.status == .failure)
        #expect(error.description.contains("provider nonsense") && error.description.contains("CPUExecutionProvider"))
    }

    @Test func tellsTheTimeOfItsRun() throws {
        var sketch = NetworkAgreementTests.network(seed: 1)
        let library = try ONNXRuntimeLibrary()
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights, library: library)
        let shape = TensorShape(1, 3, 32, 32)
        let input = sketch.numbers(shape.count)
        var output = [Float](repeating: 0, count: try engine.outputShape(for: shape).count)
        let steps = try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer { try engine.profile(input: input, shape: shape, output: $0) }
        }
        #expect(steps.map(\.implementation) == ["onnxruntime \(library.version)"])
        #expect(steps.allSatisfy { $0.seconds > 0 })
    }

    private func expectAgreement(
        _ sketch: inout NetworkSketch, _ shape: TensorShape,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let input = sketch.numbers(shape.count)
        let expected = try sketch.run(input, shape, .reference)
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights, library: ONNXRuntimeLibrary())
        let found = try engine.run(input, shape: shape)
        #expect(found.count == expected.count, sourceLocation: sourceLocation)
        #expect(
            zip(found, expected).allSatisfy { abs($0 - $1) < 2e-5 * max(1, abs($1)) }, sourceLocation: sourceLocation)
    }
}
