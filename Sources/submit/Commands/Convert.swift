import ArgumentParser
import Submission

/// Between JSON, CSV, ICDAR text and zips.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert predictions or truth between JSON, CSV and ICDAR zips.",
        discussion: """
            The round trip is exact in what both formats hold; what the target cannot hold is said.

            Examples:
              submit convert fold0.json fold0.csv --order sample_submission.csv
              submit convert gt.zip truth.json
            """)

    @Argument(help: "File to read: JSON, CSV, ICDAR zip or folder.")
    var source: String

    @Argument(help: "File to write: .json, .csv or .zip.")
    var target: String

    @OptionGroup var style: CSVFlags
    @OptionGroup var common: CommonFlags

    func run() throws {
        let contents = try AnnotationFile.contents(path: source)
        for note in contents.notes { Terminal.note(note, quiet: common.quiet) }
        let lost = try AnnotationFile.write(
            contents.set, to: target, options: try style.options(), overwrite: common.force)
        for note in lost { Terminal.note(note, quiet: common.quiet) }
        Terminal.say(
            "\(target): \(contents.set.images.count) images, \(contents.set.wordCount) boxes", quiet: common.quiet)
    }
}
