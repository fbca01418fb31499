import Dataset

/// A part of a file's score: that of some of its images, or of some of its truth boxes.
public struct ScorePart: Sendable {
    /// What the part holds, for people, such as "0.005 … 0.01".
    public let name: String
    /// Its images with truth boxes that count in the part, all means over these alone.
    public let score: SetScore
}

/// Scores a file by the size of its truth boxes, as the package `cleval` does with `SCALE_WISE`: once for each of
/// `ScaleBins`, the truth boxes outside it kept out of the count like don't-cares.
///
/// A detection without a match counts in every bin that does not hide it. The pooled figures are those of all images, as
/// in the package, which has no others; the mean is that of the images with truth boxes in the bin.
///
/// - Parameter truth: images with their sizes; the scale of a box is its shorter side over the image's longer one.
/// - Throws: `MetricsError` (65) where an image has no size, (78) where the metric is not CLEval; as `scoreSet` does.
public func scoreScaleWise(
    truth: AnnotationSet, predictions: AnnotationSet, options: ScoringOptions, width: Int
) async throws -> [ScorePart] {
    guard options.metric.isCLEval else {
        throw MetricsError.option(
            "scaleRange", found: "metric \(options.metric.rawValue)", expected: "metric leaderboard or upstream")
    }
    for image in truth.images where (image.width ?? 0) < 1 || (image.height ?? 0) < 1 {
        throw MetricsError.noSize(image.name)
    }
    var parts: [ScorePart] = []
    for range in ScaleBins.ranges {
        var options = options
        options.scaleRange = range
        let all = try await scoreSet(truth: truth, predictions: predictions, options: options, width: width)
        var score = SetScore(images: all.images.filter { $0.score.truthBoxes > 0 }, options: options)
        score.pooled = all.pooled
        score.counts = all.counts
        parts.append(ScorePart(name: "\(range.lowerBound) … \(range.upperBound)", score: score))
    }
    return parts
}
