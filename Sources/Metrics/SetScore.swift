import Core
import Dataset

/// A whole file's score: each image's, their means, and the figures pooled from their counts.
public struct SetScore: Sendable {
    /// The images of the truth, in its order.
    public var images: [(name: String, score: ImageScore)]
    /// The means over images of recall, precision and H-mean: in single precision for the leaderboard, as NumPy has it.
    /// Zero without images.
    public var mean: Rates
    /// Recall, precision and H-mean of the summed counts.
    public var pooled: Rates
    /// The summed counts.
    public var counts: ImageScore.Counts
    /// Images of the predictions that the truth does not name; they do not count.
    public var unknownImages: [String] = []
    /// Images of the truth that the predictions do not name; they count as images without detections.
    public var missingImages: [String] = []

    /// Gathers images' scores.
    public init(images: [(name: String, score: ImageScore)], options: ScoringOptions) {
        self.images = images
        counts = images.reduce(ImageScore.Counts()) { $0 + $1.score.counts }
        pooled = counts.rates(options.metric)
        mean = Self.mean(images.map(\.score.rates), options.metric)
    }

    /// The means of some images' figures, as `mean` has them; for sweeps that keep figures rather than scores.
    public static func mean(_ rates: [Rates], _ metric: MetricKind) -> Rates {
        guard !rates.isEmpty else { return .zero }
        func mean(_ figure: (Rates) -> Double) -> Double {
            guard metric == .clevalLeaderboard else { return rates.reduce(0) { $0 + figure($1) } / Double(rates.count) }
            let figures = rates.map { Float(figure($0)) }
            return Double(pairwiseSum(figures[...]) / Float(figures.count))
        }
        return Rates(recall: mean(\.recall), precision: mean(\.precision), hmean: mean(\.hmean))
    }

    /// NumPy's sum of contiguous single-precision numbers: eight running sums up to 128 numbers, halves above.
    private static func pairwiseSum(_ values: ArraySlice<Float>) -> Float {
        guard values.count >= 8 else { return values.reduce(0, +) }
        if values.count > 128 {
            let half = values.count / 2
            let middle = values.startIndex + half - half % 8
            return pairwiseSum(values[..<middle]) + pairwiseSum(values[middle...])
        }
        var sums = SIMD8<Float>(repeating: 0)
        let end = values.endIndex - values.count % 8
        for start in stride(from: values.startIndex, to: end, by: 8) {
            for lane in 0..<8 { sums[lane] += values[start + lane] }
        }
        let sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        return values[end...].reduce(sum, +)
    }
}

/// Scores a file of predictions against the truth.
///
/// An image that the predictions lack counts as one without detections. Predictions for images that the truth does not
/// name are listed and do not count.
///
/// - Parameter width: how many images are scored side by side.
/// - Throws: `MetricsError` (65) where the truth has no images or the predictions name none of them, (78) where an option
///   makes no sense; `CancellationError`.
public func scoreSet(
    truth: AnnotationSet, predictions: AnnotationSet, options: ScoringOptions, width: Int
) async throws -> SetScore {
    try options.validate()
    guard !truth.images.isEmpty else { throw MetricsError.noImages() }
    let unknown = predictions.images.map(\.name).filter { truth[$0] == nil }
    guard unknown.count < predictions.images.count else {
        throw MetricsError.nothingInCommon(truth: truth.images.map(\.name), predictions: unknown)
    }
    let scores = try await parallelMap(truth.images, width: width) { _, image in
        ImageTruth(image, options: options).score(predictions[image.name]?.words ?? [])
    }
    var result = SetScore(images: Array(zip(truth.images.map(\.name), scores)), options: options)
    result.unknownImages = unknown
    result.missingImages = truth.images.map(\.name).filter { predictions[$0] == nil }
    return result
}
