import Core
import Metrics
import Sweep

/// A row's threshold, chosen for each fold on all other folds: the middle of the widest stretch with the best mean H.
struct ThresholdChoice: Sendable {
    let folds: [[Int]]
    let options: ScoringOptions

    /// Scores each fold at the threshold that the others choose.
    ///
    /// - Parameter detections: those of an image, given the fold that is scored next: of images in that fold, scores that
    ///   nothing of it has chosen; of the others, scores that nothing of it or of their own fold has.
    func row(
        _ entry: StackRun.Entry, _ examples: [StackExample], width: Int,
        _ detections: @escaping @Sendable (_ fold: Int, _ image: Int) -> ScoredDetections
    ) async throws -> StackRun.Row {
        var scores = [ImageScore](repeating: ImageScore(), count: examples.count)
        var boxes = 0
        var thresholds: [Double] = []
        for fold in folds.indices {
            let others = folds.indices.filter { $0 != fold }.flatMap { folds[$0] }.sorted()
            let threshold = try await choose(others, width: width) { detections(fold, $0) }
            thresholds.append(threshold)
            for image in folds[fold] {
                let found = detections(fold, image)
                let kept = found.kept(at: threshold)
                scores[image] = found.pairs.score(keeping: kept)
                boxes += kept.count
            }
        }
        return StackRun.Row(
            entry: entry, score: SetScore(images: Array(zip(examples.map(\.name), scores)), options: options),
            boxes: boxes, thresholds: thresholds)
    }

    /// The threshold that is best on `images`.
    func choose(
        _ images: [Int], width: Int, _ detections: @escaping @Sendable (Int) -> ScoredDetections
    ) async throws -> Double {
        let steps = try await parallelMap(images, width: width) { _, image in
            let found = detections(image)
            return ImageSteps(found.scores, found.pairs)
        }
        return BoxThreshCurve(steps, options: options, target: .hmean).plateau.boxThresh
    }
}
