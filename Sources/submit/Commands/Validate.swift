import ArgumentParser
import Core
import Foundation
import Imaging
import Submission

/// CSV -> every way the leaderboard could refuse it, before it costs a submission.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a CSV for every way in which a leaderboard could refuse or miscount it.",
        discussion: """
            All findings at once. Errors (exit 65) are what a leaderboard refuses or what silently changes the score; \
            warnings are what probably was not meant; notes are forms that every reader takes.

            Example:
              submit validate vote3.csv --images test --sample sample_submission.csv
            """)

    @Argument(help: "The CSV to submit.")
    var csv: String

    @Option(name: .long, help: ArgumentHelp("Folder of the test images: names and sizes.", valueName: "folder"))
    var images: String?

    @Option(name: .long, help: ArgumentHelp("Sample submission: names and their order.", valueName: "file"))
    var sample: String?

    @Option(name: .long, help: ArgumentHelp("Truth: names and sizes.", valueName: "file"))
    var truth: String?

    @Option(
        name: .long, help: ArgumentHelp("Predictions that the CSV was made from: must say the same.", valueName: "file")
    )
    var json: String?

    @OptionGroup var form: FormatFlag

    func run() throws {
        let validation = try Validation.run(path: csv, against: try expectation())
        switch form.format {
        case .table:
            for finding in validation.findings { try Output.print(finding.text) }
        case .csv:
            try Output.print("severity,code,image,line,message")
            for finding in validation.findings {
                let cells = [
                    finding.severity.rawValue, finding.code.rawValue, finding.image ?? "",
                    finding.line.map(String.init) ?? "",
                    finding.message,
                ]
                try Output.print(cells.map(ScoreTable.field).joined(separator: ","))
            }
        case .json:
            try Output.print(
                JSONValue.object([
                    "schema": 1, "path": .string(csv), "images": .int(validation.imageCount),
                    "polygons": .int(validation.polygonCount), "findings": .array(validation.findings.map(\.json)),
                ]).text(indent: 2))
        }
        let counts =
            "\(validation.count(.error)) errors, \(validation.count(.warning)) warnings, \(validation.count(.note)) notes"
        Terminal.say("\(csv): \(validation.imageCount) images, \(validation.polygonCount) polygons: \(counts)")
        guard !validation.hasErrors else {
            throw CommandError(
                Diagnosis(
                    .badData, "a leaderboard would refuse or miscount this file", path: csv,
                    found: "\(validation.count(.error)) errors, listed above"))
        }
    }

    /// Names from the sample, else the images, else the truth; sizes from the images, else the truth.
    private func expectation() throws -> Validation.Expectation {
        let predictions = try json.map { try AnnotationFile.read(path: $0) }
        var expectation = Validation.Expectation(predictions: predictions)
        if let truth {
            expectation = Validation.Expectation(like: try AnnotationFile.read(path: truth), predictions: predictions)
            expectation.namesAreOrdered = false
        }
        if let images {
            let folder = try ImageFolder(path: images)
            expectation.names = folder.names
            for name in folder.names {
                let size = try ImageFile.size(path: folder.path(of: name))
                expectation.sizes[name] = Validation.Size(width: size.width, height: size.height)
            }
        }
        if let sample {
            expectation.names = try AnnotationFile.read(path: sample).images.map(\.name)
            expectation.namesAreOrdered = true
        }
        return expectation
    }
}
