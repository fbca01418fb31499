import Inference
import Testing

struct ProfileTests {
    /// On a machine with AVX2 or better no step runs a reference kernel, and fusion leaves the steps it should.
    @Test func stepsOfANetwork() throws {
        var sketch = NetworkSketch(seed: 1)
        var x = sketch.activation(sketch.batchNorm(sketch.convolution(sketch.graph.input, to: 64, kernel: 3)), .relu)
        let shortcut = x
        x = sketch.activation(sketch.batchNorm(sketch.convolution(x, to: 64, kernel: 3)), .relu)
        x = sketch.batchNorm(sketch.convolution(x, to: 64, kernel: 1))
        x = sketch.activation(sketch.sum(x, shortcut), .relu)
        x = sketch.activation(sketch.batchNorm(sketch.convolution(x, to: 64, kernel: 5, groups: 64)), .silu)
        x = sketch.squeezeExcite(x, reduced: 4)
        x = sketch.convolution(x, to: 64, kernel: 1)
        _ = sketch.activation(sketch.transposed(x, to: 1), .sigmoid)
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights)
        let shape = TensorShape(2, 3, 16, 16)
        let input = sketch.numbers(shape.count)
        var output = [Float](repeating: 0, count: 2 * 32 * 32)
        let steps = try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer {
                try engine.profile(input: input, shape: shape, output: $0)
            }
        }
        #expect(output == (try engine.run(input, shape: shape)))
        #expect(steps.allSatisfy { $0.seconds > 0 && !$0.label.isEmpty && !$0.implementation.hasPrefix("ref") })
        // 2 images * 2 * 64 * 64 * 9 * 256 pixels.
        #expect(abs(steps[1].gigaFLOP - 0.037748736) < 1e-12)
        #if arch(x86_64)
            #expect(
                steps.map(\.kind) == [
                    "conv 3x3", "conv 3x3", "conv 1x1", "depthwise 5x5", "conv 1x1", "conv 1x1", "conv 1x1",
                    "transposed 1x1", "shuffle x2",
                ])
        #endif
    }

    @Test(arguments: [EngineOptions.Backend.blas, .reference])
    func otherEngines(_ backend: EngineOptions.Backend) throws {
        var sketch = NetworkSketch(seed: 1)
        _ = sketch.activation(sketch.convolution(sketch.graph.input, to: 4, kernel: 3), .relu)
        let engine = try Engine(graph: sketch.graph, weights: sketch.weights, options: .init(backend: backend))
        let input = sketch.numbers(2 * 3 * 64)
        var output = [Float](repeating: 0, count: 2 * 4 * 64)
        let steps = try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer {
                try engine.profile(input: input, shape: TensorShape(2, 3, 8, 8), output: $0)
            }
        }
        #expect(steps.first?.label == "layer0" && steps.allSatisfy { $0.seconds > 0 })
        #expect(steps.count == (backend == .blas ? 1 : 2))
        // 2 images * 2 * 3 * 4 * 9 * 64 pixels.
        if backend == .blas { #expect(abs(steps[0].gigaFLOP - 2.7648e-5) < 1e-12) }
    }
}
