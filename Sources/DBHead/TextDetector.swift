import Backbone
import Checkpoint
import Core
import Inference

/// A checkpoint ready to run: images in, probability maps out.
public final class TextDetector: Sendable {
    /// What the checkpoint holds.
    public let architecture: Architecture
    private let engine: Engine
    private let path: String

    /// Recognises the architecture and reads the weights.
    ///
    /// - Parameters:
    ///   - checkpoint: the trained weights.
    ///   - backbone: the backbone where it is known; nil recognises it.
    ///   - options: engine and threads.
    /// - Throws: `DetectorError` where the tensors fit no known network; `CheckpointError` and `InferenceError` where a
    ///   weight is not finite, alone or with its batch norm folded in.
    public convenience init(
        checkpoint: Checkpoint, backbone: BackboneArchitecture? = nil, options: EngineOptions
    ) throws {
        try self.init(network: DetectorNetwork(checkpoint: checkpoint, backbone: backbone)) {
            try Engine(graph: $0, weights: $1, options: options)
        }
    }

    /// Gives the network to the engine that `makeEngine` makes.
    ///
    /// - Throws: the errors of `makeEngine`; those of `Inference` name the checkpoint.
    public init(
        network: DetectorNetwork, engine makeEngine: (_ graph: Graph, _ weights: any WeightSource) throws -> Engine
    ) throws {
        architecture = network.architecture
        path = network.path
        engine = try InferenceError.naming(path) { try makeEngine(network.graph, network.weights) }
    }

    /// Runs the network.
    ///
    /// - Parameters:
    ///   - input: (N,3,H,W) Float32, normalised; H and W multiples of 32.
    ///   - output: receives (N,1,H,W), probabilities in [0,1].
    /// - Throws: `InferenceError` where a layer of the oneDNN engine overflows; `DetectorError` (65) where a probability
    ///   is not finite.
    public func probabilityMap(
        input: UnsafeBufferPointer<Float>, batch: Int, height: Int, width: Int,
        output: UnsafeMutableBufferPointer<Float>
    ) throws {
        precondition(height % 32 == 0 && width % 32 == 0, "a detector takes sizes that are multiples of 32")
        try InferenceError.naming(path) {
            try engine.run(input: input, shape: TensorShape(batch, 3, height, width), output: output)
        }
        // Infinities and what is no number have the largest exponent; integers are compared many at a time.
        let largest = output.reduce(0) { max($0, $1.bitPattern & 0x7FFF_FFFF) }
        guard largest >= Float.infinity.bitPattern else { return }
        let index = output.firstIndex { !$0.isFinite } ?? 0
        throw DetectorError(
            diagnosis: Diagnosis(
                .badData, "the network's map is not finite", path: path,
                place: "(\(index % width),\(index / width % height))", found: "\(output[index])",
                nextStep: "the weights overflow: use another checkpoint of the training run"))
    }

    /// Runs the network on one image and tells what each step took, the steps in the order they ran.
    ///
    /// - Parameter input: (1,3,H,W) as `probabilityMap` takes it; a first run compiles and is not measured.
    public func profile(input: UnsafeBufferPointer<Float>, height: Int, width: Int) throws -> [StepTiming] {
        var output = [Float](repeating: 0, count: height * width)
        return try output.withUnsafeMutableBufferPointer { output in
            let shape = TensorShape(1, 3, height, width)
            return try InferenceError.naming(path) {
                try engine.run(input: input, shape: shape, output: output)
                return try engine.profile(input: input, shape: shape, output: output)
            }
        }
    }
}
