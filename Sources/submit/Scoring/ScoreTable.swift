import Core
import Foundation
import Metrics

/// Scores of files as a table, CSV and JSON.
struct ScoreTable {
    private typealias Intervals = (mean: RateIntervals, pooled: RateIntervals)

    private let files: [ScoredFile]
    private let metric: MetricKind
    private let bootstrap: BootstrapOptions
    /// One a file; none without draws.
    private let intervals: [Intervals]
    /// The same scores taken apart, in none, one or several ways.
    private let breakdowns: [Breakdown]

    init(
        _ files: [ScoredFile], metric: MetricKind, bootstrap: BootstrapOptions, breakdowns: [Breakdown] = []
    ) {
        self.files = files
        self.breakdowns = breakdowns
        self.metric = metric
        self.bootstrap = bootstrap
        intervals = bootstrap.draws > 0 ? files.map { $0.score.intervals(bootstrap, metric: metric) } : []
    }

    var text: String {
        let hasIntervals = !intervals.isEmpty
        var table = TextTable(
            ["file", "images", "boxes", "H"] + (hasIntervals ? ["95%"] : [])
                + ["P", "R", "pooled H", "pooled P", "pooled R"])
        for (position, file) in files.enumerated() {
            let score = file.score
            var cells =
                [file.path, "\(score.images.count)", "\(Self.boxes(score))"] + Self.cells(score.mean)
                + Self.cells(score.pooled)
            if hasIntervals { cells.insert(Self.cell(intervals[position].mean.hmean), at: 4) }
            table.add(cells)
        }
        return ([table] + breakdowns.map { $0.table(files) }).map(\.text).joined(separator: "\n\n")
    }

    /// A row a file; with a breakdown a row a file and part.
    var csv: String {
        if let breakdown = breakdowns.first { return breakdown.table(files).csv }
        let names = ["hmean", "precision", "recall"]
        let pooled = names.map { "pooled_" + $0 }
        var header = ["file", "images", "boxes"] + names + pooled
        if !intervals.isEmpty { header += (names + pooled).flatMap { [$0 + "_low", $0 + "_high"] } }
        let rows = files.enumerated().map { position, file in
            var row = [Self.field(file.path), "\(file.score.images.count)", "\(Self.boxes(file.score))"]
            row += [file.score.mean, file.score.pooled].flatMap { [$0.hmean, $0.precision, $0.recall] }.map { "\($0)" }
            if !intervals.isEmpty {
                row += [intervals[position].mean, intervals[position].pooled]
                    .flatMap { [$0.hmean, $0.precision, $0.recall] }
                    .flatMap { ["\($0.lowerBound)", "\($0.upperBound)"] }
            }
            return row
        }
        return ([header] + rows).map { $0.joined(separator: ",") }.joined(separator: "\n")
    }

    var json: JSONValue {
        var object: JSONObject = ["schema": 1]
        object["files"] = .array(files.indices.filter { !files[$0].isCeiling }.map { .object(json($0)) })
        if let ceiling = files.firstIndex(where: \.isCeiling) { object["ceiling"] = .object(json(ceiling)) }
        return .object(object)
    }

    private func json(_ position: Int) -> JSONObject {
        let file = files[position]
        var object = JSONObject()
        if !file.isCeiling { object["path"] = .string(file.path) }
        object["profile"] = .string(metric.rawValue)
        object["images"] = .int(file.score.images.count)
        object["boxes"] = .int(Self.boxes(file.score))
        object["mean"] = Self.json(file.score.mean)
        object["pooled"] = Self.json(file.score.pooled)
        var counts = Self.json(file.score.counts)
        for (name, count) in [("splits", \ImageScore.splits), ("merges", \.merges), ("overlaps", \.overlaps)] {
            counts[name] = .int(file.score.images.reduce(0) { $0 + $1.score[keyPath: count] })
        }
        object["counts"] = .object(counts)
        if !intervals.isEmpty {
            object["intervals"] = [
                "confidence": 0.95, "bootstrap": .int(bootstrap.draws), "seed": .int(Int(bootstrap.seed)),
                "mean": Self.json(intervals[position].mean), "pooled": Self.json(intervals[position].pooled),
            ]
        }
        if !breakdowns.isEmpty {
            object["breakdowns"] = .array(breakdowns.map { ["by": .string($0.by), "parts": $0.json(position)] })
        }
        return object
    }

    /// A row an image and file.
    static func perImage(_ files: [ScoredFile]) -> String {
        var lines = ["file,image,precision,recall,hmean,truth_boxes,boxes,splits,merges,misses,false_positives"]
        for file in files {
            for (name, image) in file.score.images {
                let rates = image.rates
                let counts = [
                    image.truthBoxes, image.detections, image.splits, image.merges, image.misses, image.falsePositives,
                ]
                lines.append(
                    ([field(file.path), field(name), "\(rates.precision)", "\(rates.recall)", "\(rates.hmean)"]
                        + counts.map(String.init)).joined(separator: ","))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func json(_ rates: Rates) -> JSONValue {
        [
            "recall": .number(rates.recall), "precision": .number(rates.precision), "hmean": .number(rates.hmean),
        ]
    }

    /// What the pooled figures are made of.
    static func json(_ counts: ImageScore.Counts) -> JSONObject {
        [
            "truth": .int(counts.truth), "detected": .int(counts.detected),
            "true_positives": .int(counts.truePositives), "false_positives": .int(counts.falsePositives),
            "recall_penalty": .number(counts.recallPenalty), "precision_penalty": .number(counts.precisionPenalty),
        ]
    }

    private static func json(_ intervals: RateIntervals) -> JSONValue {
        [
            "recall": json(intervals.recall), "precision": json(intervals.precision), "hmean": json(intervals.hmean),
        ]
    }

    static func json(_ interval: ClosedRange<Double>) -> JSONValue {
        [.number(interval.lowerBound), .number(interval.upperBound)]
    }

    /// An interval with four decimals; its digits are not surer than that.
    static func cell(_ interval: ClosedRange<Double>, signed: Bool = false) -> String {
        String(format: signed ? "%+.4f … %+.4f" : "%.4f … %.4f", interval.lowerBound, interval.upperBound)
    }

    /// H, P, R with six decimals.
    static func cells(_ rates: Rates) -> [String] {
        [rates.hmean, rates.precision, rates.recall].map { String(format: "%.6f", $0) }
    }

    /// `text` as a CSV field, quoted where it must be.
    static func field(_ text: String) -> String {
        text.contains { ",\"\n\r".contains($0) }
            ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }

    private static func boxes(_ score: SetScore) -> Int {
        score.images.reduce(0) { $0 + $1.score.detections }
    }
}
