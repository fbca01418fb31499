import Core

/// The error type of the commands themselves.
struct CommandError: DiagnosedError {
    let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }
}
