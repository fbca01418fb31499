import Backbone
import Checkpoint
import Core
import Inference

/// A checkpoint's network: its layers and their weights, for any engine.
public struct DetectorNetwork: Sendable {
    /// What the checkpoint holds.
    public let architecture: Architecture
    /// The layers, from (N,3,H,W) to (N,1,H,W), H and W multiples of 32.
    public let graph: Graph
    /// The checkpoint's tensors, widened to Float32.
    public let weights: any WeightSource
    let path: String

    /// Recognises the architecture.
    ///
    /// - Parameters:
    ///   - checkpoint: the trained weights.
    ///   - backbone: the backbone where it is known; nil recognises it.
    /// - Throws: `DetectorError` where the tensors fit no known network; `CheckpointError` where a weight of the
    ///   threshold branch, which the map does not need, is not finite.
    public init(checkpoint: Checkpoint, backbone: BackboneArchitecture? = nil) throws {
        architecture = try Architecture(recognising: checkpoint, backbone: backbone)
        path = checkpoint.path
        // A threshold branch that is not finite is a training run that came apart.
        for name in architecture.trainingTensors(checkpoint.tensors) { _ = try checkpoint.tensors.floats(name) }
        graph = architecture.network.graph
        weights = StateDictWeights(tensors: checkpoint.tensors)
    }
}

/// A state dict as an engine's weights, widened to Float32.
private struct StateDictWeights: WeightSource {
    let tensors: StateDict

    func release() { tensors.file.releasePages() }

    func weight(_ name: String) throws -> Weight {
        let values = try tensors.floats(name)
        return Weight(shape: tensors[name]?.shape ?? [], values: values)
    }

    func shape(of name: String) throws -> [Int] {
        guard let tensor = tensors[name] else { return try weight(name).shape }
        return tensor.shape
    }
}
