/// How well detections match truth: CLEval in two profiles, ICDAR's IoU H-mean, DetEval, and TedEval.
///
/// `ImageTruth` does all the work on an image's truth once; its `pairs(with:)` does all the geometry between that truth
/// and some detections once; scoring any subset of those is then a walk over the few pairs that touch. `scoreSet` scores
/// whole files and gives means over images beside figures pooled from counts.
///
/// - `leaderboard`: the receipt leaderboard's variant of CLEval, from polygons alone.
/// - `upstream`: CLEval as the PyPI package `cleval` 0.1.1 has it, with transcriptions and don't-cares
///   (Baek et al., "CLEval: Character-Level Evaluation for Text Detection and Recognition Tasks", 2020).
/// - `iou`: the script of ICDAR 2015's task 4.1 (Karatzas et al., "ICDAR 2015 competition on Robust Reading", 2015).
/// - `deteval`: the DetEval script of ICDAR 2013's task 2.1, on upright rectangles around the polygons (Wolf and Jolion,
///   "Object count/area graphs for the evaluation of object detection and segmentation algorithms", 2006).
/// - `tedeval`: the published script of TedEval (Lee, Baek and Lee, "TedEval: A Fair Evaluation Metric for Scene Text
///   Detectors", 2019).
public enum MetricKind: String, Sendable, CaseIterable {
    case clevalLeaderboard = "leaderboard"
    case clevalUpstream = "upstream"
    case icdarIoU = "iou"
    case detEval = "deteval"
    case tedEval = "tedeval"

    /// Whether it is a profile of CLEval, which counts characters.
    package var isCLEval: Bool { self == .clevalLeaderboard || self == .clevalUpstream }

    /// Whether don't-cares give way to the truth boxes that stand on them.
    var cutsDontCares: Bool { isCLEval || self == .tedEval }
}

/// Recall, precision and their harmonic mean, each 0…1.
public struct Rates: Sendable, Hashable {
    public var recall, precision, hmean: Double

    /// Three figures as they are: a mean H-mean is not the harmonic mean of the mean recall and precision.
    public init(recall: Double, precision: Double, hmean: Double) {
        self.recall = recall
        self.precision = precision
        self.hmean = hmean
    }

    /// No success at all.
    public static let zero = Rates(recall: 0, precision: 0, hmean: 0)

    /// The two and their harmonic mean, 0 where both are 0.
    init(recall: Double, precision: Double) {
        let sum = recall + precision
        self.init(recall: recall, precision: precision, hmean: sum == 0 ? 0 : 2 * recall * precision / sum)
    }

    /// The two and their harmonic mean, all worked out in single precision as torchmetrics does.
    init(recall: Float, precision: Float) {
        let sum = recall + precision
        let hmean = sum == 0 ? 0 : 2 * recall * precision / sum
        self.init(recall: Double(recall), precision: Double(precision), hmean: Double(hmean))
    }
}
