import Core
import Dataset
import Maps
import Metrics
import PostProc

/// A sweep's figures as a function of `box_thresh`, at all numbers of [0,1]: a step function that changes only where a
/// box's score is passed.
public struct BoxThreshCurve: Sendable, Equatable {
    /// What holds for each threshold above the step before, up to and including `through`.
    public struct Step: Sendable, Equatable {
        /// The last threshold of the step: the score of the boxes that leave next, 1 at the end.
        public let through: Double
        /// Means over images.
        public let mean: Rates
        /// From the counts of all images together.
        public let pooled: Rates
        /// Boxes over all images.
        public let boxes: Int
    }

    /// A stretch of thresholds that all give the best figure.
    public struct Plateau: Sendable, Equatable {
        /// The stretch begins right above; at 0 it begins at 0.
        public let above: Double
        /// The last threshold of the stretch.
        public let through: Double

        /// The shortest decimal near the middle.
        public var boxThresh: Double {
            let middle = (above + through) / 2
            var scale = 1.0
            for _ in 0..<15 {
                scale *= 10
                let rounded = (middle * scale).rounded() / scale
                if rounded > above, rounded <= through { return rounded }
            }
            return through
        }
    }

    /// In the order of thresholds; the last ends at 1.
    public let steps: [Step]
    /// The widest stretch with the best figure, the lowest of equals.
    public let plateau: Plateau
    /// How many stretches have the best figure.
    public let plateauCount: Int

    /// Merges the images' steps.
    ///
    /// - Complexity: O(boxes · images).
    package init(_ images: [ImageSteps], options: ScoringOptions, target: SweepConfiguration.Target) {
        var places = [Int](repeating: 0, count: images.count)
        var current = images.map { $0.scores[0] }
        var boxes = images.reduce(0) { $0 + $1.boxes[0] }
        let events = images.enumerated().flatMap { image, steps in steps.leaving.map { (score: $0, image: image) } }
            .sorted { ($0.score, $0.image) < ($1.score, $1.image) }
        var steps: [Step] = []
        func close(through: Double) {
            let counts = current.reduce(ImageScore.Counts()) { $0 + $1.counts }
            steps.append(
                Step(
                    through: through, mean: SetScore.mean(current.map(\.rates), options.metric),
                    pooled: counts.rates(options.metric), boxes: boxes))
        }
        var next = 0
        while next < events.count, events[next].score < 1 {
            let score = events[next].score
            close(through: score)
            while next < events.count, events[next].score == score {
                let image = events[next].image
                boxes -= images[image].boxes[places[image]]
                places[image] += 1
                boxes += images[image].boxes[places[image]]
                current[image] = images[image].scores[places[image]]
                next += 1
            }
        }
        close(through: 1)
        self.steps = steps
        (plateau, plateauCount) = Self.best(steps, target)
    }

    private static func best(_ steps: [Step], _ target: SweepConfiguration.Target) -> (Plateau, Int) {
        let values = steps.map { target.value(mean: $0.mean, pooled: $0.pooled) }
        let highest = values.max() ?? 0
        var best = Plateau(above: 0, through: 0)
        var count = 0
        var start = 0
        while start < steps.count {
            var end = start + 1
            while end < steps.count, values[end] == values[start] { end += 1 }
            if values[start] == highest {
                count += 1
                let found = Plateau(above: start == 0 ? 0 : steps[start - 1].through, through: steps[end - 1].through)
                if count == 1 || found.through - found.above > best.through - best.above { best = found }
            }
            start = end
        }
        return (best, count)
    }
}

/// One image's score as a function of `box_thresh`.
package struct ImageSteps: Sendable {
    /// The distinct scores of its boxes, ascending.
    private(set) var leaving: [Double] = []
    /// What holds up to each of `leaving`, and after the last.
    private(set) var scores: [ImageScore] = []
    private(set) var boxes: [Int] = []

    /// Lets the boxes below `maxCandidates` leave one score after the other.
    init(_ candidates: [Candidate], _ pairs: ImagePairs, maxCandidates: Int) {
        self.init(
            candidates.map(\.score), keeping: candidates.indices.filter { candidates[$0].contourIndex < maxCandidates },
            pairs)
    }

    /// Lets detections leave one score after the other, the lowest first.
    ///
    /// - Parameter kept: which of them there are at first; nil is all.
    package init(_ scores: [Double], keeping kept: [Int]? = nil, _ pairs: ImagePairs) {
        var kept = kept ?? Array(scores.indices)
        leaving = Set(kept.map { scores[$0] }).sorted()
        for score in leaving {
            append(kept, pairs)
            kept.removeAll { scores[$0] == score }
        }
        append(kept, pairs)
    }

    private mutating func append(_ kept: [Int], _ pairs: ImagePairs) {
        scores.append(pairs.score(keeping: kept))
        boxes.append(kept.count)
    }

    /// The steps of every choice of `groups` on one map, each as if it named no `box_thresh`.
    ///
    /// - Throws: errors of the map and of post-processing.
    static func all(_ name: String, in maps: any MapSource, truth: ImageTruth, groups: PointGroups) throws
        -> [ImageSteps]
    {
        let map = try maps.read(name)
        let processor = PostProcessor()
        return try groups.groups.flatMap { group in
            let found = try processor.candidates(map, options: group.options, maxCandidates: group.maxCandidates)
            let words = found.candidates.map { Word(id: "", polygon: $0.polygon, score: $0.score) }
            let pairs = truth.pairs(with: words)
            return group.choices.map { ImageSteps(found.candidates, pairs, maxCandidates: $0.maxCandidates) }
        }
    }
}
