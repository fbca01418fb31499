import Core
import Foundation
import Ledger

/// What the ledger tells, as tables, CSV and JSON.
enum LedgerTable {
    // MARK: Entries

    static func table(_ entries: [LedgerEntry]) -> TextTable {
        var table = TextTable(
            "file", "time", "images", "boxes", "public", "private", "local", "checkpoint", "note")
        for entry in entries {
            table.add(
                entry.path, LedgerDate.text(entry.date), "\(entry.images)", "\(entry.boxes)", score(entry.publicScore),
                score(entry.privateScore), score(entry.localScore), names(entry.checkpoint), oneLine(entry.note))
        }
        return table
    }

    static func json(_ entries: [LedgerEntry]) -> JSONValue {
        ["schema": 1, "entries": .array(entries.map(json))]
    }

    private static func json(_ entry: LedgerEntry) -> JSONValue {
        let settings = entry.settings.map { (try? JSONValue(parsing: $0, path: entry.path)) ?? .string($0) }
        return [
            "path": .string(entry.path), "sha256": .string(entry.sha256), "images": .int(entry.images),
            "boxes": .int(entry.boxes), "date": .string(LedgerDate.text(entry.date)), "public": json(entry.publicScore),
            "private": json(entry.privateScore), "local": json(entry.localScore),
            "note": entry.note.map(JSONValue.string) ?? .null, "settings": settings ?? .null,
            "checkpoint": entry.checkpoint.map(JSONValue.string) ?? .null,
        ]
    }

    /// A score as it was typed, for its digits are the leaderboard's; one of our own with six.
    private static func score(_ value: Double?) -> String {
        guard let value else { return "-" }
        let typed = "\(value)"
        return typed.count > 8 ? String(format: "%.6f", value) : typed
    }

    /// The checkpoints without their folders.
    private static func names(_ checkpoint: String?) -> String {
        guard let checkpoint else { return "" }
        let list = (try? JSONValue(parsing: checkpoint, path: ""))?.array?.compactMap(\.string) ?? [checkpoint]
        return list.map { oneLine(($0 as NSString).lastPathComponent) }.joined(separator: ", ")
    }

    private static func oneLine(_ text: String?) -> String {
        text?.split(whereSeparator: \.isNewline).joined(separator: " ") ?? ""
    }

    private static func json(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }

    // MARK: Fit

    private typealias Figure = (name: String, value: Double?, interval: ClosedRange<Double>?)

    private static func figures(_ fit: ScoreFit) -> [Figure] {
        [
            ("slope", fit.slope, fit.slopeInterval), ("offset", fit.offset, fit.offsetInterval),
            ("residual error", fit.residualError, nil),
            ("public difference that shows", fit.visiblePublicDifference, nil),
            ("local difference that shows", fit.visibleLocalDifference, nil),
        ]
    }

    static func text(_ fit: ScoreFit) -> String {
        var table = TextTable("public = slope * local + offset", "value", "95%")
        table.add("entries", "\(fit.rows)", "")
        for figure in figures(fit) {
            let value = figure.value.map { String(format: "%.6f", $0) } ?? "-"
            table.add(figure.name, value, figure.interval.map { ScoreTable.cell($0, signed: true) } ?? "")
        }
        return table.text
    }

    static func csv(_ fit: ScoreFit) -> String {
        let rows = figures(fit).map { figure in
            let bounds = figure.interval.map { [$0.lowerBound, $0.upperBound] } ?? [nil, nil]
            return ([figure.value] + bounds).map { $0.map { "\($0)" } ?? "" }
        }
        let names = figures(fit).map { $0.name.replacingOccurrences(of: " ", with: "_") }
        let lines = zip(names, rows).map { ([$0] + $1).joined(separator: ",") }
        return (["figure,value,low,high", "entries,\(fit.rows),,"] + lines).joined(separator: "\n")
    }

    static func json(_ fit: ScoreFit) -> JSONValue {
        [
            "schema": 1, "entries": .int(fit.rows), "confidence": 0.95, "slope": .number(fit.slope),
            "slope_interval": ScoreTable.json(fit.slopeInterval), "offset": .number(fit.offset),
            "offset_interval": ScoreTable.json(fit.offsetInterval), "residual_error": .number(fit.residualError),
            "visible_public_difference": .number(fit.visiblePublicDifference),
            "visible_local_difference": json(fit.visibleLocalDifference),
        ]
    }

    // MARK: Final choice

    static func table(_ choice: FinalChoice, _ fit: ScoreFit?) -> TextTable {
        var table = TextTable("pick", "file", "public", "local", "why")
        for (index, pick) in choice.picks.enumerated() {
            table.add(
                "\(index + 1)", pick.entry.path, score(pick.entry.publicScore), score(pick.entry.localScore),
                why(pick.reason, fit))
        }
        return table
    }

    static func json(_ choice: FinalChoice, _ fit: ScoreFit?) -> JSONValue {
        let picks = choice.picks.map { pick in
            JSONValue.object([
                "path": .string(pick.entry.path), "sha256": .string(pick.entry.sha256),
                "public": json(pick.entry.publicScore), "local": json(pick.entry.localScore),
                "predicted": json(pick.entry.localScore.flatMap { fit?.predicted($0) }),
                "why": .string(why(pick.reason, fit)),
            ])
        }
        return ["schema": 1, "fit": fit.map(json) ?? .null, "picks": .array(picks)]
    }

    private static func why(_ reason: FinalChoice.Reason, _ fit: ScoreFit?) -> String {
        switch reason {
        case .publicScore(let rank, let lead):
            var text = "public rank \(rank)"
            if let lead {
                text += String(format: ", %.6f above the next", lead)
                if let fit {
                    text += lead < fit.visiblePublicDifference ? ", within the scatter" : ", beyond the scatter"
                }
            }
            return text
        case .localPrediction(let rank, let predicted):
            return "local rank \(rank)" + String(format: ", %.6f predicted", predicted)
        }
    }
}
