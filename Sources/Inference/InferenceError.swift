import Core

/// The error type of `Inference`: graphs, weights and engines that do not fit together.
public struct InferenceError: DiagnosedError {
    /// What, where, found, expected, and what to do.
    public let diagnosis: Diagnosis

    /// Wraps a diagnosis.
    public init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    /// Runs `body`; its errors of this type name the file `path`, which the weights come from.
    public static func naming<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as InferenceError {
            var diagnosis = error.diagnosis
            diagnosis.path = diagnosis.path ?? path
            throw InferenceError(diagnosis)
        }
    }

    /// A layer's input has a shape that its operation cannot take.
    static func shape(_ what: String, label: String, found: String, expected: String) -> InferenceError {
        InferenceError(Diagnosis(.badData, what, place: label, found: found, expected: expected))
    }

    /// A weight has another shape than its layer needs.
    static func weightShape(_ name: String, label: String, found: [Int], expected: String) -> InferenceError {
        InferenceError(
            Diagnosis(
                .badData, "weight of layer \(label) has the wrong shape", place: name, found: text(found),
                expected: expected, nextStep: "check that the checkpoint belongs to this architecture"))
    }

    /// A weight, or a weight with its batch norm folded in, is infinite or not a number.
    static func notFinite(_ name: String, index: Int, value: Float) -> InferenceError {
        InferenceError(
            Diagnosis(
                .badData, "weight is not finite", place: name, found: "\(value) at element \(index)",
                expected: "finite numbers",
                nextStep: "use another checkpoint of the run, saved in fp32: batch norm variances overflow fp16"))
    }

    /// A layer's values leave the range of Float32.
    static func overflow(label: String) -> InferenceError {
        InferenceError(
            Diagnosis(
                .badData, "the network overflows", place: "layer \(label)", found: "values beyond 3.4e38",
                expected: "finite numbers", nextStep: "use another checkpoint of the training run"))
    }

    /// This machine or engine cannot compute in the precision asked for.
    static func precision(_ precision: EngineOptions.Precision, found: String) -> InferenceError {
        InferenceError(
            Diagnosis(
                .usage, "no \(precision.rawValue) arithmetic here", found: found,
                expected:
                    "engine onednn on a processor with \(precision == .int8 ? "AVX512-VNNI" : "AVX512-BF16")",
                nextStep: "use precision fp32\(precision == .bf16 ? ", or int8 where there is AVX512-VNNI" : "")"))
    }

    /// int8 without ranges.
    static var noCalibration: InferenceError {
        InferenceError(
            Diagnosis(
                .usage, "int8 needs the ranges of the network's maps", found: "no calibration",
                expected: "a file of `submit calibrate`, of this checkpoint",
                nextStep: "run `submit calibrate` on a few images and name its file by --calibration"))
    }

    /// The kernels' library refused a step.
    static func library(_ what: String, label: String?, message: String) -> InferenceError {
        InferenceError(
            Diagnosis(.failure, what, place: label, found: message, nextStep: "run with another engine, such as blas"))
    }

    /// `2x3x4` for a weight's shape.
    static func text(_ shape: [Int]) -> String {
        shape.map(String.init).joined(separator: "x")
    }
}
