import Checkpoint
import Core
import DBHead
import Inference
import TestSupport
import Testing

/// The detector from checkpoint to map, on small networks: batches, and weights that cannot give a map.
@Suite struct TextDetectorTests {
    private static let (height, width) = (GoldenNetwork.height, GoldenNetwork.width)

    /// The narrow golden network with all its weights in a file, some changed.
    private func withDetector<Result>(
        changing changed: [String: [Float]] = [:], backend: EngineOptions.Backend = .fastest,
        _ body: (TextDetector) throws -> Result
    ) throws -> Result {
        let golden = try GoldenNetwork.named("narrow decoder")
        let weights = golden.weights
        var values: [String: [Float]] = [:]
        for (name, _) in golden.tensors { values[name] = try? weights.weight(name).values }
        return try golden.withCheckpoint(values: values.merging(changed) { $1 }) { checkpoint in
            try body(
                TextDetector(checkpoint: checkpoint, options: EngineOptions(backend: backend, threads: 2)))
        }
    }

    private func map(_ detector: TextDetector, _ input: [Float], batch: Int = 1) throws -> [Float] {
        var output = [Float](repeating: -1, count: batch * Self.height * Self.width)
        try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer { output in
                try detector.probabilityMap(
                    input: input, batch: batch, height: Self.height, width: Self.width, output: output)
            }
        }
        return output
    }

    @Test func batchesGiveTheMapsOfTheirImages() throws {
        let golden = try GoldenNetwork.named("narrow decoder")
        let other = GoldenNetwork.image.map { -$0 }
        try withDetector { detector in
            let single = try map(detector, GoldenNetwork.image)
            let both = try map(detector, GoldenNetwork.image + other, batch: 2)
            #expect(zip(single, golden.map).allSatisfy { abs($0 - $1) < 2e-5 })
            #expect(both[..<single.count].elementsEqual(single))
            #expect(try both[single.count...].elementsEqual(map(detector, other)))
        }
    }

    @Test(arguments: EngineOptions.Backend.allCases, [Float.nan, .infinity])
    func namesAWeightThatIsNotFinite(_ backend: EngineOptions.Backend, _ value: Float) throws {
        let name = "encoder.model.layer3.1.bn2.running_var"
        let error = try #require(
            #expect(throws: CheckpointError.self) {
                try withDetector(changing: [name: [1, 1, value]], backend: backend) { _ = $0 }
            })
        #expect(error.diagnosis.place == name && error.diagnosis.status == .badData)
    }

    /// The map does not need the threshold branch, but a branch without numbers tells of a run that came apart.
    @Test func namesAThresholdBranchThatIsNotFinite() throws {
        let name = "head.thresh.0.bias"
        for value in [Float.nan, 1] {
            let golden = try GoldenNetwork.named("narrow decoder")
            try golden.withCheckpoint(values: [name: [1, value]], changing: { $0.append((name, [2])) }) { checkpoint in
                func detector() throws -> TextDetector {
                    try TextDetector(checkpoint: checkpoint, options: EngineOptions(threads: 1))
                }
                guard value.isNaN else { return _ = try detector() }
                let error = try #require(#expect(throws: CheckpointError.self) { _ = try detector() })
                #expect(error.diagnosis.place == name)
            }
        }
    }

    /// Finite weights whose product with their batch norm is not.
    @Test(arguments: [EngineOptions.Backend.oneDNN, .blas])
    func namesAFoldedWeightThatIsNotFinite(_ backend: EngineOptions.Backend) throws {
        let error = try #require(
            #expect(throws: InferenceError.self) {
                try withDetector(
                    changing: [
                        "encoder.model.layer3.1.conv2.weight": [3e38], "encoder.model.layer3.1.bn2.weight": [3e38],
                    ], backend: backend
                ) { _ = $0 }
            })
        #expect(error.description.contains("encoder.model.layer3.1.bn2"), "\(error)")
    }

    /// Infinite sums of both signs meet in the last layer: a probability that is no number is an error. oneDNN's ReLU
    /// makes a number of it, so that engine watches every layer and names the first that overflows.
    @Test(
        arguments: EngineOptions.Backend.allCases,
        [["head.binarize.1", "head.binarize.4"], ["encoder.model.layer3.1.bn1", "encoder.model.layer3.1.bn2"]])
    func refusesANetworkThatOverflows(_ backend: EngineOptions.Backend, _ norms: [String]) throws {
        let weights = try GoldenNetwork.named("narrow decoder").weights
        var changed: [String: [Float]] = [:]
        for name in norms.map({ $0 + ".weight" }) {
            changed[name] = [Float](repeating: 1e30, count: try weights.weight(name).values.count)
        }
        let error = try #require(
            #expect(throws: (any Error).self) {
                try withDetector(changing: changed, backend: backend) {
                    _ = try map($0, GoldenNetwork.image)
                }
            } as? any DiagnosedError)
        let what = backend == .oneDNN ? "the network overflows" : "the network's map is not finite"
        #expect(error.diagnosis.what == what && error.diagnosis.status == .badData, "\(error)")
        #expect(error.diagnosis.path != nil && error.diagnosis.place != nil)
    }
}
