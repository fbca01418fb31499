import Core
import Dataset
import Maps
import Metrics
import PostProc

/// What one image says about every point: each distinct set of boxes is scored once.
struct ImageOutcome: Sendable, Equatable {
    /// The distinct scores, with the number of boxes each comes from.
    private(set) var scores: [ImageScore] = []
    private(set) var boxes: [Int] = []
    /// Each point's place in `scores`; where it failed, the complement of its place in `failures`.
    private(set) var places: [Int32]
    /// Why points failed, a line each.
    private(set) var failures: [String] = []
    /// The most contours that any binarization of the map has.
    private(set) var contours = 0

    init(scores: [ImageScore], boxes: [Int], places: [Int32], contours: Int) {
        self.scores = scores
        self.boxes = boxes
        self.places = places
        self.contours = contours
    }

    /// Reads one map and takes it through all points.
    ///
    /// Candidates are found once a group, and so is their geometry against the truth; a point's boxes are then a subset of
    /// them, and points with the same subset share a score.
    ///
    /// A map that cannot be read fails every point, a group whose candidates cannot be found fails its points.
    init(_ name: String, in maps: any MapSource, truth: ImageTruth, groups: PointGroups) {
        places = Array(repeating: 0, count: groups.pointCount)
        let map: ImageMap
        do {
            map = try maps.read(name)
        } catch {
            let failure = fail(name, error)
            for point in places.indices { places[point] = failure }
            return
        }
        let processor = PostProcessor()
        for group in groups.groups {
            do {
                let found = try processor.candidates(
                    map, options: group.options, maxCandidates: group.maxCandidates, scoreFloor: group.scoreFloor)
                contours = max(contours, found.contourCount)
                score(group, found.candidates, truth)
            } catch {
                let failure = fail(name, error)
                for point in group.points { places[point.number] = failure }
            }
        }
    }

    private mutating func fail(_ name: String, _ error: any Error) -> Int32 {
        let text = (error as? any DiagnosedError)?.diagnosis.text ?? "\(error)"
        failures.append("\(name): " + (text.split(separator: "\n").first.map(String.init) ?? text))
        return ~Int32(failures.count - 1)
    }

    private mutating func score(_ group: PointGroups.Group, _ candidates: [Candidate], _ truth: ImageTruth) {
        let pairs = truth.pairs(with: candidates.map { Word(id: "", polygon: $0.polygon, score: $0.score) })
        let ascending = candidates.map(\.score).sorted()
        var byCut: [Cut: Int32] = [:]
        var bySubset: [Subset: Int32] = [:]
        for point in group.points {
            let cut = Cut(
                prefix: candidates.partitionPoint { $0.contourIndex >= point.maxCandidates },
                dropped: ascending.partitionPoint { $0 >= point.boxThresh })
            if let place = byCut[cut] {
                places[point.number] = place
                continue
            }
            let subset = Subset(candidates, prefix: cut.prefix, boxThresh: point.boxThresh)
            let place: Int32
            if let present = bySubset[subset] {
                place = present
            } else {
                let kept = subset.indices
                place = Int32(scores.count)
                scores.append(pairs.score(keeping: kept))
                boxes.append(kept.count)
                bySubset[subset] = place
            }
            byCut[cut] = place
            places[point.number] = place
        }
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

extension Array {
    /// The first position from which on `isIn` holds, in an array where it holds for a tail.
    fileprivate func partitionPoint(where isIn: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isIn(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
