import Core
import Metrics
import PostProc

/// A sweep's points, ranked.
public struct SweepResult: Sendable {
    /// A point that every image was scored at.
    public struct Scored: Sendable, Equatable {
        /// From 1; see `ranked`.
        public var rank: Int
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
        public var curve: BoxThreshCurve?
        /// How sure this place is; nil where nothing was resampled.
        public var confidence: Confidence?
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

    /// Best first. Ties go to fewer boxes, then to the lower trial number.
    public private(set) var ranked: [Scored]
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

    init(
        configuration: SweepConfiguration, points: [Setting], images: Int, outcomes: [ImageOutcome],
        order: [Int32], options: ScoringOptions, notes: [String], resumedImages: Int
    ) {
        var scored: [Scored] = []
        var failed: [Failed] = []
        scored.reserveCapacity(points.count)
        for (point, setting) in points.enumerated() {
            if let reason = Self.failure(of: order[point], outcomes) {
                failed.append(Failed(trial: point + 1, setting: setting, reason: reason))
                continue
            }
            var boxes = 0
            var counts = ImageScore.Counts()
            let rates = outcomes.map { outcome in
                let score = outcome.scores[outcome.place(order[point])]
                boxes += score.boxes
                counts = counts + score.counts
                return score.rates
            }
            scored.append(
                Scored(
                    rank: 0, trial: point + 1, setting: setting, mean: SetScore.mean(rates, options.metric),
                    pooled: counts.rates(options.metric), boxes: boxes))
        }
        let space = configuration.space
        self.notes =
            notes
            + InertParameters(
                scored, swept: space.sweptParameters, mostContours: outcomes.lazy.map(\.contours).max() ?? 0
            ).notes
        let target = configuration.target
        Self.rank(&scored, by: target)
        ranked = scored
        self.failed = failed
        sweptParameters = space.sweptParameters
        parameters = space.parameters
        self.target = target
        metric = options.metric
        imageCount = images
        self.resumedImages = resumedImages
    }

    /// Best first. Places are sorted and points then moved along the order's cycles: `sort` would hold half of them twice.
    private static func rank(_ scored: inout [Scored], by target: SweepConfiguration.Target) {
        var order = scored.indices.sorted {
            let (one, other) = (scored[$0], scored[$1])
            return (other.value(of: target), one.boxes, one.trial) < (one.value(of: target), other.boxes, other.trial)
        }
        for start in scored.indices where order[start] != start {
            let first = scored[start]
            var place = start
            while order[place] != start {
                let from = order[place]
                scored[place] = scored[from]
                order[place] = place
                place = from
            }
            scored[place] = first
            order[place] = place
        }
        for place in scored.indices { scored[place].rank = place + 1 }
    }

    /// Gives each ranked point the curve that its `box_thresh` was read off.
    mutating func add(_ curves: [Setting: BoxThreshCurve], of space: SearchSpace) {
        sweptParameters = space.sweptParameters
        for position in ranked.indices { ranked[position].curve = curves[ranked[position].setting] }
    }

    /// Tells of each ranked point how sure its place is.
    ///
    /// - Parameters:
    ///   - outcomes: those that the result was made of.
    ///   - order: `PointGroups.order`.
    mutating func resample(
        _ outcomes: [ImageOutcome], _ order: [Int32], _ options: BootstrapOptions, width: Int
    ) async throws {
        let confidence = SweepConfidence(
            target: target, metric: metric, options: options, outcomes: outcomes,
            points: ranked.map { order[$0.trial - 1] })
        for (position, found) in try await confidence.run(width: width).enumerated() {
            ranked[position].confidence = found
        }
    }

    private static func failure(of point: Int32, _ outcomes: [ImageOutcome]) -> String? {
        let failures = outcomes.filter { $0.place(point) < 0 }
        guard let first = failures.first else { return nil }
        let reason = first.failures[~first.place(point)]
        return failures.count == 1 ? reason : "\(failures.count) images failed, the first: \(reason)"
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
