import ArgumentParser
import Metrics

/// By which rules predictions are scored, for commands that score.
struct ScoringFlags: ParsableArguments {
    @Option(
        name: .long, help: "leaderboard (CLEval, the leaderboard's variant), upstream (CLEval as published) or iou.")
    var metric = MetricKind.clevalLeaderboard

    @Flag(
        name: .long, inversion: .prefixedNo,
        help: "Keep truth marked ### (don't care) out of the count (default: no for leaderboard, else yes).")
    var dontCares: Bool?

    /// The metric's defaults, but for what was given.
    var options: ScoringOptions {
        var options = ScoringOptions(metric: metric)
        if let dontCares { options.honoursDontCares = dontCares }
        return options
    }
}

extension MetricKind: ExpressibleByArgument {}
