import ArgumentParser
import Core
import Foundation
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
        let sidecar = try madeBy()
        let text = try sidecar.map { _ in
            try SubmissionCSV.text(of: contents.set, order: options.order, style: options.csv)
        }
        if let sidecar, let text, !force {
            try AtomicFile.stands(text, at: target)
            try sidecar.check(beside: target, contents: text)
        }
        let lost = try AnnotationFile.write(contents.set, to: target, options: options, overwrite: force)
        if let sidecar, let text { try sidecar.write(beside: target, contents: text, overwrite: force) }
        for note in lost { Terminal.note(note, quiet: quiet) }
        Terminal.say("\(target): \(contents.set.images.count) images, \(contents.set.wordCount) boxes", quiet: quiet)
    }

    /// What a CSV as target comes from; nil for other targets.
    private func madeBy() throws -> PredictionSidecar? {
        guard (target as NSString).pathExtension.lowercased() == "csv" else { return nil }
        let origin = try PredictionSidecar.source(path: source)
        return PredictionSidecar(command: "convert", settings: origin.settings ?? [:], sources: [origin])
    }
}
