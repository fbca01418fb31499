import Core
import Metrics

/// The models against the best single source over several deals of the folds: repeated cross-fitting.
///
/// How images fall into folds moves each row's H by chance. The mean over deals moves less, and its interval resamples
/// both images and deals, so that it counts what chance is left.
public struct RepeatedDeals: Sendable {
    /// What a kind of model is worth.
    public struct Row: Sendable {
        /// Which model.
        public let kind: Classifier.Kind
        /// The mean H over images and deals.
        public let hmean: Double
        /// The mean difference to the best single source, over images and deals.
        public let difference: Double
        /// Its 95% interval.
        public let interval: ClosedRange<Double>
        /// The differences of the single deals, least to greatest.
        public let spread: ClosedRange<Double>

        /// Whether the interval lies above 0.
        public var isAdopted: Bool { interval.lowerBound > 0 }
    }

    /// The source with the best mean H over the deals, the first of equals, and that H.
    public let bestSource: (number: Int, hmean: Double)
    /// By descending mean H.
    public let rows: [Row]
    /// How many deals there were.
    public let count: Int

    /// - Parameters:
    ///   - runs: at least one, all on the same images in the same order.
    ///   - bootstrap: at least one draw; with one run its interval is that of the run's own comparison.
    public init(_ runs: [StackRun], _ bootstrap: BootstrapOptions) {
        func found(_ entry: StackRun.Entry) -> [SetScore] {
            runs.compactMap { $0.rows.first { $0.entry == entry }?.score }
        }
        func figures(_ entry: StackRun.Entry) -> [[Double]] {
            found(entry).map { $0.images.map(\.score.rates.hmean) }
        }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        let sources = runs[0].rows.compactMap { if case .source(let number) = $0.entry { number } else { nil } }
            .sorted().map { (number: $0, hmean: mean(found(.source($0)).map(\.mean.hmean))) }
        let best = sources.dropFirst().reduce(sources[0]) { $1.hmean > $0.hmean ? $1 : $0 }
        let reference = figures(.source(best.number))
        rows = Classifier.Kind.allCases.map { kind in
            let own = figures(.model(kind))
            let differences = zip(own, reference).map { zip($0, $1).map { $0 - $1 } }
            let single = differences.map(mean)
            return Row(
                kind: kind, hmean: mean(found(.model(kind)).map(\.mean.hmean)), difference: mean(single),
                interval: Self.interval(differences, bootstrap),
                spread: (single.min() ?? 0)...(single.max() ?? 0))
        }.sorted { $0.hmean > $1.hmean }
        bestSource = best
        count = runs.count
    }

    /// - Parameter differences: a list an image in each deal.
    private static func interval(_ differences: [[Double]], _ bootstrap: BootstrapOptions) -> ClosedRange<Double> {
        let deals = differences.count
        let drawn = Bootstrap(
            rows: differences[0].indices.map { image in differences.map { $0[image] } }, draws: bootstrap.draws,
            seed: bootstrap.seed)
        // Other numbers than the images' draws.
        var generator = SeededGenerator(seed: ~bootstrap.seed)
        let means = (0..<bootstrap.draws).map { draw in
            (0..<deals).reduce(0) { sum, _ in
                sum + drawn.mean(of: Int.random(in: 0..<deals, using: &generator), in: draw)
            } / Double(deals)
        }
        return Bootstrap.interval(of: means)
    }
}
