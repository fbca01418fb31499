import Dataset
import Ensemble
import Metrics
import Testing

@Suite("Ranking of ensembles")
struct EnsembleRankingTests {
    /// Boxes where `PolygonVoteTests.folds` sees them.
    static let truth = AnnotationSet(
        (0..<12).map { image in
            ImageAnnotation(
                name: "\(image).jpg",
                words: (0..<30).map {
                    Word(id: "\($0)", polygon: PolygonVoteTests.box(Double($0 % 10) * 90, Double($0 / 10) * 30, 70, 20))
                })
        })

    static let methods: [PolygonCombination.Method] = [
        .vote(iou: 0.5, representative: .medoid), .vote(iou: 0.5, representative: .best), .nms(iou: 0.4),
        .fusion(iou: 0.5, skip: 0.4, confidence: .average), .softNMSGaussian(sigma: 0.5, floor: 0.2),
    ]

    @Test(
        "each row is the score of its boxes, with the intervals of shared draws",
        arguments: [MetricKind.clevalLeaderboard, .icdarIoU])
    func rows(metric: MetricKind) async throws {
        let sources = PolygonVoteTests.folds(3, images: 12, boxes: 30, seed: 11)
        let options = ScoringOptions(metric: metric)
        var scores: [SetScore] = []
        for source in sources {
            scores.append(
                try await scoreSet(truth: Self.truth, predictions: source, options: options, width: 1))
        }
        let ranking = try await EnsembleRanking(
            sources: sources, scores: scores, methods: Self.methods, maps: [(.max, sources[1], scores[1])],
            weights: [1, 2, 1], truth: Self.truth, options: options, draws: 200, seed: 5, width: 2)
        // Sources; two methods at 1 to 3 votes, WBF too; two without votes; maps.
        #expect(ranking.rows.count == 15)
        let best = try #require(scores.max { $0.mean.hmean < $1.mean.hmean })
        #expect(ranking.rows[ranking.bestSource].mean == best.mean)
        for row in ranking.rows {
            let score: SetScore
            switch row.entry {
            case .source(let number): score = scores[number]
            case .method(let method, let votes):
                let combination = try await PolygonCombination(sources: sources, method: method, weights: [1, 2, 1])
                let result = try combination.result(votes: votes ?? 1)
                #expect(row.boxes == result.wordCount)
                #expect(row.shrinkage == combination.shrinkage(votes: votes ?? 1))
                score = try await scoreSet(truth: Self.truth, predictions: result, options: options, width: 1)
            case .maps(let rule):
                #expect(rule == .max && row.shrinkage == nil)
                score = scores[1]
            }
            #expect(row.mean == score.mean && row.pooled == score.pooled)
            #expect(row.difference == score.mean.hmean - best.mean.hmean)
            // The difference of two columns' means, draw by draw.
            let drawn = Bootstrap(
                rows: zip(score.images, best.images).map { [$0.score.rates.hmean, $1.score.rates.hmean] }, draws: 200,
                seed: 5)
            #expect(row.interval.lowerBound == drawn.percentile(0.025, of: 0))
            #expect(row.interval.upperBound == drawn.percentile(0.975, of: 0))
            let differences = (0..<200).map { drawn.mean(of: 0, in: $0) - drawn.mean(of: 1, in: $0) }.sorted()
            #expect(row.differenceInterval.lowerBound >= differences[4] - 1e-12)
            #expect(row.differenceInterval.lowerBound <= differences[5] + 1e-12)
            #expect(row.differenceInterval.upperBound >= differences[194] - 1e-12)
            #expect(row.differenceInterval.upperBound <= differences[195] + 1e-12)
        }
    }

    @Test("images that a source lacks or the truth does not name do not shift rows")
    func missingImages() async throws {
        let whole = PolygonVoteTests.folds(2, images: 14, boxes: 30, seed: 12)
        let sources = [whole[0], AnnotationSet(whole[1].images.filter { $0.name != "3.jpg" })]
        var scores: [SetScore] = []
        let options = ScoringOptions(metric: .clevalLeaderboard)
        for source in sources {
            scores.append(
                try await scoreSet(truth: Self.truth, predictions: source, options: options, width: 1))
        }
        let ranking = try await EnsembleRanking(
            sources: sources, scores: scores, methods: Self.methods, truth: Self.truth, options: options, draws: 1,
            seed: 0)
        for row in ranking.rows {
            guard case .method(let method, let votes) = row.entry else { continue }
            let result = try await PolygonCombination(sources: sources, method: method).result(votes: votes ?? 1)
            let score = try await scoreSet(truth: Self.truth, predictions: result, options: options, width: 1)
            #expect(row.mean == score.mean)
            #expect(row.boxes == score.images.reduce(0) { $0 + $1.score.detections })
        }
    }
}
