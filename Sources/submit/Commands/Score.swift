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
            beside it. The three means need not agree with each other. An image that a file lacks counts 0.

            ICDAR text is one .txt an image: gt_img_1.txt, res_img_1.txt and img_1.txt are all the image img_1, or \
            img_1.jpg where the other file has that. What its lines hold is told from the files.

            Examples:
              submit score --truth val.json fold0.json vote3.csv --per-image rows.csv
              submit score --truth gt.zip result.zip --metric iou
            """)

    @OptionGroup var truth: TruthOption

    @Argument(help: ArgumentHelp("Predictions: JSON, CSV, or ICDAR zips.", valueName: "files"))
    var files: [String]

    @Option(name: .long, help: ArgumentHelp("Write a row an image and file (CSV).", valueName: "file"))
    var perImage: String?

    @Flag(name: .long, help: "List the files best first.")
    var rank = false

    @OptionGroup var scoring: ScoringFlags
    @OptionGroup var icdar: ICDARFlags
    @OptionGroup var form: FormatFlag
    @OptionGroup var common: CommonFlags

    func run() async throws {
        let truth = try readTruth()
        let icdar = icdar.options(names: truth.images.map(\.name))
        var scored: [(path: String, score: SetScore)] = []
        for path in files {
            let predictions = try AnnotationFile.contents(path: path, icdar: icdar).set
            let score: SetScore
            do {
                score = try await scoreSet(
                    truth: truth, predictions: predictions, options: scoring.options, width: common.width)
            } catch let error as MetricsError {
                var diagnosis = error.diagnosis
                diagnosis.path = path
                throw CommandError(diagnosis)
            }
            if !score.unknownImages.isEmpty {
                Terminal.warning(
                    "\(path): \(score.unknownImages.count) images are not in the truth and do not count, "
                        + "such as \(score.unknownImages[0])")
            }
            if !score.missingImages.isEmpty {
                Terminal.warning(
                    "\(path): lacks \(score.missingImages.count) of the truth's \(truth.images.count) images, "
                        + "such as \(score.missingImages[0]); each counts 0")
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
        case .json: Output.print(ScoreTable.json(scored, metric: scoring.metric).text(indent: 2))
        }
    }

    /// ICDAR text names no image files: the first file of predictions that does lends its names.
    private func readTruth() throws -> AnnotationSet {
        var names: [String] = []
        if try AnnotationFile.format(of: truth.truth) == .icdar {
            let named = try files.first { try AnnotationFile.format(of: $0) != .icdar }
            names = try named.map { try AnnotationFile.read(path: $0).images.map(\.name) } ?? []
        }
        return try truth.read(icdar: icdar.options(names: names))
    }
}
