import Core

/// The error type of `Stacking`: sources, folds and models that do not go together.
public struct StackError: DiagnosedError {
    /// What, where, found, expected, next step.
    public let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    static func badData(
        _ what: String, path: String? = nil, place: String? = nil, found: String? = nil, expected: String? = nil,
        nextStep: String? = nil
    ) -> StackError {
        StackError(
            Diagnosis(.badData, what, path: path, place: place, found: found, expected: expected, nextStep: nextStep))
    }

    /// Nothing to tell apart: all examples of one kind.
    static func oneClass(kept: Bool, count: Int) -> StackError {
        badData(
            "there is nothing to learn: no candidate is to be \(kept ? "dropped" : "kept")",
            found: "\(count) candidates, all of them to be \(kept ? "kept" : "dropped")",
            expected: "candidates of both kinds in the images that train",
            nextStep: kept ? "lower --box-thresh, so that false boxes are among the candidates" : "check the truth")
    }
}
