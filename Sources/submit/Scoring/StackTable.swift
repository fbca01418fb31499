import Core
import Foundation
import Metrics
import Stacking

/// Stacking against single sources as a table, CSV and JSON.
struct StackTable {
    /// The first deal's, a row each.
    let run: StackRun
    /// All deals, which the verdicts are on.
    let deals: RepeatedDeals
    /// The sources' paths.
    let files: [String]

    var table: TextTable {
        var table = TextTable(
            "rank", "method", "threshold", "boxes", "H", "P", "R", "pooled H", "H low", "H high", "to best single",
            "low",
            "high", "p", "mark")
        for (index, row) in run.rows.enumerated() {
            let (low, high) = (row.thresholds.min() ?? 0, row.thresholds.max() ?? 0)
            let threshold = low == high ? number(low) : "\(number(low)) to \(number(high))"
            let differences = [
                row.comparison?.difference ?? 0, row.comparison?.interval.lowerBound ?? 0,
                row.comparison?.interval.upperBound ?? 0,
            ].map { String(format: "%+.6f", $0) }
            table.add(
                ["\(index + 1)", name(row.entry), threshold, "\(row.boxes)"] + ScoreTable.cells(row.score.mean)
                    + [row.score.pooled.hmean, row.interval.lowerBound, row.interval.upperBound]
                    .map { String(format: "%.6f", $0) }
                    + differences + [row.comparison.map { String(format: "%.4f", $0.pValue) } ?? "-"]
                    + [row.isAdopted && deals.count == 1 ? "ADOPTED" : index == run.bestSource ? "best single" : ""])
        }
        return table
    }

    /// A sentence a model: whether to use it.
    var verdicts: [String] {
        deals.rows.map { row in
            let interval = String(
                format: "%+.6f [%+.6f, %+.6f]", row.difference, row.interval.lowerBound, row.interval.upperBound)
            let best = name(.source(deals.bestSource.number))
            let verdict =
                row.isAdopted
                ? "ADOPTED, \(interval) to \(best) lies above 0"
                : "not adopted, \(interval) to \(best) does not lie above 0"
            let spread = String(format: "%+.6f to %+.6f", row.spread.lowerBound, row.spread.upperBound)
            return "\(name(.model(row.kind))): \(verdict)"
                + (deals.count > 1 ? " (mean of \(deals.count) deals, single ones \(spread))" : "")
        }
    }

    func json(metric: MetricKind, draws: Int, seed: Int, folds: Int) -> JSONValue {
        [
            "schema": 1, "profile": .string(metric.rawValue), "bootstrap": ["draws": .int(draws), "seed": .int(seed)],
            "folds": .int(folds), "candidates": .int(run.candidateCount), "worth_keeping": .int(run.targetCount),
            "best_single": [
                "path": .string(name(run.rows[run.bestSource].entry)), "rank": .int(run.bestSource + 1),
                "mean": ScoreTable.json(run.rows[run.bestSource].score.mean),
            ],
            "repeats": .int(deals.count),
            "verdicts": .array(
                deals.rows.map { row in
                    [
                        "method": .string(name(.model(row.kind))), "hmean": .number(row.hmean),
                        "best_single": .string(name(.source(deals.bestSource.number))),
                        "difference": .number(row.difference), "difference_interval": pair(row.interval),
                        "difference_spread": pair(row.spread), "adopted": .bool(row.isAdopted),
                    ]
                }),
            "rows": .array(run.rows.enumerated().map { json($1, rank: $0 + 1) }),
        ]
    }

    private func pair(_ range: ClosedRange<Double>) -> JSONValue {
        [.number(range.lowerBound), .number(range.upperBound)]
    }

    private func json(_ row: StackRun.Row, rank: Int) -> JSONValue {
        [
            "rank": .int(rank), "method": .string(name(row.entry)), "boxes": .int(row.boxes),
            "thresholds": .array(row.thresholds.map(JSONValue.number)), "mean": ScoreTable.json(row.score.mean),
            "pooled": ScoreTable.json(row.score.pooled), "hmean_interval": pair(row.interval),
            "difference": .number(row.comparison?.difference ?? 0),
            "difference_interval": pair(row.comparison?.interval ?? 0...0),
            "p_value": row.comparison.map { .number($0.pValue) } ?? .null, "adopted": .bool(row.isAdopted),
        ]
    }

    private func number(_ value: Double) -> String { JSONValue.number(value).text() }

    private func name(_ entry: StackRun.Entry) -> String {
        switch entry {
        case .source(let number): files[number]
        case .vote: "vote, mean score"
        case .model(.logistic): "stack, logistic"
        case .model(.trees): "stack, boosted trees"
        }
    }
}
