/// One image's figures, and the counts from which a set's pooled figures are made.
public struct ImageScore: Sendable, Hashable {
    /// The image's recall, precision and H-mean.
    public var rates = Rates.zero
    /// Truth boxes that count: neither don't-care nor skipped.
    public var truthBoxes = 0
    /// Detections that count: neither skipped nor on a don't-care.
    public var detections = 0
    /// Truth boxes matched by more than one detection (CLEval, DetEval, TedEval).
    public var splits = 0
    /// Detections matched with more than one truth box (CLEval, DetEval, TedEval).
    public var merges = 0
    /// Characters that a second detection covers (CLEval, TedEval).
    public var overlaps = 0
    /// Truth boxes without a match.
    public var misses = 0
    /// Detections without a match.
    public var falsePositives = 0
    /// What pooled figures are made of.
    public var counts = Counts()

    /// Sums over characters for CLEval, over boxes for IoU, DetEval and TedEval.
    public struct Counts: Sendable, Hashable {
        /// Characters, or boxes, of truth.
        public var truth = 0
        /// Characters, or boxes, detected, false positives included.
        public var detected = 0
        /// Characters, or boxes of truth, found.
        public var truePositives = 0
        /// Characters charged for detections without a match (CLEval), or such detections (DetEval, TedEval); not
        /// for `iou`.
        public var falsePositives = 0
        /// CLEval's granularity penalty for splits, in characters; what split truth boxes lose to whole ones (DetEval);
        /// what found truth boxes lose for characters held by no detection or by several (TedEval).
        public var recallPenalty = 0.0
        /// CLEval's granularity penalty for merges, in characters; what the parts of split truth boxes lose (DetEval);
        /// what matched detections lose for characters that they do not hold (TedEval).
        public var precisionPenalty = 0.0

        /// Nothing counted yet.
        public init() {}

        /// The sums over both.
        public static func + (left: Counts, right: Counts) -> Counts {
            var sum = left
            sum.truth += right.truth
            sum.detected += right.detected
            sum.truePositives += right.truePositives
            sum.falsePositives += right.falsePositives
            sum.recallPenalty += right.recallPenalty
            sum.precisionPenalty += right.precisionPenalty
            return sum
        }

        /// Recall, precision and H-mean of these counts: in single precision for the leaderboard, as torchmetrics has it.
        ///
        /// - Parameter kind: which metric counted.
        public func rates(_ kind: MetricKind) -> Rates {
            switch kind {
            case .clevalLeaderboard:
                func rate(_ penalty: Double, _ total: Int) -> Float {
                    total == 0 ? 0 : max(0, Float(truePositives) - Float(penalty)) / Float(total)
                }
                return Rates(recall: rate(recallPenalty, truth), precision: rate(precisionPenalty, detected))
            case .clevalUpstream, .icdarIoU:
                func rate(_ penalty: Double, _ total: Int) -> Double {
                    total == 0 ? 0 : max(0, Double(truePositives) - penalty) / Double(total)
                }
                return Rates(recall: rate(recallPenalty, truth), precision: rate(precisionPenalty, detected))
            case .detEval, .tedEval:
                func rate(_ found: Int, _ penalty: Double, _ total: Int) -> Double {
                    total == 0 ? 0 : max(0, Double(found) - penalty) / Double(total)
                }
                return Rates(
                    recall: rate(truePositives, recallPenalty, truth),
                    precision: rate(detected - falsePositives, precisionPenalty, detected))
            }
        }
    }

    /// Nothing found, nothing missed.
    public init() {}
}
