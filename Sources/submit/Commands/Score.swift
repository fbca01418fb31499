import ArgumentParser
import Core
import Dataset
import Metrics
import Submission

/// JSON/CSV + truth -> H-mean, precision, recall: per image, as means, pooled.
struct Score: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score predictions against the truth.",
        discussion: """
            The leaderboard's number is the mean over images of each image's CLEval H-mean; the pooled figures stand \
            beside it. The three means need not agree with each other.

            Example:
              submit score --truth val.json fold0.json vote3.csv --per-image rows.csv
            """)

    @OptionGroup var truth: TruthOption

    @Argument(help: ArgumentHelp("Predictions: JSON, CSV, or ICDAR zips.", valueName: "files"))
    var files: [String]

    @Option(
        name: .long, help: "leaderboard (CLEval, the leaderboard's variant), upstream (CLEval as published) or iou.")
    var metric = MetricKind.clevalLeaderboard

    @Option(name: .long, help: ArgumentHelp("Write a row an image and file (CSV).", valueName: "file"))
    var perImage: String?

    @Flag(name: .long, help: "List the files best first.")
    var rank = false

    @OptionGroup var form: FormatFlag
    @OptionGroup var common: CommonFlags

    func run() async throws {
        let options = ScoringOptions(metric: metric)
        let truth = try truth.read()
        var scored: [(path: String, score: SetScore)] = []
        for path in files {
            let predictions = try AnnotationFile.read(path: path)
            let score = try await scoreSet(
                truth: truth, predictions: predictions, options: options, width: common.width)
            if !score.unknownImages.isEmpty {
                Terminal.warning(
                    "\(path): \(score.unknownImages.count) images are not in the truth and do not count, "
                        + "such as \(score.unknownImages[0])")
            }
            scored.append((path, score))
        }
        if let perImage {
            try AtomicFile.write(ScoreTable.perImage(scored), to: perImage, overwrite: common.force)
        }
        if rank { scored.sort { ($0.score.mean.hmean, $1.path) > ($1.score.mean.hmean, $0.path) } }
        switch form.format {
        case .table: Output.print(ScoreTable.table(scored))
        case .csv: Output.print(ScoreTable.csv(scored))
        case .json: Output.print(ScoreTable.json(scored, metric: metric).text(indent: 2))
        }
    }
}

extension MetricKind: ExpressibleByArgument {}
