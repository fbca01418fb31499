import Dataset
import Geometry

/// All sources' detections on one image, to be combined by one method or by several.
struct ImageDetections {
    private let name: String
    private let images: [ImageAnnotation?]
    private let detections: [Detection]
    private let weights: [Double]
    /// What suppression divides weight · score by.
    private let total: Double
    /// Votes' groups by IoU: those of another representative are the same.
    private var voteGroups: [Double: [[Detection]]] = [:]

    /// What stands for a group: at several IoUs most groups are the same.
    private var shownGroups: [ShownGroup: MergedPolygon] = [:]
    private lazy var overlaps = Overlaps(of: detections)
    private var fusedClusters = FusedClusters()

    /// - Parameter weights: one a source; nil is 1 each, and leaves suppression's scores as they are.
    /// - Throws: `EnsembleError` for a score that is no number.
    init(on name: String, of sources: [AnnotationSet], weights: [Double]?) throws {
        self.name = name
        images = sources.map { $0[name] }
        self.weights = weights ?? Array(repeating: 1, count: sources.count)
        total = weights?.reduce(0, +) ?? 1
        detections = try Detection.all(on: name, images, weights: self.weights)
    }

    /// The polygons by `method`, in the order of the files: by the mean of their members' relative places.
    ///
    /// - Parameter roundsCorners: whether fused corners are set on whole pixels, halves to even.
    mutating func combined(by method: PolygonCombination.Method, roundsCorners: Bool = true) throws -> CombinedImage {
        CombinedImage(name: name, sources: images, groups: try merged(by: method, roundsCorners: roundsCorners))
    }

    private mutating func merged(
        by method: PolygonCombination.Method, roundsCorners: Bool
    ) throws -> [MergedPolygon] {
        switch method {
        case .vote(let iou, let representative):
            let groups =
                voteGroups[iou] ?? VoteGrouping(detections, overlaps, sourceCount: weights.count, iou: iou).groups
            voteGroups[iou] = groups
            return try groups.map { try shown($0, as: representative) }
        case .nms(let iou):
            return suppressed(PolygonSuppression(iou: iou, decay: .drop, floor: -.infinity))
        case .softNMSLinear(let iou, let floor):
            return suppressed(PolygonSuppression(iou: iou, decay: .linear, floor: floor))
        case .softNMSGaussian(let sigma, let floor):
            return suppressed(PolygonSuppression(iou: 0, decay: .gaussian(sigma: sigma), floor: floor))
        case .fusion(let iou, let skip, let confidence):
            var fused = PolygonFusion(iou: iou, skip: skip, confidence: confidence)(
                detections, weights: weights, known: &fusedClusters)
            if roundsCorners {
                for index in fused.indices { fused[index].polygon = fused[index].polygon.rounded }
            }
            return fused
        }
    }

    private mutating func suppressed(_ rule: PolygonSuppression) -> [MergedPolygon] {
        rule(detections, overlaps: overlaps, total: total)
    }

    private mutating func shown(
        _ members: [Detection], as representative: PolygonCombination.Representative
    ) throws -> MergedPolygon {
        let group = ShownGroup(members: members.flatMap { [$0.source, $0.index] }, representative: representative)
        if let known = shownGroups[group] { return known }
        let merged = try PolygonVote(representative: representative)(members, overlaps, weights: weights)
        shownGroups[group] = merged
        return merged
    }

    private struct ShownGroup: Hashable {
        /// Source and index of each.
        let members: [Int]
        let representative: PolygonCombination.Representative
    }
}
