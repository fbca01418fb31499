import Core

/// The error type of `Sweep`.
public struct SweepError: DiagnosedError {
    /// What, where, found, expected, next step.
    public let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    /// A configuration that says what cannot be.
    static func configuration(
        _ what: String, path: String? = nil, place: String? = nil, found: String? = nil, expected: String? = nil,
        nextStep: String? = nil
    ) -> SweepError {
        SweepError(
            Diagnosis(
                .configuration, what, path: path, place: place, found: found, expected: expected, nextStep: nextStep))
    }

    /// Files that do not go together.
    static func badData(
        _ what: String, path: String? = nil, place: String? = nil, found: String? = nil, expected: String? = nil,
        nextStep: String? = nil
    ) -> SweepError {
        SweepError(
            Diagnosis(.badData, what, path: path, place: place, found: found, expected: expected, nextStep: nextStep))
    }
}
