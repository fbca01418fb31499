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
        guard !ranked.isEmpty else { return nil }
        let neighbourhoods = Neighbourhoods(self)
        let around = neighbourhoods.mean(around: 0)
        var taken = (position: 0, around: around)
        if rule == .plateau {
            for position in ranked.indices {
                let found = neighbourhoods.mean(around: position)
                if found.mean > taken.around.mean { taken = (position, found) }
            }
        }
        return Pick(
            rule: rule, point: ranked[taken.position], neighbourhoodMean: taken.around.mean,
            neighbourCount: taken.around.count - 1, peakNeighbourhoodMean: around.mean,
            givenUp: ranked.value(at: 0) - ranked.value(at: taken.position))
    }
}

/// The points of a sweep by their steps along each swept parameter.
private struct Neighbourhoods {
    private let result: SweepResult
    /// For each point, the place of each swept parameter's value among those tried: a row a point.
    private var places: [Int32]
    /// The points by their rows.
    private var sorted: [Int32] = []
    /// Whether a step along each parameter is a small change; between forms it is not.
    private let isNumber: [Bool]

    init(_ result: SweepResult) {
        // A box_thresh that was solved follows from the other parameters: it is no direction of its own.
        let parameters = result.sweptParameters.filter { parameter in
            parameter != .boxThresh || !result.hasCurves
        }
        self.result = result
        isNumber = parameters.map { $0 != .usePolygon && $0 != .clipToImage }
        places = Array(repeating: 0, count: parameters.count * result.ranked.count)
        for (column, parameter) in parameters.enumerated() {
            func value(_ point: Int) -> Double {
                let value = result.ranked.setting(at: point)[parameter]
                return value.number ?? (value.bool == true ? 1 : 0)
            }
            let tried = Set(result.ranked.indices.lazy.map(value)).sorted()
            let ranks = Dictionary(uniqueKeysWithValues: zip(tried, Int32(0)...))
            for point in result.ranked.indices {
                places[point * parameters.count + column] = ranks[value(point)] ?? 0
            }
        }
        let rows = self
        sorted = result.ranked.indices.map(Int32.init).sorted { rows.row($0).lexicographicallyPrecedes(rows.row($1)) }
    }

    private func row(_ point: Int32) -> ArraySlice<Int32> {
        places[Int(point) * isNumber.count..<(Int(point) + 1) * isNumber.count]
    }

    private func point(at row: [Int32]) -> Int? {
        let place = sorted.partitionPoint { !self.row($0).lexicographicallyPrecedes(row) }
        return place < sorted.count && self.row(sorted[place]) == row[...] ? Int(sorted[place]) : nil
    }

    /// The mean of a point and its neighbours, and how many they are.
    func mean(around point: Int) -> (mean: Double, count: Int) {
        var around = [Array(row(Int32(point)))]
        for direction in isNumber.indices where isNumber[direction] {
            around = around.flatMap { place in
                (Int32(-1)...1).map { step in
                    var moved = place
                    moved[direction] += step
                    return moved
                }
            }
        }
        let found = around.compactMap(self.point).map(result.ranked.value)
        return (found.reduce(0, +) / Double(found.count), found.count)
    }
}
