import Core
import Foundation
import Metrics

/// Files beside the first of them, image by image.
struct ComparisonTable {
    private let files: [ScoredFile]
    /// One a file but the first.
    private let comparisons: [PairedComparison]
    private let metric: MetricKind
    private let bootstrap: BootstrapOptions
    /// How many of the images that moved are listed.
    private let movedCount: Int

    /// - Precondition: two files or more, all scored against the same truth, and a draw.
    init(_ files: [ScoredFile], metric: MetricKind, bootstrap: BootstrapOptions, moved: Int) {
        self.files = files
        self.metric = metric
        self.bootstrap = bootstrap
        movedCount = moved
        let first = Self.figures(files[0])
        comparisons = files.dropFirst().map { PairedComparison(first, Self.figures($0), bootstrap) }
    }

    private static func figures(_ file: ScoredFile) -> [Double] { file.score.images.map(\.score.rates.hmean) }

    private typealias Moved = (image: String, before: Double, after: Double)

    /// The images that moved most, the largest difference first.
    private func moved(_ position: Int) -> [Moved] {
        let all = zip(files[0].score.images, files[position].score.images).map { first, other in
            (image: first.name, before: first.score.rates.hmean, after: other.score.rates.hmean)
        }
        return Array(
            all.filter { $0.before != $0.after }
                .sorted { (abs($1.after - $1.before), $0.image) < (abs($0.after - $0.before), $1.image) }
                .prefix(movedCount))
    }

    private var table: TextTable {
        var table = TextTable(
            "file", "boxes", "H", "difference", "95%", "p", "images up", "down", "tied", "verdict", "pooled H",
            "pooled difference")
        for (position, file) in files.enumerated() {
            var cells = [
                file.path, "\(file.score.images.reduce(0) { $0 + $1.score.detections })",
                String(format: "%.6f", file.score.mean.hmean),
            ]
            if position == 0 {
                cells += ["-", "-", "-", "-", "-", "-", "the first", Self.pooled(file), "-"]
            } else {
                let comparison = comparisons[position - 1]
                cells += [
                    String(format: "%+.6f", comparison.difference),
                    ScoreTable.cell(comparison.interval, signed: true), String(format: "%.4f", comparison.pValue),
                    "\(comparison.up)", "\(comparison.down)", "\(comparison.tied)", Self.verdict(comparison),
                    Self.pooled(file), String(format: "%+.6f", pooledDifference(file)),
                ]
            }
            table.add(cells)
        }
        return table
    }

    private static func pooled(_ file: ScoredFile) -> String { String(format: "%.6f", file.score.pooled.hmean) }

    private func pooledDifference(_ file: ScoredFile) -> Double {
        file.score.pooled.hmean - files[0].score.pooled.hmean
    }

    private static func verdict(_ comparison: PairedComparison) -> String {
        if comparison.up + comparison.down == 0 { return "the same" }
        return comparison.isSeparable ? comparison.difference > 0 ? "better" : "worse" : "not separable"
    }

    var text: String {
        var blocks = [table.text]
        for (position, file) in files.enumerated().dropFirst() {
            let moved = moved(position)
            guard !moved.isEmpty else { continue }
            var rows = TextTable("image", "H before", "H after", "difference")
            for image in moved {
                rows.add(
                    image.image, String(format: "%.6f", image.before), String(format: "%.6f", image.after),
                    String(format: "%+.6f", image.after - image.before))
            }
            blocks.append("moved most in \(file.path):\n" + rows.text)
        }
        return blocks.joined(separator: "\n\n")
    }

    var csv: String { table.csv }

    var json: JSONValue {
        [
            "schema": 1, "profile": .string(metric.rawValue), "images": .int(files[0].score.images.count),
            "bootstrap": .int(bootstrap.draws), "seed": .int(Int(bootstrap.seed)), "confidence": 0.95,
            "first": [
                "path": .string(files[0].path), "mean": ScoreTable.json(files[0].score.mean),
                "pooled": ScoreTable.json(files[0].score.pooled),
            ],
            "files": .array(
                files.enumerated().dropFirst().map { position, file in
                    let comparison = comparisons[position - 1]
                    return [
                        "path": .string(file.path), "mean": ScoreTable.json(file.score.mean),
                        "pooled": ScoreTable.json(file.score.pooled),
                        "difference": .number(comparison.difference),
                        "pooled_difference": .number(pooledDifference(file)),
                        "interval": ScoreTable.json(comparison.interval), "p": .number(comparison.pValue),
                        "up": .int(comparison.up), "down": .int(comparison.down), "tied": .int(comparison.tied),
                        "separable": .bool(comparison.isSeparable),
                        "moved": .array(
                            moved(position).map {
                                ["image": .string($0.image), "before": .number($0.before), "after": .number($0.after)]
                            }),
                    ]
                }),
        ]
    }
}
