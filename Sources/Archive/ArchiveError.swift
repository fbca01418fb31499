import Core

/// The error type of `Archive`: what is wrong with a zip, and where.
public struct ArchiveError: DiagnosedError {
    /// What went wrong, where, and what to do.
    public let diagnosis: Diagnosis

    static func bad(
        _ what: String, path: String, place: String? = nil, found: String? = nil, expected: String? = nil
    ) -> ArchiveError {
        ArchiveError(
            diagnosis: Diagnosis(
                .badData, "bad zip archive: \(what)", path: path, place: place, found: found, expected: expected,
                nextStep: "copy or download the file again; it may have been cut off on the way"))
    }
}
