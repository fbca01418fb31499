import Core
import Dataset
import Geometry
import Metrics

/// Single sources and every way of combining them, scored on the same images and ranked, with intervals from the same
/// bootstrap draws for all.
///
/// The first row was chosen among all on these images: its interval does not count that choice.
public struct EnsembleRanking: Sendable {
    /// One line of the ranking.
    public struct Row: Sendable {
        /// What was scored.
        public let entry: Entry
        /// Boxes on the truth's images.
        public let boxes: Int
        /// Means over images, and the figures pooled from their counts.
        public let mean, pooled: Rates
        /// The 95% interval of the mean H, images resampled.
        public internal(set) var interval = 0.0...0.0
        /// The mean H less the best single source's.
        public internal(set) var difference = 0.0
        /// The 95% interval of `difference`, images resampled.
        public internal(set) var differenceInterval = 0.0...0.0
        /// Polygons that have lost area; nil where none was merged: for a single source and for maps.
        public let shrinkage: Shrinkage?
    }

    /// What a row is about.
    public enum Entry: Sendable, Hashable {
        /// A source, by its number.
        case source(Int)
        /// A method, and the votes that a box needs where it has votes.
        case method(PolygonCombination.Method, votes: Int?)
        /// The boxes of the sources' combined maps.
        case maps(MapCombination.Rule)
    }

    /// All rows by descending mean H; ties: sources first, then in the order of the methods, maps last.
    public let rows: [Row]
    /// The rank in `rows` of the best single source, from 0.
    public let bestSource: Int

    /// The boxes of the sources' combined maps, and their score.
    public typealias CombinedMaps = (rule: MapCombination.Rule, boxes: AnnotationSet, score: SetScore)

    /// Scores the combinations of `sources` by `methods`, each at 1 to as many votes as there are sources where it has
    /// votes, and ranks them with the sources themselves.
    ///
    /// - Parameters:
    ///   - scores: each source's own score against `truth` by `options`.
    ///   - maps: what stands beside them, where the sources are of map stores.
    ///   - weights: one a source, none negative, not all 0; nil as in `PolygonCombination`.
    ///   - options: the metric.
    ///   - draws: how many times images are resampled, at least 1.
    ///   - seed: the same seed gives the same draws, on every machine.
    ///   - width: how many images are worked on side by side; the result does not depend on it.
    ///   - completed: called after each image with the number done so far: for progress only.
    /// - Throws: `EnsembleError` as `PolygonCombination` does; `CancellationError`.
    public init(
        sources: [AnnotationSet], scores: [SetScore], methods: [PolygonCombination.Method], maps: [CombinedMaps] = [],
        weights: [Double]? = nil, truth: AnnotationSet, options: ScoringOptions, draws: Int, seed: UInt64,
        width: Int = 1, completed: (Int) -> Void = { _ in }
    ) async throws {
        precondition(draws > 0 && scores.count == sources.count, "draws, and a score a source")
        guard !sources.isEmpty else { throw EnsembleError.noSource }
        try EnsembleError.checkWeights(weights, count: sources.count)
        try methods.forEach { try $0.check() }
        let entries = methods.flatMap { method -> [Entry] in
            method.hasVotes
                ? (1...sources.count).map { .method(method, votes: $0) } : [.method(method, votes: nil)]
        }
        let images = try await parallelMap(truth.images, width: width, completed: completed) { _, image in
            try Self.outcomes(on: image, of: sources, methods: methods, weights: weights, options: options)
        }
        let names = truth.images.map(\.name)
        func row(_ entry: Entry, _ score: SetScore, of set: AnnotationSet) -> (row: Row, figures: [Double]) {
            Self.row(entry, score, boxes: names.reduce(0) { $0 + (set[$1]?.words.count ?? 0) }, shrinkage: nil)
        }
        var scored = zip(sources, scores).enumerated().map { row(.source($0), $1.1, of: $1.0) }
        let best = scored.indices.reduce(0) {
            scored[$1].row.mean.hmean > scored[$0].row.mean.hmean ? $1 : $0
        }
        for (position, entry) in entries.enumerated() {
            let score = SetScore(images: zip(names, images).map { ($0, $1[position].score) }, options: options)
            scored.append(
                Self.row(
                    entry, score, boxes: images.reduce(0) { $0 + $1[position].boxes },
                    shrinkage: images.reduce(Shrinkage()) { $0 + $1[position].shrinkage }))
        }
        scored += maps.map { row(.maps($0.rule), $0.score, of: $0.boxes) }
        let intervals = Self.intervals(scored.map(\.figures), best: best, draws: draws, seed: seed)
        let reference = scored[best].row.mean.hmean
        for index in scored.indices {
            scored[index].row.difference = scored[index].row.mean.hmean - reference
            (scored[index].row.interval, scored[index].row.differenceInterval) = intervals[index]
        }
        let order = scored.indices.sorted {
            (scored[$1].row.mean.hmean, $0) < (scored[$0].row.mean.hmean, $1)
        }
        rows = order.map { scored[$0].row }
        bestSource = order.firstIndex(of: best) ?? 0
    }

    /// What each method comes to on `image`, at each number of votes; each the score of the boxes that
    /// `PolygonCombination` gives, but the geometry is done once for all numbers of votes.
    private static func outcomes(
        on image: ImageAnnotation, of sources: [AnnotationSet], methods: [PolygonCombination.Method],
        weights: [Double]?, options: ScoringOptions
    ) throws -> [ImageOutcome] {
        let truth = ImageTruth(image, options: options)
        var detections = try ImageDetections(on: image.name, of: sources, weights: weights)
        let combined = try methods.map { try detections.combined(by: $0).groups }
        // Most polygons are those of several methods. CLEval counts them in any order.
        let polygons = options.metric.isCLEval ? DistinctPolygons(combined.joined().map(\.polygon)) : nil
        let shared = polygons.map { Self.pairs(of: truth, with: $0.all) }
        return zip(methods, combined).flatMap { method, groups in
            let pairs = shared ?? Self.pairs(of: truth, with: groups.map(\.polygon))
            let places = groups.indices.map { polygons?.place(of: groups[$0].polygon) ?? $0 }
            return (1...(method.hasVotes ? sources.count : 1)).map { votes in
                let kept = groups.indices.filter { groups[$0].votes >= votes }
                return ImageOutcome(
                    score: pairs.score(keeping: kept.map { places[$0] }), boxes: kept.count,
                    shrinkage: Shrinkage(kept.lazy.map { groups[$0] }))
            }
        }
    }

    private static func pairs(of truth: ImageTruth, with polygons: [Polygon]) -> ImagePairs {
        truth.pairs(with: polygons.map { Word(id: "", polygon: $0) })
    }

    private static func row(
        _ entry: Entry, _ score: SetScore, boxes: Int, shrinkage: Shrinkage?
    ) -> (row: Row, figures: [Double]) {
        (
            Row(entry: entry, boxes: boxes, mean: score.mean, pooled: score.pooled, shrinkage: shrinkage),
            score.images.map(\.score.rates.hmean)
        )
    }

    /// The intervals of each row's mean and of its difference to row `best`, by percentiles.
    ///
    /// - Parameter figures: a row's H by image.
    private static func intervals(_ figures: [[Double]], best: Int, draws: Int, seed: UInt64) -> [(
        ClosedRange<Double>, ClosedRange<Double>
    )] {
        let images = figures[best].indices.map { image in
            figures.map { $0[image] } + figures.map { $0[image] - figures[best][image] }
        }
        let bootstrap = Bootstrap(rows: images, draws: draws, seed: seed)
        return figures.indices.map {
            (bootstrap.interval(of: $0), bootstrap.interval(of: figures.count + $0))
        }
    }
}

/// What one entry comes to on one image.
private struct ImageOutcome {
    let score: ImageScore
    let boxes: Int
    let shrinkage: Shrinkage
}
