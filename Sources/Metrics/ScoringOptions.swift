/// What is measured, and by which rules.
public struct ScoringOptions: Sendable, Hashable {
    /// In which precision the leaderboard profile takes a box's aspect ratio: NumPy 2 keeps single precision where
    /// NumPy 1 went on in double. About 1% of lengths differ, and by them up to .0056 of an image's H-mean.
    public enum RatioPrecision: String, Sendable, CaseIterable {
        case single
        case double
    }

    /// The metric; default options hang on it.
    public var metric: MetricKind
    /// How many detections of an image count, in file order; nil for all. Default 500 for the leaderboard, else nil.
    public var maxDetections: Int?
    /// Whether truth marked as don't-care is kept out of the count; default no for the leaderboard, which counts every
    /// polygon, else yes. A don't-care hides detections that lie on it, right or wrong; one that overlaps no detection
    /// changes no figure.
    public var honoursDontCares: Bool
    /// `AREA_PRECISION_CONSTRAINT` of CLEval, DetEval and TedEval: the share of a detection that truth must cover; above
    /// 0, default .3, .4 for `deteval` and `tedeval`, where a detection of which a don't-care covers more is not counted.
    public var areaPrecisionConstraint = 0.3
    /// `AREA_RECALL_CONSTRAINT` of DetEval and TedEval: the share of a truth box that detections must cover; above 0,
    /// default .8, .4 for `tedeval`.
    public var areaRecallConstraint = 0.8
    /// DetEval's `MTYPE_OM_O`: what a truth box counts that several detections make up, and each of those; above 0,
    /// default .8.
    public var oneToManyCredit = 0.8
    /// `EV_PARAM_IND_CENTER_DIFF_THR` of DetEval and TedEval: how far apart the centres of two boxes that match one to one
    /// may be, in means of their diagonals; above 0, default 1.
    public var centreDistanceConstraint = 1.0
    /// CLEval's `RECALL_GRANULARITY_PENALTY_WEIGHT`, in characters for each split; default 1.
    public var recallGranularityPenaltyWeight = 1.0
    /// CLEval's `PRECISION_GRANULARITY_PENALTY_WEIGHT`, in characters for each merge; default 1.
    public var precisionGranularityPenaltyWeight = 1.0
    /// Which truth boxes count by their scale, the shorter side over the image's longer one, both ends included: the
    /// others are kept out like don't-cares. Default nil, all; images without size have boxes of no scale, which count.
    public var scaleRange: ClosedRange<Double>?
    /// CLEval's `VERTICAL_ASPECT_RATIO_THRESH`, width over height below which a quad's text runs down; default .5. The
    /// leaderboard ignores it.
    public var verticalAspectRatioThreshold = 0.5
    /// The package's `E2E`: counts the characters read in common in place of those found; `upstream` only, default no.
    public var endToEnd = false
    /// The package's `CASE_SENSITIVE`: whether `a` read as `A` is wrong; default yes.
    public var caseSensitive = true
    /// Where the leaderboard profile takes aspect ratios; default `single`, NumPy 2's way.
    public var ratioPrecision = RatioPrecision.single
    /// `IOU_CONSTRAINT` of the ICDAR script: a match is above it; default .5.
    public var iouConstraint = 0.5
    /// Whether as many boxes as possible are matched, in place of the ICDAR script's greedy choice; for `iou`, default no.
    public var maxMatching = false
    /// `AREA_PRECISION_CONSTRAINT` of the ICDAR script: a detection of which a don't-care covers more is not counted;
    /// default .5.
    public var dontCareConstraint = 0.5

    /// The defaults of `metric`.
    public init(metric: MetricKind) {
        self.metric = metric
        maxDetections = metric == .clevalLeaderboard ? 500 : nil
        honoursDontCares = metric != .clevalLeaderboard
        if metric == .detEval || metric == .tedEval { areaPrecisionConstraint = 0.4 }
        if metric == .tedEval { areaRecallConstraint = 0.4 }
    }

    /// - Throws: `MetricsError` (78) that names the first option that makes no sense.
    public func validate() throws {
        if let maxDetections, maxDetections < 1 {
            throw MetricsError.option("maxDetections", found: "\(maxDetections)", expected: "1 or more")
        }
        if endToEnd, metric != .clevalUpstream {
            throw MetricsError.option(
                "endToEnd", found: "metric \(metric.rawValue)", expected: "metric upstream")
        }
        let shares = [
            ("areaPrecisionConstraint", areaPrecisionConstraint), ("iouConstraint", iouConstraint),
            ("dontCareConstraint", dontCareConstraint), ("areaRecallConstraint", areaRecallConstraint),
            ("oneToManyCredit", oneToManyCredit),
        ]
        for (name, value) in shares where !(value > 0 && value <= 1) {
            throw MetricsError.option(name, found: "\(value)", expected: "above 0, at most 1")
        }
        guard centreDistanceConstraint > 0, centreDistanceConstraint.isFinite else {
            throw MetricsError.option(
                "centreDistanceConstraint", found: "\(centreDistanceConstraint)", expected: "above 0")
        }
        let weights = [
            ("recallGranularityPenaltyWeight", recallGranularityPenaltyWeight),
            ("precisionGranularityPenaltyWeight", precisionGranularityPenaltyWeight),
            ("verticalAspectRatioThreshold", verticalAspectRatioThreshold),
        ]
        for (name, value) in weights where !(value >= 0 && value.isFinite) {
            throw MetricsError.option(name, found: "\(value)", expected: "0 or more")
        }
    }
}
