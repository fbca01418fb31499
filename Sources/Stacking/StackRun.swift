import Core
import Dataset
import Metrics
import Sweep

/// The single sources, their vote, and models on the same candidates, each scored on images that chose nothing of it.
///
/// For each fold the other folds train: the models on their candidates, and every row's threshold on their images. A
/// model's threshold is chosen on probabilities that it gave to images it was not trained on, one inner fold after the
/// other, since on its own training images it looks surer than it is. So no image is scored by what has seen it or any of
/// its fold, and all rows have as much freedom: one threshold.
public struct StackRun: Sendable {
    /// What a row is about.
    public enum Entry: Sendable, Hashable {
        /// A source's own boxes at its own threshold.
        case source(Int)
        /// The pooled candidates by their mean score over all sources.
        case vote
        /// The pooled candidates by a model.
        case model(Classifier.Kind)
    }

    /// One line of the table.
    public struct Row: Sendable {
        /// What was scored.
        public let entry: Entry
        /// All images, each at its fold's threshold.
        public let score: SetScore
        /// Boxes over all images.
        public let boxes: Int
        /// Each fold's threshold, chosen on the other folds.
        public let thresholds: [Double]
        /// The 95% interval of the mean H, images resampled.
        public internal(set) var interval = 0.0...0.0
        /// Against the best single source; nil for that itself.
        public internal(set) var comparison: PairedComparison?

        /// Whether this is a model whose paired interval to the best single source lies above 0.
        public var isAdopted: Bool {
            if case .model = entry { comparison.map { $0.interval.lowerBound > 0 } ?? false } else { false }
        }
    }

    /// By descending mean H; ties: sources first, then the vote, then the models.
    public let rows: [Row]
    /// The place of the best single source in `rows`.
    public let bestSource: Int
    /// Candidates over all images, and how many of them are to be kept.
    public let candidateCount, targetCount: Int
    /// Each kind's model of all images, with the threshold that its out-of-fold probabilities choose.
    public let final: [Classifier.Kind: (classifier: Classifier, threshold: Double)]

    /// How many trainings a run with so many folds takes.
    public static func trainingCount(folds: Int) -> Int {
        Classifier.Kind.allCases.count * (1 + folds * (folds + 1) / 2)
    }

    /// Trains and scores.
    ///
    /// - Parameters:
    ///   - pool: candidates of images that `truth` names.
    ///   - folds: names and images; at least three, for the inner folds.
    ///   - bootstrap: at least one draw.
    ///   - width: how much is worked on side by side; the result does not depend on it.
    ///   - progress: called with the number of trainings done, of `trainingCount`.
    /// - Throws: `SweepError` (65) for folds that overlap or leave images out; `StackError` (65) for fewer than three, and
    ///   where all candidates that train are of one kind.
    public init(
        _ pool: CandidatePool, truth: AnnotationSet, folds: [(name: String, images: [String])],
        options: ScoringOptions, bootstrap: BootstrapOptions, width: Int, progress: (Int) -> Void = { _ in }
    ) async throws {
        precondition(bootstrap.draws > 0, "a draw at least")
        try options.validate()
        let names = pool.images.map(\.name)
        let members = try FoldImages.checked(folds, imageNames: names, label: "the maps")
        guard folds.count > 2 else {
            throw StackError.badData(
                "two folds leave no inner folds to choose a threshold on", path: folds[0].name,
                found: "\(folds.count) folds", expected: "three or more")
        }
        let placeOf = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let images = members.map { $0.compactMap { placeOf[$0] }.sorted() }
        let examples = try await parallelMap(pool.images, width: width) { _, image in
            StackExample(image, truth: truth[image.name] ?? ImageAnnotation(name: image.name), options: options)
        }
        candidateCount = examples.reduce(0) { $0 + $1.targets.isKept.count }
        targetCount = examples.reduce(0) { $0 + $1.targets.isKept.count(where: \.self) }

        let training = StackTraining(examples: examples, folds: images, names: folds.map(\.name))
        let trained = try await training.run(width: width, progress: progress)
        let threshold = ThresholdChoice(folds: images, options: options)
        var rows: [Row] = []
        for source in 0..<pool.sourceCount {
            rows.append(
                try await threshold.row(.source(source), examples, width: width) { _, image in
                    examples[image].own[source]
                })
        }
        rows.append(try await threshold.row(.vote, examples, width: width) { _, image in examples[image].voted })
        var final: [Classifier.Kind: (Classifier, Double)] = [:]
        for (kind, models) in trained {
            rows.append(
                try await threshold.row(.model(kind), examples, width: width) { fold, image in
                    examples[image].scored(models.probabilities(of: image, heldOut: fold))
                })
            let chosen = try await threshold.choose(Array(examples.indices), width: width) { image in
                examples[image].scored(models.probabilities(of: image, heldOut: nil))
            }
            final[kind] = (models.all, chosen)
        }
        self.final = final
        Self.compare(&rows, sourceCount: pool.sourceCount, bootstrap)
        let best = rows[..<pool.sourceCount].indices.reduce(0) {
            rows[$1].score.mean.hmean > rows[$0].score.mean.hmean ? $1 : $0
        }
        let order = rows.indices.sorted { (rows[$1].score.mean.hmean, $0) < (rows[$0].score.mean.hmean, $1) }
        self.rows = order.map { rows[$0] }
        bestSource = order.firstIndex(of: best) ?? 0
    }

    private static func compare(_ rows: inout [Row], sourceCount: Int, _ bootstrap: BootstrapOptions) {
        let figures = rows.map { $0.score.images.map(\.score.rates.hmean) }
        let best = rows[..<sourceCount].indices.reduce(0) {
            rows[$1].score.mean.hmean > rows[$0].score.mean.hmean ? $1 : $0
        }
        let drawn = Bootstrap(
            rows: figures[0].indices.map { image in figures.map { $0[image] } }, draws: bootstrap.draws,
            seed: bootstrap.seed)
        for index in rows.indices {
            rows[index].interval = drawn.interval(of: index)
            if index != best { rows[index].comparison = PairedComparison(figures[best], figures[index], bootstrap) }
        }
    }
}
