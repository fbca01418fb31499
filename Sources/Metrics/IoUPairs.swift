import Dataset
import Geometry

/// The matching of ICDAR 2015's task 4.1 script: greedy, truth boxes in order, each with the first detection in order
/// that is left and shares more than the constraint.
struct IoUPairs: Sendable {
    private struct Pair {
        let truth, detection: Int32
    }

    /// Whether a detection is neither skipped nor mostly covered by a don't-care.
    private var isCounted: [Bool] = []
    /// Pairs above the constraint, by truth and then by detection.
    private var pairs: [Pair] = []
    private let truthCount: Int
    private let detectionCount: Int

    init(_ truth: ImageTruth, _ words: [Word]) {
        truthCount = truth.isDontCare.count { !$0 }
        detectionCount = words.count
        isCounted.reserveCapacity(words.count)
        for (index, word) in words.enumerated() {
            guard ImageTruth.counts(word, truth.options) else {
                isCounted.append(false)
                continue
            }
            var outlines = Outlines(capacity: 1)
            outlines.append(Outlines.truncated(ImageTruth.polygon(word, truth.options)))
            var isHidden = false
            truth.index.forEach(touching: outlines.boxes[0]) { box in
                let shared = truth.outlines.sharedArea(box, outlines, 0)
                let area = outlines.areas[0]
                if truth.isDontCare[box] {
                    if area > 0, shared / area > truth.options.dontCareConstraint { isHidden = true }
                } else {
                    let union = truth.outlines.areas[box] + area - shared
                    if union > 0, shared / union > truth.options.iouConstraint {
                        pairs.append(Pair(truth: Int32(box), detection: Int32(index)))
                    }
                }
            }
            isCounted.append(!isHidden)
        }
        pairs.sort { ($0.truth, $0.detection) < ($1.truth, $1.detection) }
    }

    func score(_ kept: some Collection<Int>) -> ImageScore {
        var isFree = [Bool](repeating: false, count: detectionCount)
        var score = ImageScore()
        for index in kept where isCounted[index] {
            isFree[index] = true
            score.detections += 1
        }
        var matched = 0
        var lastMatched: Int32 = -1
        for pair in pairs where pair.truth != lastMatched && isFree[Int(pair.detection)] {
            isFree[Int(pair.detection)] = false
            lastMatched = pair.truth
            matched += 1
        }
        score.truthBoxes = truthCount
        score.misses = truthCount - matched
        score.falsePositives = score.detections - matched
        score.counts.truth = truthCount
        score.counts.detected = score.detections
        score.counts.truePositives = matched
        // An image without truth is perfect where nothing is detected, as the script has it.
        score.rates =
            truthCount == 0
            ? Rates(recall: 1.0, precision: score.detections == 0 ? 1.0 : 0.0) : score.counts.rates(.icdarIoU)
        return score
    }
}
