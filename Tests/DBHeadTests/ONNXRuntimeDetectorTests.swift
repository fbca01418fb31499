import Backbone
import Checkpoint
import Core
import DBHead
import Foundation
import Inference
import ONNXRuntime
import TestSupport
import Testing

/// Whole detectors as ONNX, run by ONNX Runtime.
@Suite(.enabled(if: TestData.onnxRuntime != nil, "needs SUBMIT_ONNXRUNTIME: make test-onnxruntime"))
struct ONNXRuntimeDetectorTests {
    @Test(arguments: GoldenNetwork.all)
    func equalsTorch(_ golden: GoldenNetwork) throws {
        let engine = try Engine(
            graph: graph(golden), weights: golden.weights, library: ONNXRuntimeLibrary(), threads: 2)
        let found = try engine.run(
            GoldenNetwork.image, shape: TensorShape(1, 3, GoldenNetwork.height, GoldenNetwork.width))
        #expect(found.count == golden.map.count)
        let worst = try #require(zip(found, golden.map).map { abs($0 - $1) }.max())
        #expect(worst < 2e-5)
    }

    /// Symmetric padding and SAME padding, at sizes and a batch that the file leaves free.
    @Test(arguments: ["resnet18", "tf_efficientnet_b0"])
    func equalsOurEngine(_ backbone: String) throws {
        let golden = try #require(GoldenNetwork.all.first { $0.backbone == backbone })
        let (graph, weights) = (try graph(golden), golden.weights)
        let theirs = try Engine(graph: graph, weights: weights, library: ONNXRuntimeLibrary(), threads: 2)
        let ours = try Engine(graph: graph, weights: weights, options: EngineOptions(threads: 2))
        for shape in [TensorShape(2, 3, 64, 160), TensorShape(2, 3, 128, 32)] {
            let input = DrawnWeights.units("\(shape)", shape.count).map { Float($0 * 2) }
            let (found, expected) = (try theirs.run(input, shape: shape), try ours.run(input, shape: shape))
            #expect(found.count == 2 * shape.height * shape.width)
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(shape)")
        }
    }

    @Test func namesAnOverflowByItsPixel() throws {
        let golden = try GoldenNetwork.named("narrow decoder")
        let weights = golden.weights
        var values: [String: [Float]] = [:]
        for (name, _) in golden.tensors { values[name] = try? weights.weight(name).values }
        for name in ["head.binarize.1.weight", "head.binarize.4.weight"] {
            values[name] = [Float](repeating: 1e30, count: values[name]?.count ?? 0)
        }
        try golden.withCheckpoint(values: values) { checkpoint in
            let detector = try TextDetector(network: DetectorNetwork(checkpoint: checkpoint)) {
                try Engine(graph: $0, weights: $1, library: ONNXRuntimeLibrary())
            }
            var output = [Float](repeating: 0, count: GoldenNetwork.height * GoldenNetwork.width)
            let error = #expect(throws: DetectorError.self) {
                try GoldenNetwork.image.withUnsafeBufferPointer { input in
                    try output.withUnsafeMutableBufferPointer {
                        try detector.probabilityMap(
                            input: input, batch: 1, height: GoldenNetwork.height, width: GoldenNetwork.width, output: $0
                        )
                    }
                }
            }
            #expect(error?.diagnosis.path == checkpoint.path && error?.diagnosis.place != nil)
        }
    }

    private func graph(_ golden: GoldenNetwork) throws -> Graph {
        try golden.withCheckpoint {
            try Architecture(recognising: $0, backbone: Architecture.backbone(named: golden.backbone)).network.graph
        }
    }
}
