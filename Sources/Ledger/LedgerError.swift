import Core

/// The error type of `Ledger`.
public struct LedgerError: DiagnosedError {
    /// What, where, found, expected, next step.
    public let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    /// A file or an entry that says what cannot be.
    static func badData(
        _ what: String, path: String? = nil, place: String? = nil, found: String? = nil, expected: String? = nil,
        nextStep: String? = nil
    ) -> LedgerError {
        LedgerError(
            Diagnosis(.badData, what, path: path, place: place, found: found, expected: expected, nextStep: nextStep))
    }
}
