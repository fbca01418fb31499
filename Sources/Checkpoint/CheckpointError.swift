import Core

/// The error type of `Checkpoint`: which file, which place or tensor, what was found.
public struct CheckpointError: DiagnosedError {
    /// What went wrong, where, and what to do.
    public let diagnosis: Diagnosis

    static func bad(
        _ what: String, path: String, place: String? = nil, found: String? = nil, expected: String? = nil,
        nextStep: String? = "copy or download the checkpoint again; if it stays, re-save its state_dict"
    ) -> CheckpointError {
        CheckpointError(
            diagnosis: Diagnosis(
                .badData, what, path: path, place: place, found: found, expected: expected, nextStep: nextStep))
    }
}
