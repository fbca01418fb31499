import Core
import Dataset
import Maps
import Metrics
import PostProc

/// What one image says about every point: each distinct set of boxes is scored once.
struct ImageOutcome: Sendable, Equatable {
    /// What a set of boxes scored, as much of it as figures over images need; its counts are narrow, there being many.
    struct Score: Sendable, Hashable {
        let rates: Rates
        private let recallPenalty, precisionPenalty: Double
        private let truth, detected, truePositives, falsePositives, boxCount: Int32

        init(rates: Rates, counts: ImageScore.Counts, boxes: Int) {
            self.rates = rates
            (recallPenalty, precisionPenalty) = (counts.recallPenalty, counts.precisionPenalty)
            (truth, detected) = (Int32(counts.truth), Int32(counts.detected))
            (truePositives, falsePositives) = (Int32(counts.truePositives), Int32(counts.falsePositives))
            boxCount = Int32(boxes)
        }

        var boxes: Int { Int(boxCount) }

        var counts: ImageScore.Counts {
            var counts = ImageScore.Counts()
            (counts.truth, counts.detected) = (Int(truth), Int(detected))
            (counts.truePositives, counts.falsePositives) = (Int(truePositives), Int(falsePositives))
            (counts.recallPenalty, counts.precisionPenalty) = (recallPenalty, precisionPenalty)
            return counts
        }
    }

    /// The distinct scores.
    private(set) var scores: [Score]
    /// Each choice's place in `scores`, group after group; where it failed, the complement of its place in `failures`.
    let places: PlaceRuns
    /// Why choices failed, a line each.
    private(set) var failures: [String] = []
    /// The most contours that any binarization of the map has.
    private(set) var contours = 0

    init(scores: [Score], places: PlaceRuns, contours: Int) {
        self.scores = scores
        self.places = places
        self.contours = contours
    }

    /// What a choice scored, by its place in `PointGroups.places`.
    func score(of choice: Int32) -> Score { scores[Int(places[choice])] }

    /// Why a choice has no score; nil where it has one.
    func failure(of choice: Int32) -> String? {
        let place = places[choice]
        return place < 0 ? failures[Int(~place)] : nil
    }

    /// Reads one map and takes it through all groups.
    ///
    /// Candidates are found once a group, and so is their geometry against the truth; a choice's boxes are then a subset
    /// of them, and choices with the same subset share a score.
    ///
    /// A map that cannot be read fails every choice, a group whose candidates cannot be found fails its own.
    init(_ name: String, in maps: any MapSource, truth: ImageTruth, groups: PointGroups) {
        let map: ImageMap
        do {
            map = try maps.read(name)
        } catch {
            failures = [Self.failure(name, error)]
            places = PlaceRuns(Array(repeating: ~0, count: groups.choiceCount))
            scores = []
            return
        }
        var places: [Int32] = []
        places.reserveCapacity(groups.choiceCount)
        var scores = Scores()
        let processor = PostProcessor()
        for group in groups.groups {
            do {
                let found = try processor.candidates(
                    map, options: group.options, maxCandidates: group.maxCandidates, scoreFloor: group.scoreFloor)
                contours = max(contours, found.contourCount)
                scores.add(group, found.candidates, truth, &places)
            } catch {
                failures.append(Self.failure(name, error))
                places += repeatElement(~Int32(failures.count - 1), count: group.choices.count)
            }
        }
        self.places = PlaceRuns(places)
        // Without the room that an array grows by.
        self.scores = scores.distinct.withUnsafeBufferPointer(Array.init)
    }

    private static func failure(_ name: String, _ error: any Error) -> String {
        let text = (error as? any DiagnosedError)?.diagnosis.text ?? "\(error)"
        return "\(name): " + (text.split(separator: "\n").first.map(String.init) ?? text)
    }
}

/// An image's scores as they are found.
private struct Scores {
    private(set) var distinct: [ImageOutcome.Score] = []
    private var placeOf: [ImageOutcome.Score: Int32] = [:]

    /// Scores a group's choices and adds the place of each to `places`.
    mutating func add(
        _ group: PointGroups.Group, _ candidates: [Candidate], _ truth: ImageTruth, _ places: inout [Int32]
    ) {
        let pairs = truth.pairs(with: candidates.map { Word(id: "", polygon: $0.polygon, score: $0.score) })
        let ascending = candidates.map(\.score).sorted()
        var byCut: [Cut: Int32] = [:]
        var bySubset: [Subset: Int32] = [:]
        for choice in group.choices {
            let cut = Cut(
                prefix: candidates.partitionPoint { $0.contourIndex >= choice.maxCandidates },
                dropped: ascending.partitionPoint { $0 >= choice.boxThresh })
            if let place = byCut[cut] {
                places.append(place)
                continue
            }
            let subset = Subset(candidates, prefix: cut.prefix, boxThresh: choice.boxThresh)
            let place = bySubset[subset] ?? place(of: pairs, keeping: subset.indices)
            bySubset[subset] = place
            byCut[cut] = place
            places.append(place)
        }
    }

    /// Sets of boxes that score the same share a place.
    private mutating func place(of pairs: ImagePairs, keeping kept: [Int]) -> Int32 {
        let scored = pairs.score(keeping: kept)
        let score = ImageOutcome.Score(rates: scored.rates, counts: scored.counts, boxes: kept.count)
        if let place = placeOf[score] { return place }
        let place = Int32(distinct.count)
        distinct.append(score)
        placeOf[score] = place
        return place
    }

    /// How many candidates, in contour order, `max_candidates` leaves, and how many of all `box_thresh` drops.
    private struct Cut: Hashable {
        let prefix, dropped: Int
    }

    /// The candidates that stay, a bit each.
    private struct Subset: Hashable {
        private var bits: [UInt64]

        init(_ candidates: [Candidate], prefix: Int, boxThresh: Double) {
            bits = Array(repeating: 0, count: (prefix + 63) / 64)
            for index in 0..<prefix where candidates[index].score >= boxThresh { bits[index / 64] |= 1 << (index % 64) }
            while bits.last == 0 { bits.removeLast() }
        }

        var indices: [Int] {
            var indices: [Int] = []
            for (block, bits) in bits.enumerated() {
                var rest = bits
                while rest != 0 {
                    indices.append(block * 64 + rest.trailingZeroBitCount)
                    rest &= rest - 1
                }
            }
            return indices
        }
    }
}

/// A number for each choice, in runs of equals.
struct PlaceRuns: Sendable, Equatable {
    /// How many choices there are.
    let count: Int
    /// Where each run starts; none where there are too many runs to gain by.
    private var starts: [Int32] = []
    private var values: [Int32]

    init(_ places: [Int32]) {
        count = places.count
        values = places
        let first = values.indices.filter { $0 == 0 || values[$0] != values[$0 - 1] }
        guard 2 * first.count < values.count else { return }
        starts = first.map(Int32.init)
        values = first.map { values[$0] }
    }

    /// - Complexity: O(log runs).
    subscript(choice: Int32) -> Int32 {
        starts.isEmpty ? values[Int(choice)] : values[starts.partitionPoint { $0 > choice } - 1]
    }
}

extension Array {
    /// The first position from which on `isIn` holds, in an array where it holds for a tail.
    func partitionPoint(where isIn: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isIn(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
