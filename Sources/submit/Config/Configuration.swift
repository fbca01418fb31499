import Augmentation
import Core
import Foundation
import Inference
import PostProc

/// The effective settings of a command: defaults < configuration file < dotted override < named flag.
struct Configuration: Sendable, Equatable {
    var postprocess = PostProcOptions()
    /// Unclip ratios a form; which one holds depends on `use_polygon`.
    var boxUnclipRatio = 1.5
    var polygonUnclipRatio = 2.0
    var size = 960
    var batch = 1
    /// 0 is the machine's cores.
    var threads = 0
    var precision = EngineOptions.Precision.fp32
    var engine = NetworkEngine.own(.fastest)
    /// The library of the engine onnxruntime, empty where the environment or the loader names it.
    var onnxruntime = ""
    /// What onnxruntime runs on, empty for the processor.
    var executionProvider = ""
    /// The ranges of int8, empty where they stand beside the checkpoint.
    var calibration = ""
    var architecture = ""
    var tta: [View] = []

    /// Threads, with 0 taken for the machine's cores.
    var resolvedThreads: Int { threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount }

    /// The post-processing options with the unclip ratio of the chosen form.
    var resolvedPostprocess: PostProcOptions {
        var options = postprocess
        options.unclipRatio = options.usePolygon ? polygonUnclipRatio : boxUnclipRatio
        return options
    }
}

/// One key of the configuration: its name, what it means, how it is read and shown.
struct ConfigurationKey: Sendable {
    let name: String
    /// Other spellings: the ones that Hydra configs of this family use, and the short one.
    let aliases: [String]
    let help: String
    /// What a value must be, for messages.
    let expected: String
    let get: @Sendable (Configuration) -> String
    /// Sets the value; false where the text is none. May throw an error that says more.
    let set: @Sendable (inout Configuration, String) throws -> Bool

    var section: String { String(name.prefix { $0 != "." }) }
    var leaf: String { String(name.drop { $0 != "." }.dropFirst()) }

    /// All keys, in the order of configs/default.yaml.
    static let all: [ConfigurationKey] = [
        postprocess(
            "thresh", "binarization threshold: a pixel is text where its probability is above", unit,
            \.postprocess.thresh),
        postprocess(
            "box_thresh", "box threshold: a candidate stays where its score is not below", unit, \.postprocess.boxThresh
        ),
        ConfigurationKey(
            "postprocess.max_candidates", aliases: aliases("max_candidates"),
            "contours considered, in contour order (bottom to top), before any filter", "a whole number from 0",
            { String($0.postprocess.maxCandidates) },
            { assign(Int($1), to: &$0.postprocess.maxCandidates) { $0 >= 0 } }),
        ConfigurationKey(
            "postprocess.use_polygon", aliases: aliases("use_polygon"), "polygons instead of quads", "true or false",
            { String($0.postprocess.usePolygon) }, { assign(boolean($1), to: &$0.postprocess.usePolygon) { _ in true } }
        ),
        postprocess("box_unclip_ratio", "unclip ratio of quads", positive, \.boxUnclipRatio),
        postprocess("polygon_unclip_ratio", "unclip ratio of polygons", positive, \.polygonUnclipRatio),
        postprocess(
            "min_size", "shortest side of a quad before unclip, in map pixels; 2 more after it", positive,
            \.postprocess.minSize),
        ConfigurationKey(
            "postprocess.clip_to_image", "clip coordinates to the image (the public baseline does not)",
            "true or false",
            { String($0.postprocess.clipToImage) },
            { assign(boolean($1), to: &$0.postprocess.clipToImage) { _ in true } }),
        ConfigurationKey(
            "predict.size", "side of the square network input, in pixels", "a multiple of 32 from 32 to 8192",
            { String($0.size) }, { assign(Int($1), to: &$0.size) { $0 % 32 == 0 && (32...8192).contains($0) } }),
        ConfigurationKey(
            "predict.batch", "images a forward pass", "a whole number from 1 to 64",
            { String($0.batch) }, { assign(Int($1), to: &$0.batch) { (1...64).contains($0) } }),
        ConfigurationKey(
            "predict.threads", "threads, 0 for the machine's cores", "a whole number from 0 to 1024",
            { String($0.threads) }, { assign(Int($1), to: &$0.threads) { (0...1024).contains($0) } }),
        ConfigurationKey(
            "predict.engine", "what runs the network; blas is portable, reference plain and slow",
            "onednn, blas, reference or onnxruntime",
            { $0.engine.rawValue }, { assign(NetworkEngine(rawValue: $1), to: &$0.engine) { _ in true } }),
        ConfigurationKey(
            "predict.onnxruntime", "ONNX Runtime's library; empty takes SUBMIT_ONNXRUNTIME, then the system's",
            "the path of a libonnxruntime.so", { $0.onnxruntime }, { assign($1, to: &$0.onnxruntime) { _ in true } }),
        ConfigurationKey(
            "predict.execution_provider", "what onnxruntime runs on; empty is the processor",
            "cuda, tensorrt or another provider's name",
            { $0.executionProvider }, { assign($1, to: &$0.executionProvider) { _ in true } }),
        ConfigurationKey(
            "predict.precision",
            "the network's arithmetic; bf16 needs AVX512-BF16, int8 AVX512-VNNI; both are faster and round",
            "fp32, bf16 or int8",
            { $0.precision.rawValue },
            { assign(EngineOptions.Precision(rawValue: $1), to: &$0.precision) { _ in true } }),
        ConfigurationKey(
            "predict.calibration", "the ranges of int8, as submit calibrate writes them; empty is CHECKPOINT.int8.json",
            "the path of a calibration", { $0.calibration }, { assign($1, to: &$0.calibration) { _ in true } }),
        ConfigurationKey(
            "predict.architecture", aliases: ["models.encoder.model_name"],
            "backbone, such as tf_efficientnet_b4; empty recognises it from the checkpoint", "a backbone's timm name",
            { $0.architecture }, { assign($1, to: &$0.architecture) { _ in true } }),
        ConfigurationKey(
            "predict.tta", "views averaged with the plain one", View.expected,
            { $0.tta.map(\.name).joined(separator: ",") }, { assign(try View.list($1), to: &$0.tta) { _ in true } }),
    ]

    init(
        _ name: String, aliases: [String] = [], _ help: String, _ expected: String,
        _ get: @escaping @Sendable (Configuration) -> String,
        _ set: @escaping @Sendable (inout Configuration, String) throws -> Bool
    ) {
        self.name = name
        self.aliases = aliases
        self.help = help
        self.expected = expected
        self.get = get
        self.set = set
    }

    private struct Range: Sendable {
        let text: String
        let contains: @Sendable (Double) -> Bool
    }

    private static let unit = Range(text: "a number from 0 to 1") { (0...1).contains($0) }
    private static let positive = Range(text: "a number above 0") { $0 > 0 && $0.isFinite }

    private static func postprocess(
        _ leaf: String, _ help: String, _ range: Range, _ path: WritableKeyPath<Configuration, Double> & Sendable
    ) -> ConfigurationKey {
        ConfigurationKey(
            "postprocess." + leaf, aliases: aliases(leaf), help, range.text,
            { "\($0[keyPath: path])" }, { assign(Double($1), to: &$0[keyPath: path], where: range.contains) })
    }

    private static func aliases(_ leaf: String) -> [String] {
        ["models.head.postprocess." + leaf, leaf]
    }

    private static func assign<Value>(_ value: Value?, to target: inout Value, where isValid: (Value) -> Bool) -> Bool {
        guard let value, isValid(value) else { return false }
        target = value
        return true
    }

    private static func boolean(_ text: String) -> Bool? {
        ["true": true, "false": false][text.lowercased()]
    }
}
