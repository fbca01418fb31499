import ArgumentParser
import Checkpoint
import Core
import DBHead
import Foundation
import Inference
import ONNX

/// Checkpoint -> ONNX file.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a checkpoint's network as an ONNX file, for other engines.",
        discussion: """
            From `input` (N,3,H,W), normalised as in training, to the probability map `output` (N,1,H,W). Batch, \
            height and width are free, H and W multiples of 32; --size fixes them, for engines that want that. Batch \
            norms are folded in. predict --engine onnxruntime needs no such file.

            Examples:
              submit export fold0.ckpt --output fold0.onnx
              submit export fold0.ckpt --output fold0.onnx --size 960x1280
            """)

    @Argument(help: "PyTorch (.ckpt, .pth, .pt) or .safetensors file.")
    var checkpoint: String

    @Option(name: .shortAndLong, help: ArgumentHelp("ONNX file to write.", valueName: "file"))
    var output: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Height and width of the one input that it takes, with batch 1, multiples of 32 (default: all free).",
            valueName: "HxW"))
    var size: InputSize?

    @Option(
        name: .long,
        help: "Backbone, such as tf_efficientnet_b4, or a Hydra model config that names it (default: recognised).")
    var architecture = ""

    @Flag(name: .shortAndLong, help: "No notes; errors only.")
    var quiet = false

    @Flag(name: .long, help: "Replace the file where it exists.")
    var force = false

    func run() throws {
        let name = try HydraModelConfig.backboneName(from: architecture)
        let backbone = name.isEmpty ? nil : try Architecture.backbone(named: name)
        let checkpoint = try Checkpoint(path: checkpoint)
        let network = try DetectorNetwork(checkpoint: checkpoint, backbone: backbone)
        for note in network.architecture.notes { Terminal.note(note, quiet: quiet) }
        let model = try InferenceError.naming(checkpoint.path) {
            try ONNXModel(
                graph: network.graph, weights: network.weights, size: size.map { ($0.height, $0.width) },
                metadata: [
                    "architecture": network.architecture.description, "checkpoint_sha256": checkpoint.sha256,
                    "preprocessing": "letterbox, imagenet",
                ])
        }
        try model.bytes.withUnsafeBytes { try AtomicFile.write($0, to: output, overwrite: force) }
        Terminal.say("\(output): \(network.architecture.description), \(model.bytes.count) bytes", quiet: quiet)
    }
}

/// `960`, a square, or `960x1280`, height by width.
struct InputSize: ExpressibleByArgument {
    let height: Int
    let width: Int

    init?(argument: String) {
        let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard let height = parts[0], let width = parts[parts.count - 1], parts.count <= 2,
            [height, width].allSatisfy({ $0 % 32 == 0 && (32...8192).contains($0) })
        else { return nil }
        self.height = height
        self.width = width
    }
}
