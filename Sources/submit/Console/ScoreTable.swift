import Core
import Foundation
import Metrics

/// Scores of files as a table, CSV and JSON.
enum ScoreTable {
    typealias Scored = (path: String, score: SetScore)

    static func table(_ files: [Scored]) -> String {
        var table = TextTable("file", "images", "boxes", "H", "P", "R", "pooled H", "pooled P", "pooled R")
        for (path, score) in files {
            table.add(
                [path, "\(score.images.count)", "\(boxes(score))"] + cells(score.mean) + cells(score.pooled))
        }
        return table.text
    }

    static func csv(_ files: [Scored]) -> String {
        let rows = files.map { path, score in
            [field(path), "\(score.images.count)", "\(boxes(score))"]
                + [score.mean, score.pooled].flatMap { ["\($0.hmean)", "\($0.precision)", "\($0.recall)"] }
        }
        let header = "file,images,boxes,hmean,precision,recall,pooled_hmean,pooled_precision,pooled_recall"
        return ([header] + rows.map { $0.joined(separator: ",") }).joined(separator: "\n")
    }

    static func json(_ files: [Scored], metric: MetricKind) -> JSONValue {
        [
            "schema": 1,
            "files": .array(
                files.map { path, score in
                    [
                        "path": .string(path), "profile": .string(metric.rawValue), "images": .int(score.images.count),
                        "boxes": .int(boxes(score)), "mean": json(score.mean), "pooled": json(score.pooled),
                    ]
                }),
        ]
    }

    /// A row an image and file.
    static func perImage(_ files: [Scored]) -> String {
        var lines = ["file,image,precision,recall,hmean,truth_boxes,boxes,splits,merges,misses,false_positives"]
        for (path, score) in files {
            for (name, image) in score.images {
                let rates = image.rates
                let counts = [
                    image.truthBoxes, image.detections, image.splits, image.merges, image.misses, image.falsePositives,
                ]
                lines.append(
                    ([field(path), field(name), "\(rates.precision)", "\(rates.recall)", "\(rates.hmean)"]
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
