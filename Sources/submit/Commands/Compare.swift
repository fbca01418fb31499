import ArgumentParser
import Core
import Metrics
import Submission

/// Predictions + truth -> differences, image by image, and how sure they are; without truth, who agrees with whom.
struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell whether one file is better than another, image by image.",
        discussion: """
            Every file is compared with the first. The difference of the mean H stands with its 95% interval (the \
            images resampled, the same resamples for both files) and with p, the share of random signs for the \
            images' differences that give one as large (two-sided; below .05 by chance in one of twenty comparisons \
            of equals). A difference whose interval holds zero is not separable: it may not show on other images.

            Without --truth each file is scored against each other: how alike they are, and which are near-duplicates \
            that waste a submission.

            Examples:
              submit compare fold0.json vote3.json --truth val.json
              submit compare base.csv a.csv b.csv --truth val.json --bootstrap 10000
              submit compare --rank-by-agreement submissions/*.csv
            """)

    @Argument(help: ArgumentHelp("Predictions, two or more: JSON, CSV, or ICDAR zips.", valueName: "files"))
    var files: [String]

    @Option(name: .long, help: ArgumentHelp("How many of the images that moved most are listed.", valueName: "n"))
    var moved = 5

    @Option(
        name: .long,
        help: ArgumentHelp("Ground truth: JSON, or an ICDAR zip or folder of text files.", valueName: "file"))
    var truth: String?

    @Flag(name: .long, help: "Without truth: list the files that agree most with the others first.")
    var rankByAgreement = false

    @OptionGroup var scoring: ScoringFlags
    @OptionGroup var bootstrap: BootstrapFlags
    @OptionGroup var icdar: ICDARFlags
    @OptionGroup var form: FormatFlag
    @OptionGroup var common: CommonFlags

    func validate() throws {
        if files.count < 2 { throw ValidationError("name two files or more: the others are compared with the first") }
        if moved < 0 { throw ValidationError("--moved must be 0 or more, not \(moved)") }
        if rankByAgreement, truth != nil { throw ValidationError("--rank-by-agreement is for files without --truth") }
        if bootstrap.bootstrap == 0 { throw ValidationError("--bootstrap must be 1 or more here") }
    }

    func run() async throws {
        guard let truth else { return try await printAgreement() }
        let scored = try await ScoredFile.score(
            files, against: truth, icdar, options: scoring.options, width: common.width)
        let table = ComparisonTable(
            scored, metric: scoring.metric, bootstrap: bootstrap.options, moved: moved)
        try form.print(table.text, csv: table.csv, json: table.json)
    }

    private func printAgreement() async throws {
        let icdar = icdar.options()
        let sets = try files.map { (path: $0, set: try AnnotationFile.contents(path: $0, icdar: icdar).set) }
        let agreement = try await Agreement(sets.map(\.set), options: scoring.options, width: common.width)
        let table = AgreementTable(sets, agreement, metric: scoring.metric, ranked: rankByAgreement)
        try form.print(table.text, csv: table.csv, json: table.json)
    }
}
