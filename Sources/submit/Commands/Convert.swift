import ArgumentParser
import Submission

/// Between JSON, CSV, ICDAR text and zips.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Convert predictions or truth between JSON, CSV and ICDAR zips.",
        discussion: """
            The round trip is exact in what both formats hold; what the target cannot hold is said. ICDAR text names \
            images without extension (gt_img_1.txt): --order gives them their file names back.

            Examples:
              submit convert fold0.json fold0.csv --order sample_submission.csv
              submit convert gt.zip truth.json --order sample_submission.csv
            """)

    @Argument(help: "File to read: JSON, CSV, ICDAR zip or folder.")
    var source: String

    @Argument(help: "File to write: .json, .csv or .zip.")
    var target: String

    @OptionGroup var style: CSVFlags
    @OptionGroup var icdar: ICDARFlags

    @Flag(name: .shortAndLong, help: "No notes; errors only.")
    var quiet = false

    @Flag(name: .long, help: "Replace the file where it exists.")
    var force = false

    func run() throws {
        let options = try style.options()
        let contents = try AnnotationFile.contents(path: source, icdar: icdar.options(names: options.order ?? []))
        for note in contents.notes { Terminal.note(note, quiet: quiet) }
        let lost = try AnnotationFile.write(contents.set, to: target, options: options, overwrite: force)
        for note in lost { Terminal.note(note, quiet: quiet) }
        Terminal.say("\(target): \(contents.set.images.count) images, \(contents.set.wordCount) boxes", quiet: quiet)
    }
}
