import ArgumentParser
import Metrics

/// By which rules predictions are scored, for commands that score.
struct ScoringFlags: ParsableArguments {
    @Option(
        name: .long,
        help: """
            leaderboard (CLEval, the leaderboard's variant), upstream (CLEval as published), iou, deteval (upright \
            rectangles) or tedeval.
            """)
    var metric = MetricKind.clevalLeaderboard

    @Flag(
        name: .long, inversion: .prefixedNo,
        help: "Keep truth marked ### (don't care) out of the count (default: no for leaderboard, else yes).")
    var dontCares: Bool?

    @OptionGroup(title: "METRIC OPTIONS") var details: MetricFlags

    /// The metric's defaults, but for what was given.
    var options: ScoringOptions {
        var options = ScoringOptions(metric: metric)
        if let dontCares { options.honoursDontCares = dontCares }
        details.apply(to: &options)
        return options
    }

    func validate() throws {
        if let stray = details.stray(for: metric) {
            throw ValidationError("\(stray) says nothing to --metric \(metric.rawValue)")
        }
        do {
            try options.validate()
        } catch let error as MetricsError {
            throw ValidationError(error.diagnosis.text)
        }
    }
}

/// The options of the published scorers, under their names.
struct MetricFlags: ParsableArguments {
    @Option(
        name: .long,
        help: "Detections that count an image, in file order; 0 for all (leaderboard: 500, else all).")
    var maxDetections: Int?

    @Option(
        name: .long,
        help: """
            AREA_PRECISION_CONSTRAINT: the share of a detection that truth must cover (CLEval: .3, deteval, tedeval: \
            .4), or that a don't-care must (iou: .5).
            """)
    var areaPrecision: Double?

    @Option(
        name: .long,
        help: """
            AREA_RECALL_CONSTRAINT: the share of a truth box that detections must cover (deteval: .8, tedeval: .4).
            """)
    var areaRecall: Double?

    @Option(
        name: .long,
        help: """
            EV_PARAM_IND_CENTER_DIFF_THR: how far apart the centres of boxes that match one to one may be, in their \
            mean diagonals (deteval, tedeval: 1).
            """)
    var centreDistance: Double?

    @Option(name: .long, help: "MTYPE_OM_O: what a truth box and its parts count where it is split (deteval: .8).")
    var oneToMany: Double?

    @Option(name: .long, help: "RECALL_GRANULARITY_PENALTY_WEIGHT, characters a split (CLEval: 1).")
    var recallPenalty: Double?

    @Option(name: .long, help: "PRECISION_GRANULARITY_PENALTY_WEIGHT, characters a merge (CLEval: 1).")
    var precisionPenalty: Double?

    @Option(
        name: .long, help: "VERTICAL_ASPECT_RATIO_THRESH: width over height below which text runs down (upstream: .5).")
    var verticalAspect: Double?

    @Flag(name: .customLong("e2e"), help: "E2E: count the characters read, not those found (upstream).")
    var endToEnd = false

    @Flag(name: .long, help: "CASE_SENSITIVE off: a read as A is right (upstream, with --e2e).")
    var ignoreCase = false

    @Option(name: .long, help: "IOU_CONSTRAINT: a match is above it (iou: .5).")
    var iouConstraint: Double?

    @Flag(name: .long, help: "Match as many boxes as possible, not the first that fit (iou).")
    var maxMatching = false

    func apply(to options: inout ScoringOptions) {
        if let maxDetections { options.maxDetections = maxDetections == 0 ? nil : maxDetections }
        if let areaPrecision {
            if options.metric == .icdarIoU {
                options.dontCareConstraint = areaPrecision
            } else {
                options.areaPrecisionConstraint = areaPrecision
            }
        }
        if let areaRecall { options.areaRecallConstraint = areaRecall }
        if let centreDistance { options.centreDistanceConstraint = centreDistance }
        if let oneToMany { options.oneToManyCredit = oneToMany }
        if let recallPenalty { options.recallGranularityPenaltyWeight = recallPenalty }
        if let precisionPenalty { options.precisionGranularityPenaltyWeight = precisionPenalty }
        if let verticalAspect { options.verticalAspectRatioThreshold = verticalAspect }
        options.endToEnd = endToEnd
        options.caseSensitive = !ignoreCase
        if let iouConstraint { options.iouConstraint = iouConstraint }
        options.maxMatching = maxMatching
    }

    /// The first option given that `metric` does not look at.
    func stray(for metric: MetricKind) -> String? {
        let given: [(name: String, isGiven: Bool, metrics: [MetricKind])] = [
            ("--area-recall", areaRecall != nil, [.detEval, .tedEval]),
            ("--centre-distance", centreDistance != nil, [.detEval, .tedEval]),
            ("--one-to-many", oneToMany != nil, [.detEval]),
            ("--recall-penalty", recallPenalty != nil, [.clevalLeaderboard, .clevalUpstream]),
            ("--precision-penalty", precisionPenalty != nil, [.clevalLeaderboard, .clevalUpstream]),
            ("--vertical-aspect", verticalAspect != nil, [.clevalUpstream]),
            ("--e2e", endToEnd, [.clevalUpstream]), ("--ignore-case", ignoreCase, [.clevalUpstream]),
            ("--iou-constraint", iouConstraint != nil, [.icdarIoU]), ("--max-matching", maxMatching, [.icdarIoU]),
        ]
        return given.first { $0.isGiven && !$0.metrics.contains(metric) }?.name
    }
}

extension MetricKind: ExpressibleByArgument {}
