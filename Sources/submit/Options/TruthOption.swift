import ArgumentParser
import Dataset
import Submission

/// `--truth`, for commands that score.
struct TruthOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("Ground truth: JSON, or an ICDAR zip or folder of text files.", valueName: "file"))
    var truth: String

    /// - Parameter icdar: how ICDAR text is read, with the names of the images that `gt_img_1.txt` may stand for.
    func read(icdar: ICDARText.ReadOptions) throws -> AnnotationSet {
        try AnnotationFile.contents(path: truth, icdar: icdar).set
    }
}
