import Dataset
import Geometry

/// CLEval's matching (Baek et al. 2020, section 3.1) and scoring (section 3.3) over the pairs that touch.
struct CLEvalPairs: Sendable {
    /// A truth box and a detection that holds some of its characters, or that it hides as a don't-care.
    struct Pair {
        let truth: Int32
        /// The share of the detection that the truth box covers, in the package's single precision.
        let areaPrecision: Float
        let isPrecise: Bool
        /// The truth's characters inside the detection: a stretch of `inside`.
        let start, end: Int32

        var characterCount: Int { Int(end - start) }
    }

    struct Detection {
        var isSkipped = false
        var isDontCare = false
        /// Truth boxes that the detection matches by precision and a character.
        var matchCount = 0
        /// Whether it gathers two truth boxes or more that cover enough of it together.
        var isMerge = false
        /// What it costs without a match; nil where it has a precise pair, and then it is worked out when needed.
        var falsePositiveLength: Int?
    }

    let truth: ImageTruth
    private let polygons: [Polygon]
    /// What the detections say; empty unless scored end to end.
    private let texts: [[Unicode.Scalar]]
    private(set) var detections: [Detection] = []
    private(set) var pairs: [Pair] = []
    private(set) var pairStarts = [0]
    private var inside: [Int32] = []

    init(_ truth: ImageTruth, _ words: [Word]) {
        self.truth = truth
        polygons = words.map { ImageTruth.polygon($0, truth.options) }
        texts = truth.options.endToEnd ? words.map { EndToEnd.text($0.transcription, truth.options) } : []
        var outlines = Outlines(capacity: words.count)
        detections.reserveCapacity(words.count)
        var candidates: [Int] = []
        for (index, word) in words.enumerated() {
            guard ImageTruth.counts(word, truth.options) else {
                outlines.append(Polygon([Point(0, 0)]))
                detections.append(Detection(isSkipped: true))
                pairStarts.append(pairs.count)
                continue
            }
            outlines.append(Outlines.truncated(polygons[index]))
            candidates.removeAll(keepingCapacity: true)
            truth.index.forEach(touching: outlines.boxes[index]) { candidates.append($0) }
            candidates.sort()
            for candidate in candidates { appendPair(candidate, outlines, index) }
            pairStarts.append(pairs.count)
            detections.append(detection(index, pairs[(pairStarts[index])...]))
        }
    }

    private mutating func appendPair(_ box: Int, _ outlines: Outlines, _ index: Int) {
        let start = inside.count
        let bounds = outlines.boxes[index]
        for character in truth.characterStarts[box]..<truth.characterStarts[box + 1] {
            let centre = truth.characters[character]
            if bounds.minX <= centre.x, centre.x <= bounds.maxX, bounds.minY <= centre.y, centre.y <= bounds.maxY,
                outlines.contains(index, centre)
            {
                inside.append(Int32(character))
            }
        }
        let isDontCare = truth.isDontCare[box]
        guard inside.count > start || isDontCare else { return }
        let area = outlines.areas[index]
        let shared = area > 0 ? truth.outlines.sharedArea(box, outlines, index) : 0
        let areaPrecision = area > 0 ? Float(shared / area) : 0
        let isPrecise = areaPrecision >= Float(truth.options.areaPrecisionConstraint)
        guard inside.count > start || isPrecise else { return }
        pairs.append(
            Pair(
                truth: Int32(box), areaPrecision: areaPrecision, isPrecise: isPrecise, start: Int32(start),
                end: Int32(inside.count)))
    }

    private func detection(_ index: Int, _ pairs: ArraySlice<Pair>) -> Detection {
        let constraint = truth.options.areaPrecisionConstraint
        var detection = Detection()
        var hidden = 0.0
        var gathered = 0.0
        var gatheredCount = 0
        for pair in pairs {
            if truth.isDontCare[Int(pair.truth)] {
                if pair.isPrecise { detection.isDontCare = true }
                if pair.characterCount > 0 { hidden += Double(pair.areaPrecision) }
            } else if pair.characterCount > 0 {
                gathered += Double(pair.areaPrecision)
                gatheredCount += 1
            }
            if pair.isPrecise, pair.characterCount > 0 { detection.matchCount += 1 }
        }
        if hidden >= constraint { detection.isDontCare = true }
        detection.isMerge = gatheredCount >= 2 && gathered >= constraint
        if !detection.isDontCare, !detection.isMerge, detection.matchCount == 0 {
            detection.falsePositiveLength = falsePositiveLength(index)
        }
        return detection
    }

    private func falsePositiveLength(_ index: Int) -> Int {
        switch truth.options.metric {
        case .clevalLeaderboard:
            BoxLength.leaderboardFalsePositive(polygons[index], truth.options.ratioPrecision)
        case .clevalUpstream, .icdarIoU, .detEval, .tedEval: BoxLength.upstreamFalsePositive(polygons[index])
        }
    }

    // MARK: Scoring

    func score(_ kept: [Int]) -> ImageScore {
        let boxCount = truth.outlines.count
        return withUnsafeTemporaryAllocation(of: BoxState.self, capacity: boxCount) { boxes in
            boxes.initialize(repeating: BoxState())
            return withUnsafeTemporaryAllocation(of: Bool.self, capacity: truth.characters.count) { isFound in
                isFound.initialize(repeating: false)
                return score(kept, boxes, isFound)
            }
        }
    }

    /// What scoring notes for a truth box.
    struct BoxState {
        /// Detections that match it by precision and a character: all of them, and those that are no don't-cares.
        var candidates: Int32 = 0
        var validCandidates: Int32 = 0
        var matches: Int32 = 0
    }

    private func score(
        _ kept: [Int], _ boxes: UnsafeMutableBufferPointer<BoxState>,
        _ isFound: UnsafeMutableBufferPointer<Bool>
    ) -> ImageScore {
        noteCandidates(kept, boxes)
        var score = ImageScore()
        for index in kept where !detections[index].isSkipped && !detections[index].isDontCare {
            scoreDetection(index, boxes, isFound, &score)
        }
        for box in boxes.indices where !truth.isDontCare[box] {
            score.truthBoxes += 1
            score.counts.truth += truth.characterStarts[box + 1] - truth.characterStarts[box]
            let matches = Int(boxes[box].matches)
            if matches == 0 { score.misses += 1 }
            if matches > 1 {
                score.splits += 1
                score.counts.recallPenalty += Double(matches - 1) * truth.options.recallGranularityPenaltyWeight
            }
        }
        if truth.options.endToEnd { countReadCharacters(kept, boxes, &score.counts) }
        score.rates = score.counts.rates(truth.options.metric)
        return score
    }

    /// Counts for each truth box the detections that match it by precision and a character.
    @inline(__always)
    func noteCandidates(_ kept: [Int], _ boxes: UnsafeMutableBufferPointer<BoxState>) {
        for index in kept {
            let isValid = !detections[index].isDontCare
            for pair in pairs[pairStarts[index]..<pairStarts[index + 1]] where pair.isPrecise && pair.characterCount > 0
            {
                boxes[Int(pair.truth)].candidates += 1
                if isValid { boxes[Int(pair.truth)].validCandidates += 1 }
            }
        }
    }

    /// Puts end-to-end counts in place of those of detection; penalties and the characters of truth are the same.
    private func countReadCharacters(
        _ kept: [Int], _ boxes: UnsafeMutableBufferPointer<BoxState>, _ counts: inout ImageScore.Counts
    ) {
        var matches = [[(detection: Int, characters: ArraySlice<Int32>)]](repeating: [], count: boxes.count)
        counts.detected = 0
        for index in kept where !detections[index].isSkipped && !detections[index].isDontCare {
            counts.detected += texts[index].count
            for pair in pairs[pairStarts[index]..<pairStarts[index + 1]] where isMatch(pair, detections[index], boxes) {
                matches[Int(pair.truth)].append((index, inside[Int(pair.start)..<Int(pair.end)]))
            }
        }
        var reading = EndToEnd(texts)
        for box in matches.indices where !matches[box].isEmpty {
            let characters = truth.characterStarts[box]..<truth.characterStarts[box + 1]
            reading.take(truth.texts[box], from: EndToEnd.readingOrder(matches[box], characters))
        }
        counts.truePositives = reading.found
        counts.falsePositives = counts.detected - reading.found
    }

    /// Whether the pair matches: one to one, one to many or many to one.
    @inline(__always)
    func isMatch(_ pair: Pair, _ detection: Detection, _ boxes: UnsafeMutableBufferPointer<BoxState>) -> Bool {
        let box = Int(pair.truth)
        guard pair.characterCount > 0, !truth.isDontCare[box] else { return false }
        let isOneToOne = pair.isPrecise && boxes[box].candidates == 1 && detection.matchCount == 1
        let isOneToMany = pair.isPrecise && boxes[box].validCandidates >= 2
        return isOneToOne || isOneToMany || detection.isMerge
    }

    @inline(__always)
    private func scoreDetection(
        _ index: Int, _ boxes: UnsafeMutableBufferPointer<BoxState>, _ isFound: UnsafeMutableBufferPointer<Bool>,
        _ score: inout ImageScore
    ) {
        let detection = detections[index]
        score.detections += 1
        var matches = 0
        for pair in pairs[pairStarts[index]..<pairStarts[index + 1]] where isMatch(pair, detection, boxes) {
            let box = Int(pair.truth)
            matches += 1
            boxes[box].matches += 1
            score.counts.detected += pair.characterCount
            for character in inside[Int(pair.start)..<Int(pair.end)] {
                if isFound[Int(character)] {
                    score.overlaps += 1
                } else {
                    isFound[Int(character)] = true
                    score.counts.truePositives += 1
                }
            }
        }
        if matches == 0 {
            let length = detection.falsePositiveLength ?? falsePositiveLength(index)
            score.falsePositives += 1
            score.counts.falsePositives += length
            score.counts.detected += length
        } else if matches > 1 {
            score.merges += 1
            score.counts.precisionPenalty += Double(matches - 1) * truth.options.precisionGranularityPenaltyWeight
        }
    }
}
