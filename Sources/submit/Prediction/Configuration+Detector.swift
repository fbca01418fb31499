import Backbone
import Checkpoint
import Core
import DBHead
import Foundation
import Imaging
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

    /// Images that `predict` computes at once, each by as many threads: a second one's memory is little in bytes, and
    /// network passes are short enough there for what runs beside them to show.
    var streams: Int { precision == .int8 && tta.isEmpty && resolvedThreads.isMultiple(of: 2) ? 2 : 1 }

    /// The checkpoint's network, on the engine and with the backbone that the settings name.
    ///
    /// - Parameter streams: calls that are to run at once.
    func detector(for checkpoint: Checkpoint, streams: Int = 1) throws -> TextDetector {
        switch engine {
        case .own(let backend):
            let calibration = try calibration(of: checkpoint)
            let detector = try TextDetector(
                checkpoint: checkpoint, backbone: backbone,
                options: EngineOptions(
                    backend: backend, precision: precision, threads: resolvedThreads, streams: streams,
                    calibration: calibration?.file.calibration, padding: letterboxPadding))
            try calibration?.file.check(checkpointSHA256: checkpoint.sha256, path: calibration?.path ?? "")
            return detector
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

    /// The ranges of int8, where they stand and their SHA-256; nil for other precisions.
    private func calibration(of checkpoint: Checkpoint) throws -> (file: CalibrationFile, path: String, sha256: String)?
    {
        guard precision == .int8 else { return nil }
        let path = calibration.isEmpty ? CalibrationFile.path(besideCheckpoint: checkpoint.path) : calibration
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(
                Diagnosis(
                    .noInput, "int8 needs the ranges of the network's maps", path: path, found: "no file",
                    nextStep: "submit calibrate \(checkpoint.path) --images FOLDER writes it from a few images"))
        }
        let file = try CalibrationFile(contentsOf: path)
        return (file, path, SHA256.hexDigest(of: file.json.text()))
    }

    /// What maps record of how they were computed.
    func arithmetic(of checkpoint: Checkpoint) throws -> String {
        var text = precision.rawValue
        if let calibration = try calibration(of: checkpoint) {
            text += "+\(Engine.arithmeticBesideInt8.rawValue) calibration \(calibration.sha256.prefix(16))"
        }
        text += " \(engine.rawValue)"
        return engine == .onnxRuntime && !executionProvider.isEmpty ? "\(text) \(executionProvider)" : text
    }
}
