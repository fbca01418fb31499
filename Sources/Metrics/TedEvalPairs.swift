import Dataset
import Foundation
import Geometry

/// TedEval's matching and scoring (Lee, Baek and Lee, "TedEval: A Fair Evaluation Metric for Scene Text Detectors", 2019,
/// sections 3.1 and 3.2) as its published script has them: boxes match one to one, one to many and many to one side by
/// side, what spans lines does not, and what matches counts by the characters that it holds once.
///
/// The script knows quads. A polygon has CLEval's characters, and its ends' four corners stand for the quad's.
struct TedEvalPairs: Sendable {
    /// A truth box that counts and a detection that share some area.
    private struct Pair {
        let truth, detection: Int32
        /// The shares of the truth box and of the detection that they have in common.
        let recall, precision: Double
        /// Whether both reach their constraints.
        let isGood: Bool
        /// Whether their centres are near enough for one to one.
        let isNear: Bool
        /// The truth's characters inside the detection: a stretch of `inside`.
        let characters: Range<Int32>
    }

    private enum Presence {
        case skipped
        /// Mostly covered by don't-cares, or mostly made of them.
        case hidden
        case counted
    }

    /// What is less in common with a don't-care, in square pixels, is rounding along the sides of what was cut out of it.
    private static let leastVeil = 1e-6

    private let truth: ImageTruth
    private var detections: [Presence] = []
    /// How each detection reads, and each truth box.
    private var readings: [TextDirection] = []
    private let truthReadings: [TextDirection]
    /// By detection and then by truth.
    private var pairs: [Pair] = []
    private var pairStarts = [0]
    /// Each truth box's pairs, by detection.
    private var pairsOfTruth: [[Int]]
    private var inside: [Int32] = []

    init(_ truth: ImageTruth, _ words: [Word]) {
        self.truth = truth
        let outlines = truth.outlines
        truthReadings = (0..<outlines.count).map { TextDirection(outlines.polygon($0)) }
        pairsOfTruth = [[Int]](repeating: [], count: outlines.count)
        for word in words {
            detections.append(append(word))
            pairStarts.append(pairs.count)
        }
        for (index, pair) in pairs.enumerated() { pairsOfTruth[Int(pair.truth)].append(index) }
    }

    private mutating func append(_ word: Word) -> Presence {
        let options = truth.options
        guard ImageTruth.counts(word, options) else {
            readings.append(TextDirection(Polygon([])))
            return .skipped
        }
        let polygon = ImageTruth.polygon(word, options)
        let whole = Outlines.truncated(polygon)
        var outline = Outlines(capacity: 1)
        outline.append(whole)
        var boxes: [(index: Int, shared: Double)] = []
        truth.index.forEach(touching: outline.boxes[0]) { box in
            let shared = truth.outlines.sharedArea(box, outline, 0)
            if shared > (truth.isDontCare[box] ? Self.leastVeil : 0) { boxes.append((box, shared)) }
        }
        boxes.sort { $0.index < $1.index }
        let veils = boxes.filter { truth.isDontCare[$0.index] }
        let isHidden = isHidden(outline.areas[0], veils)
        let cut = CutDetection(outline, truth, without: veils.map(\.index), boxes.map(\.index))
        readings.append(TextDirection(whole))
        let diagonal = TextDirection.diagonal(polygon)
        for (box, shared) in boxes where !truth.isDontCare[box] {
            let recall = truth.outlines.areas[box] > 0 ? shared / truth.outlines.areas[box] : 0
            let precision = cut.area > 0 ? shared / cut.area : 0
            let start = Int32(inside.count)
            for character in truth.characterStarts[box]..<truth.characterStarts[box + 1]
            where cut.contains(truth.characters[character]) {
                inside.append(Int32(character))
            }
            let distance = truthReadings[box].centre.distance(to: cut.centre)
            pairs.append(
                Pair(
                    truth: Int32(box), detection: Int32(detections.count), recall: recall, precision: precision,
                    isGood: recall >= options.areaRecallConstraint && precision >= options.areaPrecisionConstraint,
                    isNear: 2 * (distance / (truth.diagonals[box] + diagonal)) < options.centreDistanceConstraint,
                    characters: start..<Int32(inside.count)))
        }
        return isHidden ? .hidden : .counted
    }

    /// Whether the don't-cares that a detection holds fill enough of it, or any covers enough of it.
    private func isHidden(_ area: Double, _ veils: [(index: Int, shared: Double)]) -> Bool {
        guard area > 0 else { return false }
        let constraint = truth.options.areaPrecisionConstraint
        var filled = 0.0
        for (index, shared) in veils
        where shared / truth.outlines.insideArea(index) > truth.options.areaRecallConstraint {
            filled += shared / area
        }
        return filled >= constraint || veils.contains { $0.shared / area > constraint }
    }

    // MARK: Scoring

    func score(_ kept: [Int]) -> ImageScore {
        let search = Search(self, kept)
        var score = ImageScore()
        var charactersOfDetection = [(held: Int, all: Int)](repeating: (0, 0), count: detections.count)
        var parts = [Int](repeating: 0, count: detections.count)
        var coverage = [Int32](repeating: 0, count: truth.characters.count)
        for box in truth.isDontCare.indices where !truth.isDontCare[box] {
            score.truthBoxes += 1
            let characters = truth.characterStarts[box]..<truth.characterStarts[box + 1]
            var matches = 0
            for index in pairsOfTruth[box] where search.isMatched[index] {
                let pair = pairs[index]
                matches += 1
                parts[Int(pair.detection)] += 1
                charactersOfDetection[Int(pair.detection)].held += pair.characters.count
                charactersOfDetection[Int(pair.detection)].all += characters.count
                for character in pair.characters { coverage[Int(inside[Int(character)])] += 1 }
            }
            guard matches > 0 else {
                score.misses += 1
                continue
            }
            if matches > 1 { score.splits += 1 }
            let once = characters.count { coverage[$0] == 1 }
            score.overlaps += characters.reduce(0) { $0 + max(0, Int(coverage[$1]) - 1) }
            score.counts.truePositives += 1
            score.counts.recallPenalty += 1 - Double(once) / Double(characters.count)
        }
        for index in kept where detections[index] == .counted {
            score.detections += 1
            if parts[index] == 0 { score.falsePositives += 1 }
            if parts[index] > 1 { score.merges += 1 }
            let (held, all) = charactersOfDetection[index]
            if all > 0 { score.counts.precisionPenalty += 1 - Double(held) / Double(all) }
        }
        score.counts.truth = score.truthBoxes
        score.counts.detected = score.detections
        score.counts.falsePositives = score.falsePositives
        // An image without truth is perfect where nothing is detected, as the script has it.
        score.rates =
            score.truthBoxes == 0
            ? Rates(recall: 1.0, precision: score.detections == 0 ? 1.0 : 0.0)
            : score.counts.rates(.tedEval)
        return score
    }

    /// What the subset `kept` matches.
    func matching(_ kept: [Int]) -> Matching {
        let search = Search(self, kept)
        var matching = Matching(
            truth: truth.isDontCare.indices.filter { !truth.isDontCare[$0] },
            detections: kept.filter { detections[$0] == .counted })
        for index in pairs.indices where search.isMatched[index] {
            matching.pairs.append((Int(pairs[index].truth), Int(pairs[index].detection)))
        }
        return matching
    }

    /// Which pairs match in a subset of the detections.
    private struct Search {
        private let all: TedEvalPairs
        /// For each pair.
        private(set) var isMatched: [Bool]

        /// - Complexity: O(*p*) for *p* pairs, and *k*² for a box made of *k* others.
        init(_ all: TedEvalPairs, _ kept: [Int]) {
            self.all = all
            isMatched = [Bool](repeating: false, count: all.pairs.count)
            var isKept = [Bool](repeating: false, count: all.detections.count)
            var goodOfTruth = [Int](repeating: 0, count: all.pairsOfTruth.count)
            for detection in kept {
                isKept[detection] = true
                for index in all.pairStarts[detection]..<all.pairStarts[detection + 1] where all.pairs[index].isGood {
                    goodOfTruth[Int(all.pairs[index].truth)] += 1
                }
            }
            for detection in kept where all.detections[detection] == .counted {
                let own = all.pairStarts[detection]..<all.pairStarts[detection + 1]
                matchManyToOne(own)
                let good = own.filter { all.pairs[$0].isGood }
                if good.count == 1, goodOfTruth[Int(all.pairs[good[0]].truth)] == 1, all.pairs[good[0]].isNear {
                    isMatched[good[0]] = true
                }
            }
            for own in all.pairsOfTruth {
                matchOneToMany(
                    own.filter {
                        let detection = Int(all.pairs[$0].detection)
                        return isKept[detection] && all.detections[detection] == .counted
                    })
            }
        }

        /// Two truth boxes or more, mostly inside one detection, that fill enough of it on one line.
        private mutating func matchManyToOne(_ own: Range<Int>) {
            let parts = own.filter { all.pairs[$0].recall >= all.truth.options.areaRecallConstraint }
            guard parts.count >= 2,
                parts.reduce(0, { $0 + all.pairs[$1].precision }) >= all.truth.options.areaPrecisionConstraint,
                TextDirection.areOnOneLine(parts.map { all.truthReadings[Int(all.pairs[$0].truth)] })
            else { return }
            for index in parts { isMatched[index] = true }
        }

        /// Two detections or more, mostly inside one truth box, that cover enough of it on one line.
        private mutating func matchOneToMany(_ own: [Int]) {
            let parts = own.filter { all.pairs[$0].precision >= all.truth.options.areaPrecisionConstraint }
            guard parts.count >= 2,
                parts.reduce(0, { $0 + all.pairs[$1].recall }) >= all.truth.options.areaRecallConstraint,
                TextDirection.areOnOneLine(parts.map { all.readings[Int(all.pairs[$0].detection)] })
            else { return }
            for index in parts { isMatched[index] = true }
        }
    }
}

/// A detection less the don't-cares that it touches; what stands in truth boxes that count stays.
private struct CutDetection {
    private let outline: Outlines
    private let truth: Outlines
    private let veils: [Int]
    private let kept: [Int]
    /// In square pixels; 0 for a self-crossing one whose lobes cancel, where nothing is cut.
    let area: Double
    let centre: Point

    /// - Parameters:
    ///   - veils: the don't-cares that it shares area with.
    ///   - boxes: all truth boxes that it shares area with.
    init(_ outline: Outlines, _ truth: ImageTruth, without veils: [Int], _ boxes: [Int]) {
        self.outline = outline
        self.truth = truth.outlines
        self.veils = veils
        kept = veils.isEmpty ? [] : boxes.filter { !truth.isDontCare[$0] }
        let polygon = outline.polygon(0)
        if veils.isEmpty {
            area = outline.areas[0]
            centre = polygon.centre
        } else {
            let region = Region(
                polygon, without: veils.map(truth.outlines.polygon), butFor: kept.map(truth.outlines.polygon))
            area = max(0, region.area)
            centre = region.centroid ?? polygon.centre
        }
    }

    func contains(_ point: Point) -> Bool {
        let box = outline.boxes[0]
        guard box.minX <= point.x, point.x <= box.maxX, box.minY <= point.y, point.y <= box.maxY,
            outline.contains(0, point)
        else { return false }
        return !veils.contains { truth.contains($0, point) } || kept.contains { truth.contains($0, point) }
    }
}

/// Which way a box's text runs: from the middle of the side at which it starts to the box's centre.
struct TextDirection: Hashable {
    let start, centre: Point

    init(_ polygon: Polygon) {
        let points = polygon.points
        centre = polygon.centre
        guard let first = points.first, let last = points.last else {
            start = centre
            return
        }
        start = Point((first.x + last.x) / 2, (first.y + last.y) / 2)
    }

    /// The mean of the two diagonals.
    static func diagonal(_ polygon: Polygon) -> Double {
        let points = polygon.points
        guard let first = points.first, let last = points.last else { return 0 }
        let half = points.count / 2
        return (first.distance(to: points[half]) + points[max(half - 1, 0)].distance(to: last)) / 2
    }

    /// Whether no box is seen from another's centre at 45 degrees or more to its own text (the paper's figure 2).
    ///
    /// - Complexity: O(*k*²) in the number of different boxes.
    static func areOnOneLine(_ boxes: [TextDirection]) -> Bool {
        var times: [TextDirection: Int] = [:]
        for box in boxes { times[box, default: 0] += 1 }
        for (box, count) in times {
            for seen in times.keys where seen != box || count > 1 {
                if isAskew(box.start, from: seen.centre, box.centre) { return false }
            }
        }
        return true
    }

    /// Whether the lines from `place` to the two points cross at 45 degrees or more.
    private static func isAskew(_ a: Point, from place: Point, _ b: Point) -> Bool {
        let (first, second) = (Point(a.x - place.x, a.y - place.y), Point(b.x - place.x, b.y - place.y))
        let across = abs(first.x * second.y - first.y * second.x)
        let along = abs(first.x * second.x + first.y * second.y)
        // The script's own arithmetic only where rounding could decide.
        if across < along * (1 - 1e-9) { return false }
        if across > along * (1 + 1e-9) { return true }
        var angle = (atan2(second.y, second.x) - atan2(first.y, first.x)) * (180 / Double.pi)
        if angle < 0 { angle += 360 }
        if angle > 180 { angle = 360 - angle }
        return min(angle, 180 - angle) >= 45
    }
}

extension Point {
    fileprivate func distance(to other: Point) -> Double {
        let (x, y) = (abs(x - other.x), abs(y - other.y))
        return (x * x + y * y).squareRoot()
    }
}

extension Polygon {
    /// The centre of gravity; without area the middle of the bounding box, 0, 0 without corners.
    fileprivate var centre: Point {
        guard let box = boundingBox, var previous = points.last else { return Point(0, 0) }
        let origin = Point(box.minX, box.minY)
        var (x, y, twice) = (0.0, 0.0, 0.0)
        for point in points {
            let (a, b) = (
                Point(previous.x - origin.x, previous.y - origin.y), Point(point.x - origin.x, point.y - origin.y)
            )
            let turn = a.x * b.y - b.x * a.y
            x += (a.x + b.x) * turn
            y += (a.y + b.y) * turn
            twice += turn
            previous = point
        }
        guard twice != 0 else { return Point((box.minX + box.maxX) / 2, (box.minY + box.maxY) / 2) }
        return Point(origin.x + x / (3 * twice), origin.y + y / (3 * twice))
    }
}
