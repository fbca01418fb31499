import Core
import Metrics
import PostProc

/// A sweep's points, ranked.
public struct SweepResult: Sendable {
    /// A point that every image was scored at.
    public struct Scored: Sendable, Equatable {
        /// From 1.
        public let rank: Int
        /// The point's place in the search space, from 1.
        public let trial: Int
        /// The point.
        public let setting: Setting
        /// Means over images: the leaderboard's numbers.
        public let mean: Rates
        /// From the counts of all images together.
        public let pooled: Rates
        /// Boxes over all images.
        public let boxes: Int
        /// The figures at every `box_thresh`, where the sweep solved for it.
        public let curve: BoxThreshCurve?
        /// How sure this place is; nil where nothing was resampled.
        public let confidence: Confidence?
    }

    /// A point without a score.
    public struct Failed: Sendable, Equatable {
        /// The point's place in the search space, from 1.
        public let trial: Int
        /// The point.
        public let setting: Setting
        /// The first image that failed and why, and how many did.
        public let reason: String
    }

    /// The points with a score, best first.
    public private(set) var ranked: RankedPoints
    /// In the order of the search space.
    public let failed: [Failed]
    /// The parameters with more than one value, in the configuration's order: a table's columns.
    public private(set) var sweptParameters: [Parameter]
    /// All parameters that the configuration names.
    public let parameters: [Parameter]
    /// What ranks.
    public let target: SweepConfiguration.Target
    /// Which metric the rates are of.
    public let metric: MetricKind
    /// How many images were scored.
    public let imageCount: Int
    /// How many of them came from the trial journal.
    public let resumedImages: Int
    /// What is worth saying: keys read over, maps without truth, parameters that change nothing.
    public let notes: [String]

    init(_ outcomes: SweepOutcomes, configuration: SweepConfiguration, notes: [String], resumedImages: Int) {
        let space = configuration.space
        failed = outcomes.failures.map { point, reason in
            Failed(trial: point + 1, setting: outcomes.points[point], reason: reason)
        }
        let trials = Set(failed.map(\.trial))
        ranked = RankedPoints(
            outcomes.points.indices.lazy.filter { !trials.contains($0 + 1) }, of: outcomes, by: configuration.target)
        self.notes =
            notes
            + InertParameters(
                ranked, swept: space.sweptParameters, mostContours: outcomes.images.lazy.map(\.contours).max() ?? 0
            ).notes
        sweptParameters = space.sweptParameters
        parameters = space.parameters
        target = configuration.target
        metric = outcomes.metric
        imageCount = outcomes.images.count
        self.resumedImages = resumedImages
    }

    /// Gives each ranked point the curve that its `box_thresh` was read off.
    mutating func add(_ curves: [Setting: BoxThreshCurve], of space: SearchSpace) {
        sweptParameters = space.sweptParameters
        ranked.curves = curves
    }

    /// Tells of each ranked point how sure its place is.
    mutating func resample(_ options: BootstrapOptions, width: Int) async throws {
        ranked.confidences = try await SweepConfidence(ranked: ranked, options: options).run(width: width)
    }
}

extension SweepResult.Scored {
    /// The figure that ranks.
    public func value(of target: SweepConfiguration.Target) -> Double {
        target.value(mean: mean, pooled: pooled)
    }
}

extension SweepConfiguration.Target {
    /// The figure that ranks, of the two kinds of figures.
    func value(mean: Rates, pooled: Rates) -> Double {
        switch self {
        case .hmean: mean.hmean
        case .precision: mean.precision
        case .recall: mean.recall
        case .pooledHmean: pooled.hmean
        case .pooledPrecision: pooled.precision
        case .pooledRecall: pooled.recall
        }
    }
}
