import Metrics

/// A sweep's points that every image was scored at, best first; ties go to fewer boxes, then to the lower trial number.
///
/// Of each only the figures are kept; its setting is made when it is asked for.
public struct RankedPoints: RandomAccessCollection, Sendable {
    let outcomes: SweepOutcomes
    let target: SweepConfiguration.Target
    /// The points by their number in the sweep, from 0.
    let numbers: [Int32]
    private let figures: [SweepOutcomes.Figures]
    /// How sure each place is, `SweepConfidence.chunk` after the other; empty where nothing was resampled.
    var confidences: [[SweepResult.Confidence]] = []
    /// The figures at every `box_thresh`, by point, where the sweep solved for it.
    var curves: [Setting: BoxThreshCurve] = [:]

    /// Ranks those of `points`.
    init(_ points: some Sequence<Int>, of outcomes: SweepOutcomes, by target: SweepConfiguration.Target) {
        let numbers = points.map(Int32.init)
        let figures = numbers.map { outcomes.figures(of: Int($0)) }
        let order = numbers.indices.sorted {
            let (one, other) = (figures[$0], figures[$1])
            return (other.value(of: target), one.boxes, $0) < (one.value(of: target), other.boxes, $1)
        }
        self.outcomes = outcomes
        self.target = target
        self.numbers = order.map { numbers[$0] }
        self.figures = order.map { figures[$0] }
    }

    /// 0.
    public var startIndex: Int { 0 }
    /// How many points have a score.
    public var endIndex: Int { numbers.count }

    /// The point of rank `position + 1`.
    public subscript(position: Int) -> SweepResult.Scored {
        let (setting, figures) = (setting(at: position), figures[position])
        return SweepResult.Scored(
            rank: position + 1, trial: Int(numbers[position]) + 1, setting: setting, mean: figures.mean,
            pooled: figures.pooled, boxes: figures.boxes, curve: curves[setting],
            confidence: confidence(at: position))
    }

    /// How many points are not separable from the first.
    public var inseparableCount: Int { indices.dropFirst().count { confidence(at: $0)?.isSeparable == false } }

    /// The figure that ranks.
    func value(at position: Int) -> Double { figures[position].value(of: target) }

    func confidence(at position: Int) -> SweepResult.Confidence? {
        confidences.isEmpty ? nil : confidences[position / SweepConfidence.chunk][position % SweepConfidence.chunk]
    }

    func setting(at position: Int) -> Setting { outcomes.points[Int(numbers[position])] }

    /// Whether the points at two positions score the same on each image.
    func areSame(_ position: Int, _ other: Int) -> Bool {
        outcomes.areSame(Int(numbers[position]), Int(numbers[other]))
    }
}
