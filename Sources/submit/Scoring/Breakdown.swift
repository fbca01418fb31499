import Core
import Metrics

/// Files' scores taken apart in one way: macro means and pooled figures of each part side by side.
struct Breakdown {
    /// In which way, for headers and keys.
    let by: String
    /// The parts of each file, in the files' order.
    let parts: [[ScorePart]]

    /// A row for the whole of each file and for each of its parts.
    func table(_ files: [ScoredFile]) -> TextTable {
        var table = TextTable(
            "file", by, "images", "truth boxes", "H", "P", "R", "pooled H", "pooled P", "pooled R")
        for (file, parts) in zip(files, parts) {
            for (name, score) in [("all", file.score)] + parts.map({ ($0.name, $0.score) }) {
                table.add(
                    [file.path, name, "\(score.images.count)", "\(Self.truthBoxes(score))"]
                        + (score.images.isEmpty
                            ? [String](repeating: "-", count: 6)
                            : ScoreTable.cells(score.mean) + ScoreTable.cells(score.pooled)))
            }
        }
        return table
    }

    /// The parts of the file at `position`.
    func json(_ position: Int) -> JSONValue {
        .array(
            parts[position].map { part in
                let score = part.score
                return [
                    "name": .string(part.name), "images": .int(score.images.count),
                    "truth_boxes": .int(Self.truthBoxes(score)), "mean": ScoreTable.json(score.mean),
                    "pooled": ScoreTable.json(score.pooled),
                    "counts": .object(ScoreTable.json(score.counts)),
                ]
            })
    }

    private static func truthBoxes(_ score: SetScore) -> Int {
        score.images.reduce(0) { $0 + $1.score.truthBoxes }
    }
}
