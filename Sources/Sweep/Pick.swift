import Core

/// Which point of a sweep to take.
public enum PickRule: String, Sendable, CaseIterable {
    /// The best figure.
    case peak
    /// The best mean of the figures of a point and its neighbours, one grid step away: a setting that does not hang on
    /// the last digit.
    case plateau
}

/// The point that a rule takes.
public struct Pick: Sendable, Equatable {
    /// The rule.
    public let rule: PickRule
    /// What it takes.
    public let point: SweepResult.Scored
    /// The mean figure of the point and its neighbours.
    public let neighbourhoodMean: Double
    /// How many neighbours it has.
    public let neighbourCount: Int
    /// The same mean around the peak.
    public let peakNeighbourhoodMean: Double
    /// The peak's figure less the point's.
    public let givenUp: Double

    /// `{"rule", "rank", "trial", "neighbourhood_mean", "neighbours", "peak_neighbourhood_mean", "given_up"}`.
    public var json: JSONValue {
        [
            "rule": .string(rule.rawValue), "rank": .int(point.rank), "trial": .int(point.trial),
            "neighbourhood_mean": .number(neighbourhoodMean), "neighbours": .int(neighbourCount),
            "peak_neighbourhood_mean": .number(peakNeighbourhoodMean), "given_up": .number(givenUp),
        ]
    }
}

extension SweepResult {
    /// The point that `rule` takes; nil where no point has a score.
    ///
    /// Neighbours are the points at most one step away in each swept number, a step being the next value that the sweep
    /// tries, and equal in all else. Of equal means the better point is taken.
    ///
    /// - Complexity: O(points · 3^parameters).
    public func pick(_ rule: PickRule) -> Pick? {
        guard let peak = ranked.first else { return nil }
        let neighbourhoods = Neighbourhoods(self)
        let means = ranked.indices.map { neighbourhoods.mean(around: $0) }
        var taken = 0
        if rule == .plateau {
            for position in ranked.indices where means[position].mean > means[taken].mean { taken = position }
        }
        return Pick(
            rule: rule, point: ranked[taken], neighbourhoodMean: means[taken].mean,
            neighbourCount: means[taken].count - 1, peakNeighbourhoodMean: means[0].mean,
            givenUp: peak.value(of: target) - ranked[taken].value(of: target))
    }
}

/// The points of a sweep by their steps along each swept parameter.
private struct Neighbourhoods {
    /// For each point, the place of each swept parameter's value among those tried.
    private let places: [[Int]]
    private let values: [Double]
    private let pointAt: [[Int]: Int]
    /// Whether a step along each parameter is a small change; between forms it is not.
    private let isNumber: [Bool]

    init(_ result: SweepResult) {
        // A box_thresh that was solved follows from the other parameters: it is no direction of its own.
        let parameters = result.sweptParameters.filter { parameter in
            parameter != .boxThresh || !result.ranked.contains { $0.curve != nil }
        }
        let columns = parameters.map { parameter in
            result.ranked.map { point in
                let value = point.setting[parameter]
                return value.number ?? (value.bool == true ? 1 : 0)
            }
        }
        let tried = columns.map { Set($0).sorted() }
        let ranks = tried.map { Dictionary(uniqueKeysWithValues: zip($0, $0.indices)) }
        places = result.ranked.indices.map { point in columns.indices.map { ranks[$0][columns[$0][point]] ?? 0 } }
        values = result.ranked.map { $0.value(of: result.target) }
        pointAt = Dictionary(zip(places, places.indices), uniquingKeysWith: { first, _ in first })
        isNumber = parameters.map { $0 != .usePolygon && $0 != .clipToImage }
    }

    /// The mean of a point and its neighbours, and how many they are.
    func mean(around point: Int) -> (mean: Double, count: Int) {
        var around = [places[point]]
        for direction in isNumber.indices where isNumber[direction] {
            around = around.flatMap { place in
                (-1...1).map { step in
                    var moved = place
                    moved[direction] += step
                    return moved
                }
            }
        }
        let found = around.compactMap { pointAt[$0] }.map { values[$0] }
        return (found.reduce(0, +) / Double(found.count), found.count)
    }
}
