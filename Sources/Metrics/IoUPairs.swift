import Dataset
import Geometry

/// The matching of ICDAR 2015's task 4.1 script: greedy, truth boxes in order, each with the first detection in order
/// that is left and shares more than the constraint. With `maxMatching` as many as possible are matched.
struct IoUPairs: Sendable {
    private struct Pair {
        let truth, detection: Int32
    }

    /// Whether a detection is neither skipped nor mostly covered by a don't-care.
    private var isCounted: [Bool] = []
    /// Pairs above the constraint, by truth and then by detection.
    private var pairs: [Pair] = []
    private let isMaximal: Bool
    /// Truth boxes that count, by their places in the truth.
    private let truthBoxes: [Int]
    private let detectionCount: Int

    init(_ truth: ImageTruth, _ words: [Word]) {
        truthBoxes = truth.isDontCare.indices.filter { !truth.isDontCare[$0] }
        detectionCount = words.count
        isMaximal = truth.options.maxMatching
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

    func score(_ kept: [Int]) -> ImageScore {
        var isFree = [Bool](repeating: false, count: detectionCount)
        var score = ImageScore()
        for index in kept where isCounted[index] {
            isFree[index] = true
            score.detections += 1
        }
        var matched = 0
        forEachMatch(isFree) { _ in matched += 1 }
        let truthCount = truthBoxes.count
        score.truthBoxes = truthCount
        score.misses = truthCount - matched
        score.falsePositives = score.detections - matched
        score.counts.truth = truthCount
        score.counts.detected = score.detections
        score.counts.truePositives = matched
        // An image without truth is perfect where nothing is detected, as the script has it.
        score.rates =
            truthCount == 0
            ? Rates(recall: 1.0, precision: score.detections == 0 ? 1.0 : 0.0)
            : score.counts.rates(.icdarIoU)
        return score
    }

    /// What the subset `kept` matches, for naming errors.
    func matching(_ kept: [Int]) -> Matching {
        let counted = kept.filter { isCounted[$0] }
        var isFree = [Bool](repeating: false, count: detectionCount)
        for index in counted { isFree[index] = true }
        var matching = Matching(truth: truthBoxes, detections: counted)
        forEachMatch(isFree) { matching.pairs.append((Int($0.truth), Int($0.detection))) }
        return matching
    }

    @inline(__always)
    private func forEachMatch(_ isCounted: [Bool], _ body: (Pair) -> Void) {
        guard isMaximal else { return forEachGreedyMatch(isCounted, body) }
        for (detection, truth) in mostMatches(isCounted).enumerated() where truth >= 0 {
            body(Pair(truth: truth, detection: Int32(detection)))
        }
    }

    @inline(__always)
    private func forEachGreedyMatch(_ isCounted: [Bool], _ body: (Pair) -> Void) {
        var isFree = isCounted
        var lastMatched: Int32 = -1
        for pair in pairs where pair.truth != lastMatched && isFree[Int(pair.detection)] {
            isFree[Int(pair.detection)] = false
            lastMatched = pair.truth
            body(pair)
        }
    }

    /// A maximum matching as each detection's truth box, -1 for none, by shortest augmenting paths: each truth box in turn looks for a free detection,
    /// moving boxes that have one where they can have another.
    ///
    /// - Complexity: O(*t* · *p*) for *t* truth boxes and *p* pairs; next to O(*p*) where boxes overlap few others.
    private func mostMatches(_ isCounted: [Bool]) -> [Int32] {
        var detections: [Int32: [Int32]] = [:]
        for pair in pairs where isCounted[Int(pair.detection)] {
            detections[pair.truth, default: []].append(pair.detection)
        }
        var owner = [Int32](repeating: -1, count: detectionCount)
        var seenBy = [Int32](repeating: -1, count: detectionCount)
        var reachedFrom = [Int32](repeating: -1, count: detectionCount)
        for root in detections.keys.sorted() {
            var queue = [root]
            var next = 0
            var end: Int32 = -1
            // What box `queue[0]` reaches, breadth first; `reachedFrom` is the box that asks for a detection.
            search: while next < queue.count {
                let box = queue[next]
                next += 1
                for detection in detections[box] ?? [] where seenBy[Int(detection)] != root {
                    seenBy[Int(detection)] = root
                    reachedFrom[Int(detection)] = box
                    if owner[Int(detection)] < 0 {
                        end = detection
                        break search
                    }
                    queue.append(owner[Int(detection)])
                }
            }
            guard end >= 0 else { continue }
            // Back along the path each box hands its old detection to the box that asked for it.
            while true {
                let box = reachedFrom[Int(end)]
                let old = owner.firstIndex(of: box)
                owner[Int(end)] = box
                guard let old, box != root else { break }
                end = Int32(old)
            }
        }
        return owner
    }
}
