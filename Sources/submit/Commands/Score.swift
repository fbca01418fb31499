import ArgumentParser
import Core
import Metrics

/// JSON/CSV + truth -> H-mean, precision, recall: per image, as means, pooled.
struct Score: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score predictions against the truth.",
        discussion: """
            The leaderboard's number is the mean over images of each image's CLEval H-mean; the pooled figures stand \
            beside it. The three means need not agree with each other. An image that a file lacks counts 0.

            The ceiling is the truth scored against itself: boxes that cross or touch keep it below 1.

            The interval holds 95% of the H of resampled images: what other images of the same kind might give. Two \
            files whose intervals overlap may still differ for sure: `submit compare` looks at them image by image.

            ICDAR text is one .txt an image: gt_img_1.txt, res_img_1.txt and img_1.txt are all the image img_1, or \
            img_1.jpg where the other file has that. What its lines hold is told from the files.

            Examples:
              submit score --truth val.json fold0.json vote3.csv --per-image rows.csv
              submit score --truth gt.zip result.zip --metric iou --errors errors.json
              submit score --truth val.json vote3.json --scale-wise --strata boxes
              submit score --truth val.json --ceiling --per-image ceiling.csv
            """)

    @OptionGroup var truth: TruthOption

    @Argument(help: ArgumentHelp("Predictions: JSON, CSV, or ICDAR zips.", valueName: "files"))
    var files: [String] = []

    @Flag(name: .long, help: "Score the truth against itself too, by the same rules; wants no files.")
    var ceiling = false

    @Option(name: .long, help: ArgumentHelp("Write a row an image and file (CSV).", valueName: "file"))
    var perImage: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Write the missed, false, split and merged boxes of each file and image (JSON).", valueName: "file"))
    var errors: String?

    @Flag(name: .long, help: "List the files best first.")
    var rank = false

    @OptionGroup var breakdown: BreakdownFlags
    @OptionGroup var scoring: ScoringFlags
    @OptionGroup var bootstrap: BootstrapFlags
    @OptionGroup var icdar: ICDARFlags
    @OptionGroup var form: FormatFlag
    @OptionGroup var common: CommonFlags

    func validate() throws {
        if files.isEmpty, !ceiling {
            throw ValidationError("Missing expected argument '<files> ...'; --ceiling alone scores the truth")
        }
        if let errors, errors == perImage {
            throw ValidationError("--errors and --per-image name the same file, \(errors)")
        }
        try breakdown.validate(for: scoring.metric)
        if form.format == .csv, breakdown.scaleWise, breakdown.strata != nil {
            throw ValidationError("--format csv holds one table: that of --scale-wise or that of --strata")
        }
    }

    func run() async throws {
        let scored = try await ScoredFile.score(
            files, against: truth.truth, icdar, options: scoring.options, width: common.width, hasCeiling: ceiling)
        let listed = rank ? Self.ranked(scored) : scored
        let breakdowns = try await breakdown.breakdowns(of: listed, options: scoring.options, width: common.width)
        try await writeFiles(scored)
        let table = ScoreTable(
            listed, metric: scoring.metric, bootstrap: bootstrap.options, breakdowns: breakdowns)
        try form.print(table.text, csv: table.csv, json: table.json)
    }

    /// Best first, the ceiling last.
    private static func ranked(_ scored: [ScoredFile]) -> [ScoredFile] {
        scored.filter { !$0.isCeiling }
            .sorted { ($0.score.mean.hmean, $1.path) > ($1.score.mean.hmean, $0.path) } + scored.filter(\.isCeiling)
    }

    /// Writes the files that were named: all of them, or none where one must not be replaced.
    private func writeFiles(_ scored: [ScoredFile]) async throws {
        var texts: [(text: String, path: String)] = []
        if let perImage { texts.append((ScoreTable.perImage(scored), perImage)) }
        if let errors {
            let file = try await ErrorsFile(scored, options: scoring.options, width: common.width)
            texts.append((file.json.text(indent: 1), errors))
        }
        if !common.force {
            for (text, path) in texts { try AtomicFile.stands(text, at: path) }
        }
        for (text, path) in texts { try AtomicFile.write(text, to: path, overwrite: common.force) }
    }
}
