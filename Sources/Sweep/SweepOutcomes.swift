import Metrics

/// What all images say about all points.
struct SweepOutcomes: Sendable {
    let points: SweepPoints
    /// `PointGroups.places`.
    let places: [Int32]
    let images: [ImageOutcome]
    let metric: MetricKind

    /// A point's figures over all images.
    struct Figures: Sendable {
        let mean, pooled: Rates
        let boxes: Int

        func value(of target: SweepConfiguration.Target) -> Double { target.value(mean: mean, pooled: pooled) }
    }

    /// - Precondition: no image failed at the point.
    func figures(of point: Int) -> Figures {
        var boxes = 0
        var counts = ImageScore.Counts()
        let rates = images.map { image in
            let score = image.score(of: places[point])
            boxes += score.boxes
            counts = counts + score.counts
            return score.rates
        }
        return Figures(
            mean: SetScore.mean(rates, metric), pooled: counts.rates(metric), boxes: boxes)
    }

    /// Whether each image scores the same at both points.
    func areSame(_ point: Int, _ other: Int) -> Bool {
        images.allSatisfy { $0.score(of: places[point]) == $0.score(of: places[other]) }
    }

    /// The points that images failed at, with the first such image and why, and how many there are.
    var failures: [(point: Int, reason: String)] {
        let failing = images.filter { !$0.failures.isEmpty }
        guard !failing.isEmpty else { return [] }
        return points.indices.compactMap { point in
            let found = failing.compactMap { $0.failure(of: places[point]) }
            guard let first = found.first else { return nil }
            return (point, found.count == 1 ? first : "\(found.count) images failed, the first: \(first)")
        }
    }
}
