import ArgumentParser
import Core
import Dataset
import Submission

/// Where predictions go: JSON with scores, leaderboard CSV, and the image order of the CSV.
struct OutputFiles: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Write predictions with scores.", valueName: "file"))
    var json: String?

    @Option(name: .long, help: ArgumentHelp("Write the leaderboard's CSV.", valueName: "file"))
    var csv: String?

    @OptionGroup var style: CSVFlags

    /// Writes `set` to the files that were named.
    func write(_ set: AnnotationSet, overwrite: Bool, quiet: Bool) throws {
        if let json {
            try AnnotationFile.write(set, to: json, as: .json, overwrite: overwrite)
            Terminal.say("predictions: \(json) (\(set.images.count) images, \(set.wordCount) boxes)", quiet: quiet)
        }
        if let csv {
            try AnnotationFile.write(set, to: csv, as: .csv, options: try style.options(), overwrite: overwrite)
            Terminal.say("submission:  \(csv) (\(set.images.count) images, \(set.wordCount) boxes)", quiet: quiet)
        }
    }
}

/// The form of a CSV.
struct CSVFlags: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Sample submission (CSV) or truth (JSON) whose image order the CSV takes.", valueName: "file"))
    var order: String?

    @Option(name: .long, help: "What stands in the CSV for an image without boxes: field (nothing) or zeros.")
    var empty = CSVStyle.EmptyImage.field

    @Option(name: .long, help: "Which CSV fields stand in quotes: needed or all.")
    var quoting = CSVStyle.Quoting.needed

    func options() throws -> AnnotationFile.WriteOptions {
        AnnotationFile.WriteOptions(
            order: try order.map { SubmissionCSV.imageOrder(of: try AnnotationFile.read(path: $0)) },
            csv: CSVStyle(emptyImage: empty, quoting: quoting))
    }
}

extension CSVStyle.EmptyImage: ExpressibleByArgument {}
extension CSVStyle.Quoting: ExpressibleByArgument {}
