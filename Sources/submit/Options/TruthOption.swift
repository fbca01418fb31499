import ArgumentParser
import Dataset
import Submission

/// `--truth`, for commands that score.
struct TruthOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("Ground truth: JSON, or an ICDAR zip or folder of text files.", valueName: "file"))
    var truth: String

    func read() throws -> AnnotationSet {
        try AnnotationFile.read(path: truth)
    }
}
