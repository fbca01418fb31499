import Core
import Dataset

/// What a metric punishes in one image: truth boxes and detections by their places among the image's words.
///
/// There are as many of each kind as the `ImageScore` of the same boxes counts.
public struct ImageErrors: Sendable, Hashable {
    /// A box and those that it is matched with.
    public struct Group: Sendable, Hashable {
        /// The box's place among its words.
        public let index: Int
        /// The others' places among theirs, ascending, two or more.
        public let matches: [Int]
    }

    /// Truth boxes without a match, ascending.
    public let missed: [Int]
    /// Detections without a match, ascending.
    public let falsePositives: [Int]
    /// Truth boxes that several detections match, each with those, ascending; none for `iou`.
    public let splits: [Group]
    /// Detections that match several truth boxes, each with those, ascending; none for `iou`.
    public let merges: [Group]

    /// - Parameter places: where the matching's truth boxes stand among the image's words.
    init(_ matching: Matching, _ places: [Int]) {
        var detections: [Int: [Int]] = [:]
        var truth: [Int: [Int]] = [:]
        for pair in matching.pairs {
            detections[pair.truth, default: []].append(pair.detection)
            truth[pair.detection, default: []].append(places[pair.truth])
        }
        missed = matching.truth.filter { detections[$0] == nil }.map { places[$0] }
        falsePositives = matching.detections.filter { truth[$0] == nil }
        splits = matching.truth.compactMap { box in
            detections[box].flatMap { $0.count > 1 ? Group(index: places[box], matches: $0.sorted()) : nil }
        }
        merges = matching.detections.compactMap { detection in
            truth[detection].flatMap { $0.count > 1 ? Group(index: detection, matches: $0.sorted()) : nil }
        }
    }
}

/// Names what the metric punishes in a file of predictions, image by image in the truth's order.
///
/// An image that the predictions lack counts as one without detections.
///
/// - Parameter width: how many images are looked at side by side.
/// - Throws: `MetricsError` (78) where an option makes no sense; `CancellationError`.
public func errors(
    truth: AnnotationSet, predictions: AnnotationSet, options: ScoringOptions, width: Int
) async throws -> [ImageErrors] {
    try options.validate()
    return try await parallelMap(truth.images, width: width) { _, image in
        ImageTruth(image, options: options).pairs(with: predictions[image.name]?.words ?? []).errors()
    }
}
