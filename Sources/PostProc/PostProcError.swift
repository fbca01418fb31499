import Core

/// The error type of `PostProc`.
public struct PostProcError: DiagnosedError {
    /// What went wrong, where, and what to do about it.
    public let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    static func option(_ name: String, found: String, expected: String, nextStep: String) -> PostProcError {
        PostProcError(
            Diagnosis(
                .configuration, "post-processing cannot use this value", place: name, found: found,
                expected: expected, nextStep: nextStep))
    }

    static func mapTooLarge(width: Int, height: Int, limit: Int, image: String) -> PostProcError {
        PostProcError(
            Diagnosis(
                .badData, "the probability map is too large", path: image, found: "\(width) x \(height) pixels",
                expected: "sides of at most \(limit) pixels", nextStep: "run the network at a smaller side"))
    }

    static func notFinite(contour: Int, image: String) -> PostProcError {
        PostProcError(
            Diagnosis(
                .badData, "the probability map has values that are no numbers", path: image,
                place: "contour \(contour)", found: "a mean probability that is not finite",
                expected: "probabilities in [0,1]", nextStep: "write the map again with submit predict"))
    }

    static func union(contour: Int, image: String, message: String) -> PostProcError {
        PostProcError(
            Diagnosis(
                .failure, "the polygon clipper failed: \(message)", path: image, place: "contour \(contour)",
                nextStep: "lower unclip_ratio, and report the map as a defect"))
    }
}
