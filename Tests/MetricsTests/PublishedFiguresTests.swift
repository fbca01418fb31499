import Dataset
import Metrics
import Submission
import TestSupport
import Testing

/// Whole sets against what the published scorers print for them.
@Suite(.enabled(if: TestData.shared != nil)) struct PublishedFiguresTests {
    static func read(_ name: String, _ shape: ICDARForm.Shape, transcribed: Bool) throws -> AnnotationSet {
        try ICDARText.read(
            path: TestData.shared(name),
            options: .init(shape: shape, hasConfidence: false, hasTranscription: transcribed)
        ).set
    }

    static func score(
        _ truth: String, _ result: String, _ metric: MetricKind, shape: ICDARForm.Shape = .quad, transcribed: Bool,
        dontCares: Bool? = nil, endToEnd: Bool = false
    ) async throws -> SetScore {
        var options = ScoringOptions(metric: metric)
        if let dontCares { options.honoursDontCares = dontCares }
        options.endToEnd = endToEnd
        return try await scoreSet(
            truth: read(truth, shape, transcribed: true), predictions: read(result, shape, transcribed: transcribed),
            options: options, width: 2)
    }

    @Test func upstreamEqualsThePackageOnItsOwnSet() async throws {
        let score = try await Self.score(
            "cleval/gt_eval_doc_v1_kr.zip", "cleval/res_eval_doc_v1_kr.zip", .clevalUpstream, transcribed: true)
        let published = Rates(
            recall: 0.9853074043798132, precision: 0.9707792207792207, hmean: 0.977989360950786)
        #expect(Scenes.difference(score.pooled, published) < 1e-12)
        #expect(score.counts.truth == 46486)
        #expect(score.counts.detected == 46816)
        #expect(score.counts.truePositives == 46218)
        #expect(score.counts.falsePositives == 150)
        #expect(score.counts.recallPenalty == 415)
        #expect(score.counts.precisionPenalty == 770)
        #expect(score.images.reduce(0) { $0 + $1.score.splits } == 377)
        #expect(score.images.reduce(0) { $0 + $1.score.merges } == 470)
        #expect(score.images.reduce(0) { $0 + $1.score.overlaps } == 448)
    }

    @Test func upstreamEqualsThePackageOnItsSingleImage() async throws {
        let score = try await Self.score(
            "cleval/gt_eval_doc_v1_kr_single.zip", "cleval/res_eval_doc_v1_kr_single.zip", .clevalUpstream,
            transcribed: true)
        let published = Rates(
            recall: 0.9948914431673053, precision: 0.9719745222929936, hmean: 0.9832994745827764)
        #expect(Scenes.difference(score.pooled, published) < 1e-12)
    }

    @Test func upstreamEqualsThePackageWithDontCares() async throws {
        let score = try await Self.score(
            "icdar15/gt_IC15.zip", "icdar15/result.zip", .clevalUpstream, transcribed: false)
        let published = Rates(
            recall: 0.8790961469211379, precision: 0.9646629158029809, hmean: 0.9198940029693038)
        #expect(Scenes.difference(score.pooled, published) < 1e-12)
        let own = try await Self.score("icdar15/gt_IC15.zip", "icdar15/gt_IC15.zip", .clevalUpstream, transcribed: true)
        #expect(abs(own.pooled.hmean - 0.9963168515493263) < 1e-12)
    }

    /// The figures are those that the package prints with `--E2E`.
    @Test func endToEndEqualsThePackage() async throws {
        let whole = try await Self.score(
            "cleval/gt_eval_doc_v1_kr.zip", "cleval/res_eval_doc_v1_kr.zip", .clevalUpstream, transcribed: true,
            endToEnd: true)
        let published = Rates(
            recall: 0.9166200576517661, precision: 0.9165347157451793, hmean: 0.9165773847119407)
        #expect(Scenes.difference(whole.pooled, published) < 1e-12)
        let single = try await Self.score(
            "cleval/gt_eval_doc_v1_kr_single.zip", "cleval/res_eval_doc_v1_kr_single.zip", .clevalUpstream,
            transcribed: true, endToEnd: true)
        #expect(abs(single.pooled.hmean - 0.9501325142786703) < 1e-12)
    }

    /// The figures are published with eight digits.
    @Test(arguments: [
        ("cleval/gt_eval_doc_v1_kr.zip", "cleval/res_eval_doc_v1_kr.zip", 0.96603742, 0.96550832, true, false),
        ("icdar15/gt_IC15.zip", "icdar15/result.zip", 0.90695133, 0.88841470, false, true),
        ("icdar15/gt_IC15.zip", "icdar15/gt_IC15.zip", 0.99480590, 0.98716337, true, true),
    ])
    func leaderboardProfile(
        truth: String, result: String, pooled: Double, mean: Double, transcribed: Bool, dontCares: Bool
    )
        async throws
    {
        let score = try await Self.score(
            truth, result, .clevalLeaderboard, transcribed: transcribed, dontCares: dontCares)
        #expect(abs(score.pooled.hmean - pooled) < 1e-7)
        #expect(abs(score.mean.hmean - mean) < 2e-7)
        if truth.hasPrefix("cleval") {
            #expect(abs(score.pooled.recall - 0.97092397) < 1e-7 && abs(score.pooled.precision - 0.96119982) < 1e-7)
        }
    }

    @Test func leaderboardProfileOfPolygons() async throws {
        let score = try await Self.score(
            "icdar15/gt_TotalText.zip", "icdar15/gt_TotalText.zip", .clevalLeaderboard, shape: .poly, transcribed: true)
        #expect(abs(score.pooled.hmean - 0.99536507) < 1e-7)
        #expect(abs(score.mean.hmean - 0.99282798) < 2e-7)
    }

    @Test func icdarIoUEqualsTheScript() async throws {
        let score = try await Self.score("icdar15/gt_IC15.zip", "icdar15/result.zip", .icdarIoU, transcribed: false)
        let published = Rates(
            recall: 0.8165623495426095, precision: 0.8289345063538612, hmean: 0.822701916080524)
        #expect(Scenes.difference(score.pooled, published) < 1e-12)
        #expect(score.counts.truePositives == 1696 && score.counts.truth == 2077 && score.counts.detected == 2046)
    }
}
