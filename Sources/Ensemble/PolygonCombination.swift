import Core
import Dataset

/// Combining several sources: polygons by vote, fusion or suppression, probability maps pixel by pixel.
///
/// Predictions of several sources combined by one method, an image at a time.
///
/// A detection without a score counts as certain, 1: CSV files have none. An image keeps its boxes in the order of the
/// files: they are sorted by the mean of their members' relative places in their images. Each word carries its `votes`
/// for JSON.
public struct PolygonCombination: Sendable {
    /// How the polygons were combined.
    public let method: Method
    /// The number of sources, the most votes that a polygon can have.
    public let sourceCount: Int
    /// How many polygons have 1, 2, … `sourceCount` votes.
    public let histogram: [Int]
    /// For each source, the images that it lacks and others have: there it gives nothing.
    public let missingImages: [[String]]
    /// Groups whose mean or union was asked for but could not be made: their medoid stands.
    public let fallbacks: Int
    let images: [CombinedImage]

    /// Combines `sources`; every number of votes can then be asked for.
    ///
    /// - Parameters:
    ///   - sources: predictions; images are matched by name.
    ///   - weights: one a source, none negative, not all 0; nil leaves suppression's scores as they are, and is 1 each
    ///     else. Suppression takes weight · score divided by the sum of all weights.
    ///   - roundsCorners: whether fused corners are set on whole pixels, halves to even.
    ///   - width: how many images are worked on side by side; the result does not depend on it.
    /// - Throws: `EnsembleError` for no source, options out of range and scores that are no numbers.
    public init(
        sources: [AnnotationSet], method: Method, weights: [Double]? = nil, roundsCorners: Bool = true,
        width: Int = 1
    ) async throws {
        guard !sources.isEmpty else { throw EnsembleError.noSource }
        try method.check()
        try EnsembleError.checkWeights(weights, count: sources.count)
        var seen = Set<String>()
        let names = sources.flatMap(\.images).map(\.name).filter { seen.insert($0).inserted }
        let combined = try await parallelMap(names, width: width) { _, name in
            var detections = try ImageDetections(on: name, of: sources, weights: weights)
            return try detections.combined(by: method, roundsCorners: roundsCorners)
        }
        self.method = method
        images = combined
        sourceCount = sources.count
        histogram = (1...sources.count).map { votes in
            combined.reduce(0) { $0 + $1.groups.count { $0.votes == votes } }
        }
        missingImages = sources.map { source in names.filter { source[$0] == nil } }
        fallbacks = combined.reduce(0) { $0 + $1.groups.count(where: \.fellBack) }
    }

    /// The polygons behind which at least `votes` sources stand; suppression counts one a polygon. Images in the order
    /// of the first source, then those only others have.
    ///
    /// - Throws: `EnsembleError` where `votes` is not from 1 to `sourceCount`.
    public func result(votes: Int = 1) throws -> AnnotationSet {
        guard (1...sourceCount).contains(votes) else {
            throw EnsembleError.option("votes", found: "\(votes)", expected: "a whole number from 1 to \(sourceCount)")
        }
        return AnnotationSet(images.map { $0.annotation(votes: votes) })
    }

    /// How many of the polygons with at least `votes` votes have lost area.
    public func shrinkage(votes: Int = 1) -> Shrinkage {
        images.reduce(Shrinkage()) { $0 + Shrinkage($1.groups.lazy.filter { $0.votes >= votes }) }
    }
}
