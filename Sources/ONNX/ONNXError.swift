import Core

/// The error type of `ONNX`: a network that its file format cannot hold.
public struct ONNXError: DiagnosedError {
    /// What, where, found, expected, and what to do.
    public let diagnosis: Diagnosis

    /// ONNX has no operator for a step that the engines here make for themselves.
    static func noOperator(_ step: String, label: String) -> ONNXError {
        ONNXError(
            diagnosis: Diagnosis(
                .badData, "ONNX has no operator for a step of this network", place: "layer \(label)", found: step,
                nextStep: "export the graph as the checkpoint has it"))
    }

    /// The model's bytes pass what protocol buffers can hold.
    static func tooLarge(_ count: Int, limit: Int) -> ONNXError {
        ONNXError(
            diagnosis: Diagnosis(
                .badData, "the network is too large for one ONNX file", found: "\(count) bytes",
                expected: "at most \(limit) bytes", nextStep: "run it with another engine, such as onednn"))
    }
}
