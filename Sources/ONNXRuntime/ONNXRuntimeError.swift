import Core

/// The error type of `ONNXRuntime`: no library, another library, or one that refuses the network.
public struct ONNXRuntimeError: DiagnosedError {
    /// What, where, found, expected, and what to do.
    public let diagnosis: Diagnosis

    /// What to do where there is no library to load.
    static let advice =
        "pip download --no-deps onnxruntime (onnxruntime-gpu for a GPU), unzip the wheel, and name its "
        + "onnxruntime/capi/libonnxruntime.so.* with --onnxruntime or \(ONNXRuntimeLibrary.environmentKey)"

    /// Neither flag nor environment names a library, and the loader knows none.
    static func missing(_ names: [String]) -> ONNXRuntimeError {
        ONNXRuntimeError(
            diagnosis: Diagnosis(
                .noInput, "ONNX Runtime is not installed",
                found: "no \(names.joined(separator: ", no ")) in the loader's folders, no "
                    + ONNXRuntimeLibrary.environmentKey,
                expected: expected, nextStep: advice))
    }

    /// The library that was named is not there.
    static func missing(path: String, named place: String) -> ONNXRuntimeError {
        ONNXRuntimeError(
            diagnosis: Diagnosis(
                .noInput, "no such library (named by \(place))", path: path, expected: expected, nextStep: advice))
    }

    /// The file cannot be loaded, is another library, or is too old.
    static func unusable(_ what: String, path: String, found: String) -> ONNXRuntimeError {
        ONNXRuntimeError(
            diagnosis: Diagnosis(.badData, what, path: path, found: found, expected: expected, nextStep: advice))
    }

    /// ONNX Runtime refused the model or a run.
    static func refused(_ what: String, path: String, message: String, nextStep: String) -> ONNXRuntimeError {
        ONNXRuntimeError(diagnosis: Diagnosis(.failure, what, path: path, found: message, nextStep: nextStep))
    }

    private static let expected = "ONNX Runtime's shared library, 1.14 or newer"
}
