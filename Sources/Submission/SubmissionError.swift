import Core

/// The error type of `Submission`: files of annotations that cannot be read or written as asked.
public struct SubmissionError: DiagnosedError {
    /// What, where, found, expected, next step.
    public let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    /// A file whose contents are not what its format says.
    static func badData(
        _ what: String, path: String, place: String? = nil, found: String? = nil, expected: String? = nil,
        nextStep: String? = nil
    ) -> SubmissionError {
        SubmissionError(
            Diagnosis(.badData, what, path: path, place: place, found: found, expected: expected, nextStep: nextStep))
    }

    /// Annotations that a format cannot hold.
    static func cannotHold(_ what: String, image: String, found: String, expected: String, nextStep: String? = nil)
        -> SubmissionError
    {
        SubmissionError(
            Diagnosis(
                .badData, "image \(image.debugDescription): \(what)", found: found, expected: expected,
                nextStep: nextStep))
    }
}
