import Core
import Inference
import Testing

/// Graphs, weights and shapes that do not fit are refused by name.
struct RefusalTests {
    /// The message of the error that `body` throws.
    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing thrown"
        } catch {
            return "\(error)"
        }
    }

    private func engine(_ sketch: NetworkSketch, _ backend: EngineOptions.Backend = .oneDNN) throws -> Engine {
        try Engine(graph: sketch.graph, weights: sketch.weights, options: .init(backend: backend))
    }

    @Test func sumOfDifferentShapes() throws {
        var sketch = NetworkSketch(seed: 1)
        let a = sketch.convolution(sketch.graph.input, to: 8, kernel: 3)
        let b = sketch.convolution(sketch.graph.input, to: 8, kernel: 3, stride: 2)
        _ = sketch.sum(a, b)
        let engine = try engine(sketch)
        let text = message { _ = try engine.outputShape(for: TensorShape(1, 3, 16, 16)) }
        #expect(text.contains("layer2") && text.contains("1x8x16x16") && text.contains("1x8x8x8"))
    }

    @Test func channelsOfAnotherNetwork() throws {
        var sketch = NetworkSketch(seed: 1)
        _ = sketch.convolution(sketch.graph.input, to: 8, kernel: 3)
        let engine = try engine(sketch)
        let text = message { _ = try engine.outputShape(for: TensorShape(1, 4, 16, 16)) }
        #expect(
            text.contains("tensor0") && text.contains("layer0") && text.contains("8x3x3x3") && text.contains("Ox4x"))
    }

    @Test func mapSmallerThanTheKernel() throws {
        var sketch = NetworkSketch(seed: 1)
        _ = sketch.convolution(sketch.graph.input, to: 8, kernel: 7, padding: .symmetric(0))
        let engine = try engine(sketch)
        #expect(
            message { _ = try engine.outputShape(for: TensorShape(1, 3, 6, 20)) }.contains(
                "map smaller than the kernel"))
    }

    @Test func emptyInput() throws {
        var sketch = NetworkSketch(seed: 1)
        _ = sketch.convolution(sketch.graph.input, to: 8, kernel: 3)
        let engine = try engine(sketch)
        #expect(message { _ = try engine.run([], shape: TensorShape(0, 3, 16, 16)) }.contains("empty input"))
        #expect(message { _ = try engine.run([1], shape: TensorShape(1, 3, 16, 16)) }.contains("768 in"))
    }

    @Test(arguments: [EngineOptions.Backend.oneDNN, .blas], [Float.infinity, -.infinity, .nan])
    func weightsThatAreNotFinite(_ backend: EngineOptions.Backend, _ value: Float) throws {
        var sketch = NetworkSketch(seed: 1)
        _ = sketch.batchNorm(sketch.convolution(sketch.graph.input, to: 8, kernel: 3))
        for name in sketch.weights.tensors.keys.sorted() {
            var broken = sketch
            guard let weight = sketch.weights.tensors[name] else { continue }
            var values = weight.values
            values[values.count - 1] = value
            broken.weights.tensors[name] = Weight(shape: weight.shape, values: values)
            let text = message { _ = try engine(broken, backend) }
            #expect(text.contains(name) && text.contains("not finite"), "\(name): \(text)")
        }
    }

    /// A negative variance below epsilon has no root: the folded weight is refused, by the names of both.
    @Test func foldedWeightsThatAreNotFinite() throws {
        var sketch = NetworkSketch(seed: 1)
        _ = sketch.batchNorm(sketch.convolution(sketch.graph.input, to: 1, kernel: 3))
        let name = try #require(sketch.weights.tensors.keys.first { $0.hasSuffix("running_var") })
        sketch.weights.tensors[name] = Weight(shape: [1], values: [-1])
        let text = message { _ = try engine(sketch) }
        #expect(text.contains("layer0") && text.contains("norm") && text.contains("not finite"))
    }

    /// Variances of 10^7 fold exactly enough: the plain loops apply the batch norm unfolded.
    @Test(arguments: LayerAgreementTests.backends)
    func variancesInTheMillions(_ backend: EngineOptions.Backend) throws {
        var sketch = NetworkSketch(seed: 1)
        var x = sketch.convolution(sketch.graph.input, to: 16, kernel: 3)
        x = sketch.batchNorm(x)
        for (name, weight) in sketch.weights.tensors {
            let factor: Float? = name == "tensor0" ? 3e3 : name.hasSuffix("running_var") ? 1e7 : nil
            guard let factor else { continue }
            sketch.weights.tensors[name] = Weight(shape: weight.shape, values: weight.values.map { $0 * factor })
        }
        _ = sketch.activation(x, .relu)
        #expect(try sketch.difference(backend, height: 12, width: 12) < 1e-5)
    }

    @Test func missingWeight() throws {
        var sketch = NetworkSketch(seed: 1)
        _ = sketch.convolution(sketch.graph.input, to: 8, kernel: 3)
        sketch.weights.tensors["tensor0"] = nil
        #expect(throws: TestWeights.Missing.self) { try engine(sketch) }
    }
}
