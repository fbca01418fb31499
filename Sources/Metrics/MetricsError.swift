import Core

/// The error type of `Metrics`.
public struct MetricsError: DiagnosedError {
    /// What went wrong and what to do.
    public let diagnosis: Diagnosis

    private init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    /// Predictions and truth have no image in common.
    package static func nothingInCommon(truth: [String], predictions: [String]) -> MetricsError {
        func examples(_ names: [String]) -> String {
            names.isEmpty ? "no images" : names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
        }
        return MetricsError(
            Diagnosis(
                .badData, "the predictions name no image of the truth", found: examples(predictions),
                expected: examples(truth),
                nextStep: "check that both files are of the same images, with the same endings"))
    }

    /// The truth has no images.
    static func noImages() -> MetricsError {
        MetricsError(
            Diagnosis(
                .badData, "the truth has no images, so there is nothing to score", nextStep: "check the truth file"))
    }

    /// An image of the truth whose size nobody says.
    static func noSize(_ image: String) -> MetricsError {
        MetricsError(
            Diagnosis(
                .badData, "the truth does not say the image's size", place: image, expected: "img_w and img_h",
                nextStep: "name the images with --images"))
    }

    /// A scoring option that no rule makes sense of.
    static func option(_ name: String, found: String, expected: String) -> MetricsError {
        MetricsError(Diagnosis(.configuration, "bad scoring option", place: name, found: found, expected: expected))
    }
}
