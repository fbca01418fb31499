import Dataset
import Geometry

/// DetEval's matching (Wolf and Jolion, "Object count/area graphs for the evaluation of object detection and
/// segmentation algorithms", 2006, section 3) as the script of ICDAR 2013's task 2.1 has it: upright rectangles whose
/// edge pixels belong to them; first one to one, then one truth box to many detections, then many to one.
struct DetEvalPairs: Sendable {
    /// A truth box and a detection that share a pixel.
    private struct Pair {
        let truth, detection: Int
        /// The shares of the truth box and of the detection that they have in common.
        let recall, precision: Double
        /// Whether both are above their constraints.
        let isGood: Bool
        /// Whether their centres are near enough for one to one, by the mean of their diagonals.
        let isNear: Bool
    }

    private enum Presence {
        case skipped
        /// Mostly covered by a don't-care.
        case hidden
        case counted
    }

    private let options: ScoringOptions
    /// For each truth box of the image whether it counts.
    private let countsTruth: [Bool]
    private var detections: [Presence] = []
    /// By detection and then by truth.
    private var pairs: [Pair] = []
    private var pairStarts = [0]
    /// Each truth box's pairs, by detection.
    private var pairsOfTruth: [[Int]]

    init(_ truth: ImageTruth, _ words: [Word]) {
        options = truth.options
        countsTruth = truth.isDontCare.map { !$0 }
        pairsOfTruth = [[Int]](repeating: [], count: countsTruth.count)
        for word in words {
            detections.append(
                ImageTruth.polygon(word, options).boundingBox.map { append(PixelRectangle($0), truth) } ?? .skipped)
            pairStarts.append(pairs.count)
        }
        for (index, pair) in pairs.enumerated() { pairsOfTruth[pair.truth].append(index) }
    }

    private mutating func append(_ detection: PixelRectangle, _ truth: ImageTruth) -> Presence {
        var boxes: [Int] = []
        truth.index.forEach(touching: detection.box) { boxes.append($0) }
        var isHidden = false
        for box in boxes.sorted() {
            let rectangle = PixelRectangle(truth.outlines.boxes[box])
            let shared = rectangle.sharedArea(detection)
            let recall = shared / rectangle.area
            let precision = shared / detection.area
            if !countsTruth[box], precision > options.areaPrecisionConstraint { isHidden = true }
            pairs.append(
                Pair(
                    truth: box, detection: detections.count, recall: recall, precision: precision,
                    isGood: recall >= options.areaRecallConstraint && precision >= options.areaPrecisionConstraint,
                    isNear: 2 * (rectangle.centreDistance(detection) / (rectangle.diagonal + detection.diagonal))
                        < options.centreDistanceConstraint))
        }
        return isHidden ? .hidden : .counted
    }

    // MARK: Scoring

    func score(_ kept: [Int]) -> ImageScore {
        let matching = matching(kept)
        var score = ImageScore()
        score.truthBoxes = matching.truth.count
        score.detections = matching.detections.count
        var partsOfTruth = [Int](repeating: 0, count: countsTruth.count)
        var partsOfDetection = [Int](repeating: 0, count: detections.count)
        for pair in matching.pairs {
            partsOfTruth[pair.truth] += 1
            partsOfDetection[pair.detection] += 1
        }
        let scattered = partsOfTruth.filter { $0 > 1 }
        score.splits = scattered.count
        score.merges = partsOfDetection.count { $0 > 1 }
        score.counts.truth = score.truthBoxes
        score.counts.detected = score.detections
        score.counts.truePositives = partsOfTruth.count { $0 > 0 }
        score.misses = score.truthBoxes - score.counts.truePositives
        score.falsePositives = score.detections - partsOfDetection.count { $0 > 0 }
        score.counts.falsePositives = score.falsePositives
        score.counts.recallPenalty = Double(scattered.count) * (1 - options.oneToManyCredit)
        score.counts.precisionPenalty = Double(scattered.reduce(0, +)) * (1 - options.oneToManyCredit)
        // An image without truth is perfect where nothing is detected, as with `iou`; the script's own figures of such
        // an image hang on whether its file stands in the zip. No pooled figure does.
        score.rates =
            score.truthBoxes == 0
            ? Rates(recall: 1.0, precision: score.detections == 0 ? 1.0 : 0.0)
            : score.counts.rates(.detEval)
        return score
    }

    /// What the subset `kept` matches.
    func matching(_ kept: [Int]) -> Matching {
        var search = Search(self, kept)
        search.matchOneToOne()
        search.matchOneToMany()
        search.matchManyToOne()
        return search.matching
    }

    /// The three rounds of matching in a subset of the detections.
    private struct Search {
        private let all: DetEvalPairs
        private(set) var matching: Matching
        private var isPresent: [Bool]
        private var isTruthFree: [Bool]
        private var isDetectionFree: [Bool]

        init(_ all: DetEvalPairs, _ kept: [Int]) {
            self.all = all
            isPresent = [Bool](repeating: false, count: all.detections.count)
            isDetectionFree = isPresent
            for index in kept {
                isPresent[index] = all.detections[index] != .skipped
                isDetectionFree[index] = all.detections[index] == .counted
            }
            isTruthFree = all.countsTruth
            matching = Matching(
                truth: isTruthFree.indices.filter { all.countsTruth[$0] },
                detections: kept.filter { all.detections[$0] == .counted })
        }

        private func pairs(ofTruth box: Int) -> some Collection<Pair> {
            all.pairsOfTruth[box].lazy.map { all.pairs[$0] }.filter { isPresent[$0.detection] }
        }

        private func pairs(ofDetection detection: Int) -> ArraySlice<Pair> {
            all.pairs[all.pairStarts[detection]..<all.pairStarts[detection + 1]]
        }

        /// How many detections that count share a pixel with the truth box.
        private func overlaps(ofTruth box: Int) -> Int {
            pairs(ofTruth: box).count { all.detections[$0.detection] == .counted }
        }

        /// How many truth boxes that count share a pixel with the detection.
        private func overlaps(ofDetection detection: Int) -> Int {
            pairs(ofDetection: detection).count { all.countsTruth[$0.truth] }
        }

        private mutating func match(_ matched: [Pair]) {
            for pair in matched {
                isTruthFree[pair.truth] = false
                isDetectionFree[pair.detection] = false
                matching.pairs.append((pair.truth, pair.detection))
            }
        }

        /// Pairs that are good, the only good ones of both, and the only overlap of both.
        mutating func matchOneToOne() {
            for box in matching.truth {
                let good = pairs(ofTruth: box).filter(\.isGood)
                guard good.count == 1, good[0].isNear, isDetectionFree[good[0].detection], overlaps(ofTruth: box) == 1,
                    pairs(ofDetection: good[0].detection).count(where: \.isGood) == 1,
                    overlaps(ofDetection: good[0].detection) == 1
                else { continue }
                match(good)
            }
        }

        /// Truth boxes that several detections overlap: those that lie in it cover enough of it together.
        mutating func matchOneToMany() {
            for box in matching.truth where isTruthFree[box] {
                let parts = pairs(ofTruth: box).filter {
                    isDetectionFree[$0.detection] && $0.precision >= all.options.areaPrecisionConstraint
                }
                guard Self.rounded(parts.reduce(0) { $0 + $1.recall }) >= all.options.areaRecallConstraint,
                    overlaps(ofTruth: box) >= 2
                else { continue }
                match(parts)
            }
        }

        /// Detections that several truth boxes overlap: those that it covers fill enough of it together.
        mutating func matchManyToOne() {
            for detection in matching.detections where isDetectionFree[detection] {
                let parts = pairs(ofDetection: detection).filter {
                    isTruthFree[$0.truth] && $0.recall >= all.options.areaRecallConstraint
                }
                guard Self.rounded(parts.reduce(0) { $0 + $1.precision }) >= all.options.areaPrecisionConstraint,
                    overlaps(ofDetection: detection) >= 2
                else { continue }
                match(parts)
            }
        }

        /// Four decimals, as NumPy rounds.
        private static func rounded(_ sum: Double) -> Double {
            (sum * 10_000).rounded(.toNearestOrEven) / 10_000
        }
    }
}

/// An upright rectangle of whole pixels, those on its edges among them.
private struct PixelRectangle {
    let box: BoundingBox

    /// The rectangle around corners that are truncated towards zero.
    init(_ box: BoundingBox) {
        self.box = BoundingBox(
            minX: box.minX.rounded(.towardZero), minY: box.minY.rounded(.towardZero),
            maxX: box.maxX.rounded(.towardZero), maxY: box.maxY.rounded(.towardZero))
    }

    private var width: Double { box.maxX - box.minX + 1 }
    private var height: Double { box.maxY - box.minY + 1 }

    /// In pixels, at least 1.
    var area: Double { width * height }
    var diagonal: Double { (height * height + width * width).squareRoot() }

    /// The number of pixels in both.
    func sharedArea(_ other: PixelRectangle) -> Double {
        let common = box.intersection(other.box)
        return max(0, common.maxX - common.minX + 1) * max(0, common.maxY - common.minY + 1)
    }

    func centreDistance(_ other: PixelRectangle) -> Double {
        let x = abs((box.minX + width / 2) - (other.box.minX + other.width / 2))
        let y = abs((box.minY + height / 2) - (other.box.minY + other.height / 2))
        return (x * x + y * y).squareRoot()
    }
}
