import Core

/// The error type of `ONNX`: a network that its file format cannot hold.
public struct ONNXError: DiagnosedError {
    /// What, where, found, expected, and what to do.
    public let diagnosis: Diagnosis

    /// The model's bytes pass what protocol buffers can hold.
    static func tooLarge(_ count: Int, limit: Int) -> ONNXError {
        ONNXError(
            diagnosis: Diagnosis(
                .badData, "the network is too large for one ONNX file", found: "\(count) bytes",
                expected: "at most \(limit) bytes", nextStep: "run it with another engine, such as onednn"))
    }
}
