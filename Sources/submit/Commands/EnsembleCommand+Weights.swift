import Core
import Dataset
import Foundation
import Metrics
import Submission

/// The sources' own scores, and weights from them.
extension EnsembleCommand {
    /// The weights by hand, or each source's own H against `truth`, or that of its out-of-fold stand-in; nil where none
    /// were asked for.
    func weights(of sources: [AnnotationSet], truth: AnnotationSet?) async throws -> [Double]? {
        guard how.weights == .outOfFold else { return weights(ownScores: []) }
        if let path = outOfFold.scores {
            let read = try OutOfFoldFlags.read(path, sources: sourcePaths.count, metric: scoring.metric.rawValue)
            return noted(read.map(\.hmean), of: read.map(\.path))
        }
        guard let truth else { return nil }
        guard !outOfFold.oofFiles.isEmpty else {
            return weights(ownScores: try await score(sources, truth: truth))
        }
        let others = try await parallelMap(outOfFold.oofFiles, width: common.width) {
            try AnnotationFile.read(path: $1)
        }
        let scores = try await score(others, truth: truth, paths: outOfFold.oofFiles)
        return noted(scores.map(\.mean.hmean), of: outOfFold.oofFiles)
    }

    /// Says which source gets the H of which file: they belong together by their order alone.
    private func noted(_ values: [Double], of files: [String]) -> [Double] {
        let list = zip(sourcePaths, zip(values, files))
            .map { "\($0) " + String(format: "%.6f", $1.0) + " (\($1.1))" }.joined(separator: ", ")
        Terminal.note("weights by out-of-fold H: \(list)", quiet: common.quiet)
        return values
    }

    /// The weights by hand, or the H of `ownScores`; nil where none were asked for.
    func weights(ownScores: [SetScore]) -> [Double]? {
        switch how.weights {
        case nil: return nil
        case .given(let values): return values
        case .outOfFold:
            let values = ownScores.map(\.mean.hmean)
            let list = zip(sourcePaths, values).map { "\($0) " + String(format: "%.6f", $1) }.joined(separator: ", ")
            Terminal.note("weights by own H: \(list)", quiet: common.quiet)
            return values
        }
    }

    /// Each source's own score against `truth`, with warnings about images that only one of both has.
    ///
    /// - Parameter paths: their names for messages; nil is the sources that are combined.
    func score(
        _ sources: [AnnotationSet], truth: AnnotationSet, paths: [String]? = nil
    ) async throws -> [SetScore] {
        var scores: [SetScore] = []
        for (path, source) in zip(paths ?? sourcePaths, sources) {
            do {
                let score = try await scoreSet(
                    truth: truth, predictions: source, options: scoring.options, width: common.width)
                if let example = score.unknownImages.first {
                    Terminal.warning(
                        "\(path): \(score.unknownImages.count) images are not in the truth and do not count, such as "
                            + example)
                }
                if let example = score.missingImages.first {
                    Terminal.warning(
                        "\(path): lacks \(score.missingImages.count) of the truth's \(truth.images.count) images, such "
                            + "as \(example); each counts 0")
                }
                scores.append(score)
            } catch let error as MetricsError {
                var diagnosis = error.diagnosis
                diagnosis.path = path
                throw CommandError(diagnosis)
            }
        }
        return scores
    }
}
