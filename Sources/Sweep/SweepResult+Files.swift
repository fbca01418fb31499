import Core
import Metrics
import PostProc

extension SweepResult {
    /// `results.csv`: a row a point, ranked ones first, failed ones with their reason and without figures.
    ///
    /// `unclip_ratio` is the one that holds; the two forms' own have columns where the configuration names them.
    ///
    /// - Parameter emit: takes the text row by row, so that it is never whole in memory.
    public func writeCSV(_ emit: (String) throws -> Void) rethrows {
        let columns = resultParameters
        func write(_ row: [String]) throws { try emit(row.joined(separator: ",") + "\n") }
        try write(
            ["rank", "trial"] + columns.map(\.rawValue) + [
                "hmean", "precision", "recall", "pooled_hmean", "pooled_precision", "pooled_recall", "boxes",
                "low", "high", "difference_low", "difference_high", "chance", "separable",
                "precision_low", "precision_high", "recall_low", "recall_high", "failure",
            ])
        for point in ranked {
            let figures = [point.mean, point.pooled].flatMap { [$0.hmean, $0.precision, $0.recall] }
            try write(
                ["\(point.rank)", "\(point.trial)"] + columns.map { point.setting.text(of: $0) }
                    + figures.map { JSONValue.number($0).text() } + ["\(point.boxes)"]
                    + (point.confidence.map(Self.cells) ?? Array(repeating: "", count: 10)) + [""])
        }
        for point in failed {
            try write(
                ["", "\(point.trial)"] + columns.map { point.setting.text(of: $0) }
                    + Array(repeating: "", count: 17) + [Self.quoted(point.reason)])
        }
    }

    /// `results.json`: `{"schema": 1, "metric", "target", "images", "points": [{"rank", "trial", "settings", "mean",
    /// "pooled", "boxes", "plateau", "interval", "intervals", "difference", "chance", "separable", "best_draws"}], "failed": [{"trial", "settings", "reason"}], "notes"}`.
    ///
    /// - Parameters:
    ///   - more: members that follow.
    ///   - emit: takes the text point by point, so that it is never whole in memory.
    public func writeJSON(more: JSONObject = [:], _ emit: @escaping (String) throws -> Void) throws {
        var stream = JSONObjectStream(emit)
        try stream.write("schema", 1)
        try stream.write("metric", .string(metric.rawValue))
        try stream.write("target", .string(target.rawValue))
        try stream.write("images", .int(imageCount))
        try stream.write("bootstrap", .int(ranked.first?.confidence?.drawCount ?? 0))
        try stream.write("points", objects: ranked.lazy.map(json))
        try stream.write(
            "failed",
            objects: failed.lazy.map { point in
                [
                    "trial": .int(point.trial), "settings": settings(point.setting),
                    "reason": .string(point.reason),
                ]
            })
        try stream.write("notes", .array(notes.map(JSONValue.string)))
        for (key, value) in more { try stream.write(key, value) }
        try stream.end()
    }

    private func json(_ point: Scored) -> JSONObject {
        var object: JSONObject = [
            "rank": .int(point.rank), "trial": .int(point.trial), "settings": settings(point.setting),
            "mean": Self.json(point.mean), "pooled": Self.json(point.pooled), "boxes": .int(point.boxes),
        ]
        if let curve = point.curve {
            object["plateau"] = [
                "above": .number(curve.plateau.above), "through": .number(curve.plateau.through),
                "count": .int(curve.plateauCount),
            ]
        }
        if let confidence = point.confidence {
            object["interval"] = Self.json(confidence.interval)
            object["intervals"] = [
                "recall": Self.json(confidence.rates.recall),
                "precision": Self.json(confidence.rates.precision),
                "hmean": Self.json(confidence.rates.hmean),
            ]
            object["difference"] = Self.json(confidence.difference)
            object["chance"] = .number(confidence.chance)
            object["separable"] = .bool(confidence.isSeparable)
            if !confidence.bestDraws.isEmpty {
                object["best_draws"] = .array(confidence.bestDraws.map(JSONValue.int))
            }
        }
        return object
    }

    /// Whether box thresholds were solved for, so that there are curves.
    public var hasCurves: Bool { !ranked.curves.isEmpty }

    /// `curves.csv`: the figures for each stretch of `box_thresh`, from above one score up to the next, of every point
    /// that was solved.
    ///
    /// - Parameter emit: takes the text row by row.
    public func writeCurves(_ emit: (String) throws -> Void) rethrows {
        try emit("rank,above,through,hmean,precision,recall,pooled_hmean,pooled_precision,pooled_recall,boxes\n")
        for point in ranked {
            var above = 0.0
            for step in point.curve?.steps ?? [] {
                let figures = [step.mean, step.pooled].flatMap { [$0.hmean, $0.precision, $0.recall] }
                let numbers = ([above, step.through] + figures).map { JSONValue.number($0).text() }
                try emit("\(point.rank),\(numbers.joined(separator: ",")),\(step.boxes)\n")
                above = step.through
            }
        }
    }

    /// What says all there is to a point, then what the configuration names beside it.
    private var resultParameters: [Parameter] {
        let complete = Setting.resolvedParameters
        return complete + parameters.filter { !complete.contains($0) }
    }

    private func settings(_ setting: Setting) -> JSONValue {
        var object = JSONObject()
        for parameter in resultParameters { object[parameter.rawValue] = setting[parameter] }
        return .object(object)
    }

    static func json(_ rates: Rates) -> JSONValue {
        [
            "recall": .number(rates.recall), "precision": .number(rates.precision), "hmean": .number(rates.hmean),
        ]
    }

    private static func json(_ interval: ClosedRange<Double>) -> JSONValue {
        [.number(interval.lowerBound), .number(interval.upperBound)]
    }

    private static func cells(_ confidence: Confidence) -> [String] {
        let (interval, difference) = (confidence.interval, confidence.difference)
        let figures = [
            interval.lowerBound, interval.upperBound, difference.lowerBound, difference.upperBound, confidence.chance,
        ]
        let rest = [confidence.rates.precision, confidence.rates.recall].flatMap { [$0.lowerBound, $0.upperBound] }
        return figures.map { JSONValue.number($0).text() } + ["\(confidence.isSeparable)"]
            + rest.map { JSONValue.number($0).text() }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
