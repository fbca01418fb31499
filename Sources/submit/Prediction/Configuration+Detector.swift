import Backbone
import Checkpoint
import Core
import DBHead
import Inference
import ONNXRuntime

extension Configuration {
    /// The backbone that the settings name; nil recognises it.
    var backbone: BackboneArchitecture? {
        get throws {
            let name = try HydraModelConfig.backboneName(from: architecture)
            return name.isEmpty ? nil : try Architecture.backbone(named: name)
        }
    }

    /// The checkpoint's network, on the engine and with the backbone that the settings name.
    func detector(for checkpoint: Checkpoint) throws -> TextDetector {
        switch engine {
        case .own(let backend):
            return try TextDetector(
                checkpoint: checkpoint, backbone: backbone,
                options: EngineOptions(backend: backend, precision: precision, threads: resolvedThreads))
        case .onnxRuntime:
            guard precision == .fp32 else {
                throw CommandError(
                    Diagnosis(
                        .usage, "no \(precision.rawValue) arithmetic here", found: "engine onnxruntime",
                        expected: "engine onednn", nextStep: "use precision fp32"))
            }
            let library = try ONNXRuntimeLibrary(path: onnxruntime)
            let provider = executionProvider.isEmpty ? nil : executionProvider
            return try TextDetector(network: DetectorNetwork(checkpoint: checkpoint, backbone: backbone)) {
                try Engine(graph: $0, weights: $1, library: library, provider: provider, threads: resolvedThreads)
            }
        }
    }

    /// What maps record of how they were computed.
    var arithmetic: String {
        "\(precision.rawValue) \(engine.rawValue)"
            + (engine == .onnxRuntime && !executionProvider.isEmpty ? " \(executionProvider)" : "")
    }
}
