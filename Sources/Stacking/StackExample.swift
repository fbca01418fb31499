import Dataset
import Metrics

/// Detections of an image that a threshold on their scores chooses among, with their geometry against the truth.
struct ScoredDetections: Sendable {
    let pairs: ImagePairs
    let scores: [Double]

    func kept(at threshold: Double) -> [Int] { scores.indices.filter { scores[$0] >= threshold } }
}

/// One image to learn from.
struct StackExample: Sendable {
    let name: String
    let features: FeatureTable
    let targets: KeepTargets
    /// Each source's own boxes.
    let own: [ScoredDetections]
    /// The pooled candidates by their mean score.
    let voted: ScoredDetections

    init(_ image: CandidatePool.Image, truth: ImageAnnotation, options: ScoringOptions) {
        let truth = ImageTruth(truth, options: options)
        func detections(_ words: [Word]) -> ScoredDetections {
            ScoredDetections(pairs: truth.pairs(with: words), scores: words.map { $0.score ?? 1 })
        }
        name = image.name
        features = image.features
        own = image.own.map(detections)
        voted = detections(image.words)
        targets = KeepTargets(voted.pairs, scores: voted.scores)
    }

    /// The pooled candidates by other scores.
    func scored(_ probabilities: [Double]) -> ScoredDetections {
        ScoredDetections(pairs: voted.pairs, scores: probabilities)
    }
}
