import Dataset
import Foundation
import Metrics

/// The sources' own scores, and weights from them.
extension EnsembleCommand {
    /// The weights by hand, or each source's own H against `truth`; nil where none were asked for.
    func weights(of sources: [AnnotationSet], truth: AnnotationSet?) async throws -> [Double]? {
        guard how.weights == .outOfFold, let truth else { return weights(ownScores: []) }
        return weights(ownScores: try await score(sources, truth: truth))
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
    func score(_ sources: [AnnotationSet], truth: AnnotationSet) async throws -> [SetScore] {
        var scores: [SetScore] = []
        for (path, source) in zip(sourcePaths, sources) {
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
