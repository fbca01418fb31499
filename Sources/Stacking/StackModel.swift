import Core
import Dataset
import Maps
import PostProc

/// A trained second-level model with all that it takes to use it on other images: how candidates come about, which sources
/// they come from, the threshold, and what it was worth.
public struct StackModel: Sendable, Equatable {
    /// A source as a model remembers it.
    public struct Source: Sendable, Equatable {
        /// Its store, as the user named it.
        public let path: String
        /// What made its maps.
        public let provenance: MapProvenance
    }

    /// What the model was worth on images that had not trained it.
    public struct Evidence: Sendable, Equatable {
        /// Whether the paired interval lies above 0.
        public let isAdopted: Bool
        /// The mean H, each image scored by a model that had not seen its fold.
        public let hmean: Double
        /// The best single source's, its threshold chosen on other folds.
        public let bestSource: Double
        /// The difference of both.
        public let difference: Double
        /// Its 95% interval, images resampled.
        public let interval: ClosedRange<Double>
        /// The rules by which all this was scored.
        public let metric: String
        /// How many folds there were, how often they were dealt, and the first seed of folds and resamples.
        public let folds, repeats, seed: Int
    }

    /// How candidates come about.
    public let candidates: CandidatePool.Options
    /// In the order of the features.
    public let sources: [Source]
    /// The columns of the features.
    public let features: [String]
    /// What gives probabilities.
    public let classifier: Classifier
    /// Candidates from here on are kept.
    public let threshold: Double
    /// What it was worth.
    public let evidence: Evidence
    /// The names of the images that trained it: on them it looks better than it is.
    public let images: [String]

    /// The model of one kind from a run.
    ///
    /// - Parameters:
    ///   - deals: what it is worth.
    ///   - pool: what was trained on.
    ///   - stores: the sources, in the pool's order.
    ///   - folds: how many there were.
    ///   - metric: the rules, as `--metric` names them.
    public init(
        _ kind: Classifier.Kind, of run: StackRun, deals: RepeatedDeals, pool: CandidatePool,
        options: CandidatePool.Options,
        stores: [MapStore], folds: Int, seed: Int, metric: String
    ) {
        guard let final = run.final[kind], let row = deals.rows.first(where: { $0.kind == kind }) else {
            preconditionFailure("a run has every kind")
        }
        candidates = options
        sources = stores.map { Source(path: $0.path, provenance: $0.provenance) }
        features = pool.featureNames
        classifier = final.classifier
        threshold = final.threshold
        evidence = Evidence(
            isAdopted: row.isAdopted, hmean: row.hmean, bestSource: deals.bestSource.hmean, difference: row.difference,
            interval: row.interval, metric: metric, folds: folds, repeats: deals.count, seed: seed)
        images = pool.images.map(\.name)
    }

    init(
        candidates: CandidatePool.Options, sources: [Source], features: [String], classifier: Classifier,
        threshold: Double, evidence: Evidence, images: [String]
    ) {
        self.candidates = candidates
        self.sources = sources
        self.features = features
        self.classifier = classifier
        self.threshold = threshold
        self.evidence = evidence
        self.images = images
    }

    /// Checks that `stores` are of the make and in the order of the model's sources.
    ///
    /// - Parameter path: the model's file, for messages.
    /// - Throws: `StackError` (65) that names the first store that is not, and where it would fit.
    public func check(_ stores: [MapStore], path: String) throws {
        guard stores.count == sources.count else {
            throw StackError.badData(
                "the model was made for another number of sources", path: path, found: "\(stores.count) stores",
                expected: "\(sources.count): " + sources.map(\.path).joined(separator: ", "),
                nextStep: "name with --maps one store for each of these, in this order")
        }
        for (store, source) in zip(stores, sources) {
            guard let difference = Self.difference(store.provenance, source.provenance) else { continue }
            let fitting = sources.first { Self.difference(store.provenance, $0.provenance) == nil }
            throw StackError.badData(
                "the model was made for another source in this place", path: store.path,
                found: "\(difference.key) \(difference.mine.text())",
                expected: "\(difference.key) \(difference.other.text()), as \(source.path) had",
                nextStep: fitting.map {
                    "this store is of the make of \($0.path): name the stores in the order of \(path)"
                }
                    ?? "predict the maps as \(source.path) was made, or train a model for these stores")
        }
    }

    /// What differs in the make of two stores; imported ones differ in nothing that is known but their geometry.
    private static func difference(
        _ mine: MapProvenance, _ other: MapProvenance
    ) -> (key: String, mine: JSONValue, other: JSONValue)? {
        for ((key, mine), (_, other)) in zip(mine.json, other.json) where key != "checkpoint" && mine != other {
            return (key, mine, other)
        }
        return nil
    }

    /// Keeps and drops the candidates of `pool`.
    ///
    /// - Precondition: the pool is of stores that `check` passed, made by the model's `candidates`.
    public func detections(in pool: CandidatePool) -> AnnotationSet {
        precondition(pool.featureNames == features, "the pool has the model's features")
        return AnnotationSet(
            pool.images.map { $0.kept(classifier.probabilities(of: $0.features), threshold: threshold) })
    }
}
