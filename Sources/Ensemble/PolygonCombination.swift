import Core
import Dataset
import Geometry

/// Predictions of several sources combined by suppression or fusion, an image at a time.
///
/// A detection without a score counts as 1. An image keeps its boxes in the order of the files, as `PolygonVote` does.
public struct PolygonCombination: Sendable {
    /// How a fused polygon's score follows from its members', by the names of ensemble-boxes' `conf_type`.
    public enum Confidence: String, Sendable, CaseIterable {
        /// The mean, scaled by the share of sources that have a box.
        case average = "avg"
        /// The largest.
        case maximum = "max"
        /// The weighted mean, scaled by the share of the voting sources' weights.
        case boxAndModelAverage = "box_and_model_avg"
        /// The weighted mean in which an absent source counts as 0.
        case absentModelAwareAverage = "absent_model_aware_avg"
    }

    /// The rule.
    public enum Method: Sendable {
        /// Detections that overlap a better one by more than `iou` are dropped.
        case nms(iou: Double)
        /// Soft-NMS: scores fall by 1 - IoU above `iou`; `floor` and below is dropped.
        case softNMSLinear(iou: Double, floor: Double)
        /// Soft-NMS: scores fall by exp(-IoU²/sigma); `floor` and below is dropped.
        case softNMSGaussian(sigma: Double, floor: Double)
        /// Weighted boxes fusion; detections with scores below `skip` are left out.
        case fusion(iou: Double, skip: Double, confidence: Confidence)
    }

    /// The number of sources.
    public let sourceCount: Int
    /// Merged polygons with less than 80% of their members' median area.
    public let shrunken: Int
    /// All merged polygons.
    public let mergedCount: Int
    private let images: [CombinedImage]

    /// Combines `sources`.
    ///
    /// - Parameters:
    ///   - sources: predictions; images are matched by name.
    ///   - weights: one a source; nil leaves suppression's scores as they are, and is 1 each for fusion. Suppression
    ///     takes weight · score divided by the sum of all weights.
    ///   - roundsCorners: whether fused corners are set on whole pixels, halves to even.
    ///   - width: how many images are worked on side by side; the result does not depend on it.
    /// - Throws: `EnsembleError` for no source, options out of range and scores that are no numbers.
    public init(
        sources: [AnnotationSet], method: Method, weights: [Double]? = nil, roundsCorners: Bool = true,
        width: Int = 1
    ) async throws {
        guard !sources.isEmpty else { throw EnsembleError.noSource }
        try Self.check(method)
        let given = weights ?? Array(repeating: 1, count: sources.count)
        try EnsembleError.checkWeights(given, count: sources.count)
        let total = weights == nil ? 1 : given.reduce(0, +)
        var seen = Set<String>()
        let names = sources.flatMap(\.images).map(\.name).filter { seen.insert($0).inserted }
        let combined = try await parallelMap(names, width: width) { _, name in
            let found = sources.map { $0[name] }
            let detections = try Detection.all(on: name, found, weights: given)
            let scores = detections.map { $0.score * $0.weight / total }
            var merged: [MergedPolygon]
            switch method {
            case .nms(let iou):
                merged = PolygonSuppression(iou: iou, decay: .drop, floor: -.infinity)(detections, scores: scores)
            case .softNMSLinear(let iou, let floor):
                merged = PolygonSuppression(iou: iou, decay: .linear, floor: floor)(detections, scores: scores)
            case .softNMSGaussian(let sigma, let floor):
                merged = PolygonSuppression(iou: 0, decay: .gaussian(sigma: sigma), floor: floor)(
                    detections, scores: scores)
            case .fusion(let iou, let skip, let confidence):
                merged = PolygonFusion(iou: iou, skip: skip, confidence: confidence)(detections, weights: given)
                if roundsCorners {
                    for index in merged.indices { merged[index].polygon = merged[index].polygon.rounded }
                }
            }
            return CombinedImage(name: name, sources: found, groups: merged)
        }
        images = combined
        sourceCount = sources.count
        shrunken = combined.reduce(0) { $0 + $1.groups.count(where: \.isShrunken) }
        mergedCount = combined.reduce(0) { $0 + $1.groups.count }
    }

    /// The polygons behind which at least `votes` sources stand; suppression counts one a polygon.
    ///
    /// - Throws: `EnsembleError` where `votes` is not from 1 to `sourceCount`.
    public func result(votes: Int = 1) throws -> AnnotationSet {
        guard (1...sourceCount).contains(votes) else {
            throw EnsembleError.option("votes", found: "\(votes)", expected: "a whole number from 1 to \(sourceCount)")
        }
        return AnnotationSet(images.map { $0.annotation(votes: votes) })
    }

    private static func check(_ method: Method) throws {
        func require(_ holds: Bool, _ name: String, _ value: Double, _ expected: String) throws {
            guard holds else { throw EnsembleError.option(name, found: "\(value)", expected: expected) }
        }
        switch method {
        case .nms(let iou):
            try require(iou > 0 && iou <= 1, "iou", iou, "a number above 0, at most 1")
        case .softNMSLinear(let iou, let floor):
            try require(iou > 0 && iou <= 1, "iou", iou, "a number above 0, at most 1")
            try require(floor >= 0 && floor < 1, "floor", floor, "a number from 0, below 1")
        case .softNMSGaussian(let sigma, let floor):
            try require(sigma > 0 && sigma.isFinite, "sigma", sigma, "a number above 0")
            try require(floor >= 0 && floor < 1, "floor", floor, "a number from 0, below 1")
        case .fusion(let iou, let skip, _):
            try require(iou > 0 && iou <= 1, "iou", iou, "a number above 0, at most 1")
            try require(skip >= 0 && skip <= 1, "skip", skip, "a number from 0 to 1")
        }
    }
}
