import Core

/// A sweep as its YAML file says it, in the shape of a Weights & Biases sweep.
///
///     method: grid                 # or random, with run_cap draws
///     metric: {name: hmean, goal: maximize}
///     parameters:
///       thresh: {values: [.20, .22, .24]}
///       models.head.postprocess.box_thresh: {min: .2, max: .3, distribution: q_uniform, q: .02}
///       max_candidates: {value: 600}
///       # box_thresh: exact        # the best of all numbers, for each point of the others
///     points:                      # or, beside it: rows of values that move together
///       columns: [thresh, box_thresh]
///       rows: [[.24, .25], [.26, .25]]
///
/// Points and parameters multiply; the points, then the parameters in file order are the axes, and the last turns
/// fastest. Keys of a W&B sweep that mean nothing here are read over and listed in `ignoredKeys`.
public struct SweepConfiguration: Sendable, Equatable {
    /// How points are chosen.
    public enum Method: String, Sendable, CaseIterable {
        /// All of them.
        case grid
        /// `runCap` draws.
        case random
    }

    /// Which figure ranks the points; all are better the higher they are.
    public enum Target: String, Sendable, CaseIterable {
        /// The mean over images of the per-image H-mean: the leaderboard's number.
        case hmean
        case precision
        case recall
        case pooledHmean = "pooled_hmean"
        case pooledPrecision = "pooled_precision"
        case pooledRecall = "pooled_recall"
    }

    /// Default `grid`.
    public var method: Method
    /// Default `hmean`.
    public var target: Target
    /// What can be tried.
    public var space: SearchSpace
    /// `run_cap`: the number of draws, or the most points of a grid that are tried; nil is no limit.
    public var runCap: Int?
    /// The seed of random search; default 0.
    public var seed: UInt64
    /// Keys that W&B knows and this tool has no use for, in file order.
    public var ignoredKeys: [String]

    /// A sweep over `space`.
    public init(
        _ space: SearchSpace, method: Method = .grid, target: Target = .hmean, runCap: Int? = nil, seed: UInt64 = 0
    ) {
        self.space = space
        self.method = method
        self.target = target
        self.runCap = runCap
        self.seed = seed
        ignoredKeys = []
    }

    /// How many points the sweep tries before repeated ones are dropped, at most `Int.max`.
    public var pointCount: Int {
        switch method {
        case .grid: min(space.gridCount ?? 0, runCap ?? .max)
        case .random: runCap ?? 0
        }
    }

    /// The points, each once, in the order of the grid or of the draws.
    ///
    /// - Parameter base: the values of parameters that the configuration does not name.
    /// - Throws: `SweepError` (78) where there is no point or no end of them, or `base` has a value that post-processing
    ///   refuses.
    public func points(base: Setting = Setting()) throws -> SweepPoints {
        for parameter in Parameter.allCases where !parameter.accepts(base[parameter]) {
            throw SweepError.configuration(
                "\(parameter.rawValue) cannot be \(base[parameter].number ?? .nan)",
                expected: parameter.expected)
        }
        let points =
            switch method {
            case .grid: SweepPoints(grid: space, base: base, limit: runCap ?? .max)
            case .random: SweepPoints(draws: runCap ?? 0, from: space, seed: seed, base: base)
            }
        guard !points.isEmpty else { throw Self.noPoint(method) }
        guard points.count <= Int32.max else {
            throw SweepError.configuration(
                "more points than can be tried", found: "\(points.count)", expected: "at most \(Int32.max)",
                nextStep: "take method: random with run_cap")
        }
        return points
    }

    private static func noPoint(_ method: Method) -> SweepError {
        .configuration(
            "the search space has no point",
            nextStep: method == .random ? "say how many draws: run_cap: 100" : "give each parameter a value")
    }
}
