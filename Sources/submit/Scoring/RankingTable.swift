import Core
import Ensemble
import Foundation
import Metrics

/// A ranking of ensembles as a table, CSV and JSON.
struct RankingTable {
    let ranking: EnsembleRanking
    /// The sources' paths.
    let files: [String]
    /// How many rows are shown.
    let shown: Int

    private var rows: EnumeratedSequence<ArraySlice<EnsembleRanking.Row>> { ranking.rows.prefix(shown).enumerated() }

    var table: TextTable {
        var table = TextTable(
            "rank", "method", "IoU", "votes", "boxes", "H", "P", "R", "pooled H", "H low", "H high", "to best single",
            "low", "high", "shrunken", "mark")
        for (index, row) in rows {
            let intervals = [row.interval.lowerBound, row.interval.upperBound].map { String(format: "%.6f", $0) }
            let differences = [row.difference, row.differenceInterval.lowerBound, row.differenceInterval.upperBound]
                .map { String(format: "%+.6f", $0) }
            table.add(
                ["\(index + 1)", name(row.entry), row.entry.iou.map { "\($0)" } ?? "-"]
                    + [row.entry.votes.map { "\($0)" } ?? "-", "\(row.boxes)"] + ScoreTable.cells(row.mean)
                    + [String(format: "%.6f", row.pooled.hmean)] + intervals + differences
                    + [row.shrinkage.map { "\($0.shrunken)" } ?? "-", row.shrinkage?.isMarked == true ? "shrinks" : ""])
        }
        return table
    }

    /// The best single source and, where rows are left out, how many.
    var summary: String {
        let best = ranking.rows[ranking.bestSource]
        let left = ranking.rows.count - min(shown, ranking.rows.count)
        return "best single source: \(name(best.entry)), rank \(ranking.bestSource + 1) of \(ranking.rows.count), H "
            + String(format: "%.6f", best.mean.hmean) + (left > 0 ? "; \(left) rows are not shown" : "")
    }

    /// - Parameter weights: those of the sources, nil where none were asked for.
    func json(metric: MetricKind, weights: [Double]?, draws: Int, seed: Int) -> JSONValue {
        [
            "schema": 1, "profile": .string(metric.rawValue),
            "bootstrap": ["draws": .int(draws), "seed": .int(seed)],
            "weights": weights.map { .array($0.map(JSONValue.number)) } ?? .null,
            "count": .int(ranking.rows.count),
            "best_single": [
                "path": .string(name(ranking.rows[ranking.bestSource].entry)), "rank": .int(ranking.bestSource + 1),
                "mean": ScoreTable.json(ranking.rows[ranking.bestSource].mean),
            ],
            "rows": .array(rows.map { json($1, rank: $0 + 1) }),
        ]
    }

    private func json(_ row: EnsembleRanking.Row, rank: Int) -> JSONValue {
        func pair(_ range: ClosedRange<Double>) -> JSONValue {
            [.number(range.lowerBound), .number(range.upperBound)]
        }
        var object: JSONObject = [
            "rank": .int(rank), "method": .string(name(row.entry)), "iou": row.entry.iou.map { .number($0) } ?? .null,
            "votes": row.entry.votes.map { .int($0) } ?? .null, "boxes": .int(row.boxes),
            "mean": ScoreTable.json(row.mean), "pooled": ScoreTable.json(row.pooled),
            "hmean_interval": pair(row.interval), "difference": .number(row.difference),
            "difference_interval": pair(row.differenceInterval),
        ]
        if let shrinkage = row.shrinkage {
            object["shrunken"] = .int(shrinkage.shrunken)
            object["merged"] = .int(shrinkage.merged)
            object["shrinks"] = .bool(shrinkage.isMarked)
        }
        if let options = row.entry.options { object["options"] = .array(options.map(JSONValue.string)) }
        return .object(object)
    }

    private func name(_ entry: EnsembleRanking.Entry) -> String {
        switch entry {
        case .source(let number): files[number]
        case .method(let method, _): method.name
        case .maps(let rule): "maps \(rule.rawValue)"
        }
    }
}

extension EnsembleRanking.Entry {
    fileprivate var iou: Double? {
        if case .method(let method, _) = self { method.iou } else { nil }
    }

    fileprivate var votes: Int? {
        if case .method(_, let votes) = self { votes } else { nil }
    }

    /// What makes `ensemble` take it; nil for a source.
    fileprivate var options: [String]? {
        switch self {
        case .source: nil
        case .method(let method, let votes): method.options + (votes.map { ["--votes", "\($0)"] } ?? [])
        case .maps(let rule): ["--method", "maps", "--map-combination", rule.rawValue]
        }
    }
}

extension PolygonCombination.Method {
    /// The method in a table.
    var name: String {
        switch self {
        case .vote(_, .union): "union"
        case .vote(_, let representative): "vote \(representative.rawValue)"
        case .nms: "nms"
        case .softNMSLinear: "soft-nms linear"
        case .softNMSGaussian: "soft-nms gaussian"
        case .fusion: "wbf"
        }
    }

    /// What makes `ensemble` take it.
    var options: [String] {
        let iou = iou.map { ["--iou", "\($0)"] } ?? []
        switch self {
        case .vote(_, .union): return ["--method", "union"] + iou
        case .vote(_, let representative):
            return ["--method", "vote", "--representative", representative.rawValue] + iou
        case .nms: return ["--method", "nms"] + iou
        case .softNMSLinear(_, let floor):
            return ["--method", "soft-nms", "--decay", "linear", "--min-score", "\(floor)"] + iou
        case .softNMSGaussian(let sigma, let floor):
            return ["--method", "soft-nms", "--decay", "gaussian", "--sigma", "\(sigma)", "--min-score", "\(floor)"]
        case .fusion(_, let skip, let confidence):
            return ["--method", "wbf", "--skip-threshold", "\(skip)", "--conf-type", confidence.rawValue] + iou
        }
    }
}
