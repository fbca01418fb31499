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

    func validate() throws {
        if let json, json == csv { throw ValidationError("--json and --csv name the same file, \(json)") }
        if let json, let csv, json == PredictionSidecar.path(of: csv) {
            throw ValidationError("--json names the sidecar of --csv, \(json)")
        }
    }

    /// Writes `set` to the files that were named, and beside a CSV its sidecar: all of them, or none where one must not
    /// be replaced.
    ///
    /// - Parameter sidecar: what made the set; nil leaves the sidecar out.
    /// - Throws: `CommandError` (65) where the order names an image that `set` lacks: an empty row in its place would
    ///   score 0.
    func write(
        _ set: AnnotationSet, madeBy sidecar: PredictionSidecar? = nil, overwrite: Bool, quiet: Bool
    ) throws {
        let options = try style.options()
        if let missing = options.order?.filter({ set[$0] == nil }), let first = missing.first {
            throw CommandError(
                Diagnosis(
                    .badData, "\(missing.count) images of the order have no prediction", path: style.order,
                    place: first, found: "\(set.images.count) images with predictions",
                    expected: "one for each of the \(options.order?.count ?? 0) images",
                    nextStep: "predict the rest, or take the order of the images that there are"))
        }
        let contents = try csv.map { _ in try SubmissionCSV.text(of: set, order: options.order, style: options.csv) }
        if !overwrite {
            if let json { try AtomicFile.stands(AnnotationJSON.text(of: set), at: json) }
            if let csv, let contents {
                try AtomicFile.stands(contents, at: csv)
                try sidecar?.check(beside: csv, contents: contents)
            }
        }
        if let json {
            try AnnotationFile.write(set, to: json, as: .json, overwrite: overwrite)
            Terminal.say("predictions: \(json) (\(set.images.count) images, \(set.wordCount) boxes)", quiet: quiet)
        }
        if let csv, let contents {
            try AtomicFile.write(contents, to: csv, overwrite: overwrite)
            try sidecar?.write(beside: csv, contents: contents, overwrite: overwrite)
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
