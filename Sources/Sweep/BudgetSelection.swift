import Core

/// Which points of a sweep to spend submissions on: together they contain the best in as many resamples as can be.
public struct BudgetSelection: Sendable, Equatable {
    /// A point that a sweep's `results.json` tells of.
    public struct Candidate: Sendable, Equatable {
        /// Its rank there.
        public let rank: Int
        /// Its settings, by parameter.
        public let settings: JSONObject
        /// Its mean H.
        public let hmean: Double
        /// The resamples in which it is the best, or as good.
        public let bestDraws: [Int]

        /// A point of these parts.
        public init(rank: Int, settings: JSONObject, hmean: Double, bestDraws: [Int]) {
            self.rank = rank
            self.settings = settings
            self.hmean = hmean
            self.bestDraws = bestDraws
        }
    }

    /// A point that is taken.
    public struct Choice: Sendable, Equatable {
        /// The point.
        public let candidate: Candidate
        /// The share of resamples in which it is the best.
        public let alone: Double
        /// The share of resamples in which it is and no point taken before it.
        public let added: Double
        /// The share in which one of the points so far is.
        public let together: Double
    }

    /// The likeliest best first, then each time the one that adds most. A point that adds nothing to those before it,
    /// such as one with the same boxes, is never taken, so there may be fewer than asked for.
    public let choices: [Choice]

    /// Takes up to `budget` of `candidates`; of equals the better-ranked.
    ///
    /// - Complexity: O(budget · candidates · draws). The greedy choice covers at least 1 − 1/e of what the best could
    ///   (Nemhauser, Wolsey and Fisher, 1978).
    public init(_ candidates: [Candidate], draws: Int, budget: Int) {
        var covered = Set<Int>()
        var choices: [Choice] = []
        while choices.count < budget {
            var best: (candidate: Candidate, added: Int)?
            for candidate in candidates {
                let added = candidate.bestDraws.count { !covered.contains($0) }
                if added > (best?.added ?? 0) { best = (candidate, added) }
            }
            guard let best else { break }
            covered.formUnion(best.candidate.bestDraws)
            choices.append(
                Choice(
                    candidate: best.candidate, alone: Double(best.candidate.bestDraws.count) / Double(draws),
                    added: Double(best.added) / Double(draws), together: Double(covered.count) / Double(draws)))
        }
        self.choices = choices
    }

    /// Chooses among the points of the `results.json` at `path`.
    ///
    /// - Throws: `FileError` (66, 65) where it cannot be read; `SweepError` (65) where it is no sweep's result or has no
    ///   resamples.
    public init(resultsAt path: String, budget: Int) throws {
        let file = try JSONValue(contentsOf: path)
        guard let object = file.object, object["schema"] == 1, let points = object["points"]?.array else {
            throw SweepError.badData(
                "not the results of a sweep", path: path, expected: "the results.json of submit sweep")
        }
        guard let draws = object["bootstrap"]?.int, draws > 0 else {
            throw SweepError.badData(
                "the sweep was not resampled", path: path, nextStep: "run it again without --bootstrap 0")
        }
        let candidates = try points.enumerated().map { position, point in
            guard let point = point.object, let rank = point["rank"]?.int, let settings = point["settings"]?.object,
                let hmean = point["mean"]?.object?["hmean"]?.number
            else {
                throw SweepError.badData(
                    "not a point of a sweep", path: path, place: "points[\(position)]",
                    expected: "rank, settings and mean.hmean")
            }
            return Candidate(
                rank: rank, settings: settings, hmean: hmean,
                bestDraws: point["best_draws"]?.array?.compactMap(\.int) ?? [])
        }
        self.init(candidates, draws: draws, budget: budget)
    }
}
