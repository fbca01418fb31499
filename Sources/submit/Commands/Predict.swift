import ArgumentParser
import Augmentation
import Checkpoint
import Core
import DBHead
import Foundation
import Imaging
import Inference
import Maps

/// Checkpoint(s) + images -> map store: the only command that runs the network.
struct Predict: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the network over images and keep the probability maps.",
        discussion: """
            Killed at any moment and started again, it finishes the rest. The architecture is recognised from the \
            checkpoint's names and shapes. With several checkpoints, each gets a folder of its name inside --maps.

            Examples:
              submit predict --checkpoint fold0.ckpt --images val --maps maps/val/fold0
              submit predict --checkpoint fold*.ckpt --images test --maps maps/test \\
                --size 1024 --tta hflip,scale:0.8,hflip*scale:1.2
              submit predict --checkpoint fold0.ckpt --images val \\
                --precision bf16 --check-precision --truth val.json
              submit predict --checkpoint fold0.ckpt --images val --maps maps/val/fold0 \\
                --engine onnxruntime --onnxruntime lib/libonnxruntime.so
            """)

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("PyTorch (.ckpt, .pth, .pt) or .safetensors files.", valueName: "files"))
    var checkpoint: [String]

    @Option(name: .long, help: ArgumentHelp("Folder of JPEG and PNG images.", valueName: "folder"))
    var images: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Map store to write; made where missing. --check-precision and --profile write none.", valueName: "folder"))
    var maps: String?

    @Option(name: .long, help: "Side of the square network input, a multiple of 32 (default: 960).")
    var size: Int?

    @Option(name: .long, help: "Images a forward pass (default: 1).")
    var batch: Int?

    @Option(name: .long, help: "onednn, blas, reference or onnxruntime (default: onednn).")
    var engine: String?

    @Option(name: .long, help: "fp32, or bf16 or int8: faster, where the processor has them (default: fp32).")
    var precision: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Ranges for int8, as submit calibrate writes them (default: CHECKPOINT.int8.json).", valueName: "file"))
    var calibration: String?

    @OptionGroup var runtime: ONNXRuntimeFlags

    @Option(
        name: .long,
        help: "Backbone, such as tf_efficientnet_b4, or a Hydra model config that names it (default: recognised).")
    var architecture: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            """
            Views averaged with the plain one, by comma: hflip, vflip, rot90, rot180, rot270, scale:0.8 (0.25 to 4), \
            and products such as hflip*scale:1.2. A forward pass each.
            """, valueName: "views"))
    var tta: String?

    @Flag(name: .long, help: "Time each layer on the first image, print a table, and stop.")
    var profile = false

    @Flag(
        name: .long,
        help: "Run the images in fp32 too, print what the precision changes in maps, boxes and score, and stop.")
    var checkPrecision = false

    @Option(name: .long, help: ArgumentHelp("Ground truth, for --check-precision.", valueName: "file"))
    var truth: String?

    @Option(name: .long, help: "What stdout carries of --check-precision; JSON is one document for all checkpoints.")
    var format = Form.table

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Flag(name: .long, help: "Print the resolved configuration, counts and paths, and stop.")
    var dryRun = false

    @OptionGroup var configuration: ConfigOptions
    @OptionGroup var common: CommonFlags

    func run() async throws {
        let settings = try resolved()
        let folder = try ImageFolder(path: images)
        for path in folder.ignored { Terminal.note("not an image file, left out: \(path)", quiet: common.quiet) }
        let targets = try targets()
        if dryRun {
            try Output.print(settings.yaml)
            for (path, store) in targets { try Output.print("# \(path) x \(folder.names.count) images -> \(store)") }
            return
        }
        if checkPrecision {
            var tables: [PrecisionTable] = []
            for (path, _) in targets {
                let check = PrecisionCheck(
                    checkpointPath: path, folder: folder, truth: truth, settings: settings, quiet: common.quiet)
                let table = try await check.run()
                if format == .table { try Output.print(table.text) }
                tables.append(table)
            }
            if format == .json { try Output.print(PrecisionTable.json(tables).text(indent: 2)) }
            return
        }
        if profile {
            for (path, _) in targets {
                try Output.print(try ProfileTable(path, image: folder.path(of: folder.names[0]), settings).text)
            }
            return
        }
        var failures = 0
        for (path, store) in targets {
            failures += try await PredictionRun(
                checkpointPath: path, folder: folder, storePath: store, settings: settings, quiet: common.quiet
            ).run()
        }
        if failures > 0 {
            throw CommandError(
                Diagnosis(
                    .badData, "\(failures) images failed and have no map; the others are kept", path: images,
                    nextStep: "mend or remove the images named above and run the same command again"))
        }
    }

    func validate() throws {
        if maps == nil, !checkPrecision, !profile { throw ValidationError("--maps names the store to write") }
        if truth != nil, !checkPrecision { throw ValidationError("--truth is for --check-precision") }
        if format != .table, !checkPrecision { throw ValidationError("--format is for --check-precision") }
        if checkPrecision, profile { throw ValidationError("--check-precision and --profile exclude each other") }
    }

    private func resolved() throws -> Configuration {
        var settings = try configuration.load()
        func set(_ key: String, _ value: (some CustomStringConvertible)?) throws {
            if let value { try settings.apply(flag: "--\(key)", key: "predict.\(key)", "\(value)") }
        }
        try set("size", size)
        try set("batch", batch)
        try set("engine", engine)
        try set("precision", precision)
        try set("calibration", calibration)
        try runtime.apply(to: &settings)
        try set("architecture", architecture)
        try set("tta", tta)
        try set("threads", common.threads)
        try View.check(settings.tta, size: settings.size)
        return settings
    }

    /// Each checkpoint with the store it fills.
    private func targets() throws -> [(String, String)] {
        guard let maps, checkpoint.count > 1 else { return checkpoint.map { ($0, maps ?? "no store") } }
        let targets = checkpoint.map { path in
            let name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
            return (path, (maps as NSString).appendingPathComponent(name))
        }
        if Set(targets.map(\.1)).count < targets.count {
            throw ValidationError("two checkpoints have the same file name, so their maps would share a folder")
        }
        return targets
    }
}
