import ArgumentParser

/// Flags of the engine onnxruntime.
struct ONNXRuntimeFlags: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "ONNX Runtime's libonnxruntime.so, 1.14 or newer (default: $SUBMIT_ONNXRUNTIME, then the system's).",
            valueName: "file"))
    var onnxruntime: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What onnxruntime runs on: cuda, tensorrt or another provider's name (default: the processor).",
            valueName: "name"))
    var executionProvider: String?

    /// Sets what was named.
    ///
    /// - Throws: `ValidationError` where something was and another engine runs the network.
    func apply(to settings: inout Configuration) throws {
        for (flag, key, value) in [
            ("--onnxruntime", "predict.onnxruntime", onnxruntime),
            ("--execution-provider", "predict.execution_provider", executionProvider),
        ] {
            guard let value else { continue }
            guard settings.engine == .onnxRuntime else {
                throw ValidationError("\(flag) is for --engine onnxruntime, not \(settings.engine.rawValue)")
            }
            try settings.apply(flag: flag, key: key, value)
        }
    }
}
