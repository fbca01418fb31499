import Core
import Dataset
import Metrics
import Submission

/// A file of predictions with its score, or the truth with its own.
struct ScoredFile {
    /// What the truth is called where a file has its path.
    static let ceilingName = "(ceiling)"

    let path: String
    let score: SetScore
    /// What was scored, and against what.
    let predictions, truth: AnnotationSet

    /// Whether this is the truth scored against itself: what no predictions by the same rules need to reach.
    var isCeiling: Bool { path == Self.ceilingName }

    /// Reads and scores `files`, in their order; says which images a file has too many or too few.
    ///
    /// - Parameter hasCeiling: whether the truth comes last, scored against itself.
    /// - Throws: the readers' errors, and the metric's with the file's name.
    static func score(
        _ files: [String], against truth: String, _ icdar: ICDARFlags, options: ScoringOptions, width: Int,
        hasCeiling: Bool = false
    ) async throws -> [ScoredFile] {
        let truth = try read(truth, namedBy: files, icdar)
        let icdar = icdar.options(names: truth.images.map(\.name))
        var scored: [ScoredFile] = []
        for path in files {
            let predictions = try AnnotationFile.contents(path: path, icdar: icdar).set
            let score: SetScore
            do {
                score = try await scoreSet(truth: truth, predictions: predictions, options: options, width: width)
            } catch let error as MetricsError {
                var diagnosis = error.diagnosis
                diagnosis.path = path
                throw CommandError(diagnosis)
            }
            warn(of: score, path, images: truth.images.count)
            scored.append(ScoredFile(path: path, score: score, predictions: predictions, truth: truth))
        }
        if hasCeiling {
            let score = try await scoreSet(truth: truth, predictions: truth, options: options, width: width)
            scored.append(ScoredFile(path: ceilingName, score: score, predictions: truth, truth: truth))
        }
        return scored
    }

    private static func warn(of score: SetScore, _ path: String, images: Int) {
        if !score.unknownImages.isEmpty {
            Terminal.warning(
                "\(path): \(score.unknownImages.count) images are not in the truth and do not count, "
                    + "such as \(score.unknownImages[0])")
        }
        if !score.missingImages.isEmpty {
            Terminal.warning(
                "\(path): lacks \(score.missingImages.count) of the truth's \(images) images, "
                    + "such as \(score.missingImages[0]); each counts 0")
        }
    }

    /// ICDAR text names no image files: the first file of predictions that does lends its names.
    private static func read(_ truth: String, namedBy files: [String], _ icdar: ICDARFlags) throws -> AnnotationSet {
        var names: [String] = []
        if try AnnotationFile.format(of: truth) == .icdar {
            let named = try files.first { try AnnotationFile.format(of: $0) != .icdar }
            names = try named.map { try AnnotationFile.read(path: $0).images.map(\.name) } ?? []
        }
        return try AnnotationFile.contents(path: truth, icdar: icdar.options(names: names)).set
    }
}
