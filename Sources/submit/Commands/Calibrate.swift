import ArgumentParser
import Checkpoint
import Core
import DBHead
import Foundation
import Imaging
import Inference

/// Checkpoint(s) + a handful of images -> the ranges that int8 needs.
struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find the ranges of a network's maps, for predict --precision int8.",
        discussion: """
            Runs the network in fp32 over a few images, evenly picked from the folder, and writes the ranges beside \
            the checkpoint, where predict finds them. The images need no labels; take some like those to predict.

            Examples:
              submit calibrate fold0.ckpt --images val
              submit predict --checkpoint fold0.ckpt --images val \\
                --precision int8 --check-precision --truth val.json
            """)

    @Argument(help: ArgumentHelp("PyTorch (.ckpt, .pth, .pt) or .safetensors files.", valueName: "checkpoints"))
    var checkpoint: [String]

    @Option(name: .long, help: ArgumentHelp("Folder of JPEG and PNG images.", valueName: "folder"))
    var images: String

    @Option(name: .long, help: "Images to run.")
    var count = 12

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("File to write, of one checkpoint (default: CHECKPOINT.int8.json).", valueName: "file"))
    var output: String?

    @Option(name: .long, help: "Side of the square network input, a multiple of 32 (default: 960).")
    var size: Int?

    @Option(
        name: .long,
        help: "Backbone, such as tf_efficientnet_b4, or a Hydra model config that names it (default: recognised).")
    var architecture: String?

    @OptionGroup var common: CommonFlags

    func validate() throws {
        guard count > 0 else { throw ValidationError("--count is at least 1") }
        guard output == nil || checkpoint.count == 1 else {
            throw ValidationError("--output names one file; \(checkpoint.count) checkpoints were given")
        }
    }

    func run() throws {
        var settings = Configuration()
        for (flag, value) in [
            ("size", size?.description), ("architecture", architecture),
            ("threads", common.threads?.description),
        ] {
            if let value { try settings.apply(flag: "--\(flag)", key: "predict.\(flag)", value) }
        }
        let folder = try ImageFolder(path: images)
        let taken = min(count, folder.names.count)
        let names = (0..<taken).map { folder.names[$0 * folder.names.count / taken] }
        for path in checkpoint { try calibrate(path, names, folder, settings) }
    }

    private func calibrate(_ path: String, _ names: [String], _ folder: ImageFolder, _ settings: Configuration) throws {
        let checkpoint = try Checkpoint(path: path)
        let network = try DetectorNetwork(checkpoint: checkpoint, backbone: settings.backbone)
        let target = output ?? CalibrationFile.path(besideCheckpoint: path)
        let calibration = try InferenceError.naming(path) {
            let calibrator = try Calibrator(
                graph: network.graph, weights: network.weights, threads: settings.resolvedThreads)
            var progress = Progress("calibrate", total: names.count, quiet: common.quiet)
            defer { progress.finish() }
            for (index, name) in names.enumerated() {
                let side = settings.size
                let canvas = try letterbox(ImageFile.decode(path: folder.path(of: name)), side: side)
                var input = [Float](repeating: 0, count: 3 * side * side)
                input.withUnsafeMutableBufferPointer { normalise(canvas, into: $0) }
                try calibrator.add(input, shape: TensorShape(1, 3, side, side))
                progress.update(index + 1)
            }
            return calibrator.calibration
        }
        let file = CalibrationFile(
            checkpointSHA256: checkpoint.sha256, size: settings.size, images: names, calibration: calibration)
        try AtomicFile.write(file.json.text(indent: 1) + "\n", to: target, overwrite: common.force)
        Terminal.say("\(target): \(calibration.ranges.count) ranges of \(names.count) images", quiet: common.quiet)
    }
}
