extension PolygonCombination {
    /// The rule by which polygons are combined.
    public enum Method: Sendable, Hashable {
        /// Detections that overlap a group's best one by at least `iou`, one a source, are shown as one.
        case vote(iou: Double, representative: Representative)
        /// Detections that overlap a better one by more than `iou` are dropped.
        case nms(iou: Double)
        /// Soft-NMS: scores fall by 1 - IoU above `iou`; `floor` and below is dropped.
        case softNMSLinear(iou: Double, floor: Double)
        /// Soft-NMS: scores fall by exp(-IoU²/sigma); `floor` and below is dropped.
        case softNMSGaussian(sigma: Double, floor: Double)
        /// Weighted boxes fusion; detections with scores below `skip` are left out.
        case fusion(iou: Double, skip: Double, confidence: Confidence)

        /// Whether its polygons have votes; suppression's have one each.
        public var hasVotes: Bool {
            switch self {
            case .vote, .fusion: true
            case .nms, .softNMSLinear, .softNMSGaussian: false
            }
        }

        /// The IoU that joins or drops; nil where there is no such limit.
        public var iou: Double? {
            switch self {
            case .vote(let iou, _), .nms(let iou), .softNMSLinear(let iou, _), .fusion(let iou, _, _): iou
            case .softNMSGaussian: nil
            }
        }

        func check() throws {
            func require(_ holds: Bool, _ name: String, _ value: Double, _ expected: String) throws {
                guard holds else { throw EnsembleError.option(name, found: "\(value)", expected: expected) }
            }
            if let iou { try require(iou > 0 && iou <= 1, "iou", iou, "a number above 0, at most 1") }
            switch self {
            case .vote, .nms: break
            case .softNMSLinear(_, let floor):
                try require(floor >= 0 && floor < 1, "floor", floor, "a number from 0, below 1")
            case .softNMSGaussian(let sigma, let floor):
                try require(sigma > 0 && sigma.isFinite, "sigma", sigma, "a number above 0")
                try require(floor >= 0 && floor < 1, "floor", floor, "a number from 0, below 1")
            case .fusion(_, let skip, _):
                try require(skip >= 0 && skip <= 1, "skip", skip, "a number from 0 to 1")
            }
        }
    }

    /// The polygon that stands for a group of votes.
    public enum Representative: String, Sendable, CaseIterable {
        /// The member with the largest weighted sum of IoU with all members, itself included; ties: higher score, then
        /// source order.
        case medoid
        /// The weighted mean of corners, matched to the medoid's, rounded half to even. Where not all members are
        /// quads, of 32 points at equal distances along each outline; a group with an outline without length falls
        /// back to its medoid and is counted in `fallbacks`.
        case mean
        /// The member with the highest score; ties: source order.
        case best
        /// The outline of all members together, holes filled, on whole pixels. Where members do not make one outline
        /// (without area, or crossing themselves) the group falls back to its medoid and is counted in `fallbacks`.
        case union
    }

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
}
