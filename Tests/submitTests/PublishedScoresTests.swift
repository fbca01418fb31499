import Core
import TestSupport
import Testing

/// The published scorers' figures through the command line, from their own zips, whose lines tell their form.
@Suite(.enabled(if: TestData.shared != nil)) struct PublishedScoresTests {
    static func score(_ truth: String, _ result: String, _ flags: [String]) throws -> JSONObject {
        let process = try SubmitProcess.run(
            ["score", "--truth", TestData.shared(truth), TestData.shared(result), "--format", "json"] + flags)
        try #require(process.status == 0, "\(process.stderr)")
        let top = try JSONValue(parsing: process.stdout, path: "stdout")
        return try #require(top.object?["files"]?.array?.first?.object)
    }

    @Test(arguments: [
        (
            "cleval/gt_eval_doc_v1_kr.zip", "cleval/res_eval_doc_v1_kr.zip", "upstream", 0.9853074043798132,
            0.9707792207792207, 0.977989360950786
        ),
        (
            "cleval/gt_eval_doc_v1_kr_single.zip", "cleval/res_eval_doc_v1_kr_single.zip", "upstream",
            0.9948914431673053, 0.9719745222929936, 0.9832994745827764
        ),
        (
            "icdar15/gt_IC15.zip", "icdar15/result.zip", "iou", 0.8165623495426095, 0.8289345063538612,
            0.822701916080524
        ),
        (
            "icdar15/gt_IC15.zip", "icdar15/result.zip", "upstream", 0.8790961469211379, 0.9646629158029809,
            0.9198940029693038
        ),
        (
            "icdar15/gt_IC15.zip", "icdar15/result.zip", "deteval", 0.6230139624458348, 0.6574446680080483,
            0.6397664055095493
        ),
        (
            "icdar15/gt_IC15.zip", "icdar15/result.zip", "tedeval", 0.85896383529863, 0.8617872419370036,
            0.8603732222964292
        ),
    ])
    func pooled(
        truth: String, result: String, metric: String, recall: Double, precision: Double, hmean: Double
    ) throws {
        let file = try Self.score(truth, result, ["--metric", metric])
        #expect(file["profile"]?.string == metric)
        let pooled = try #require(file["pooled"]?.object)
        for (name, published) in [("recall", recall), ("precision", precision), ("hmean", hmean)] {
            #expect(abs(try #require(pooled[name]?.number) - published) < 1e-9)
        }
    }

    @Test func countsOfThePackagesOwnSet() throws {
        let file = try Self.score(
            "cleval/gt_eval_doc_v1_kr.zip", "cleval/res_eval_doc_v1_kr.zip", ["--metric", "upstream"])
        let counts = try #require(file["counts"]?.object)
        for (name, published) in [
            ("truth", 46486), ("detected", 46816), ("true_positives", 46218), ("false_positives", 150),
            ("recall_penalty", 415), ("precision_penalty", 770), ("splits", 377), ("merges", 470), ("overlaps", 448),
        ] {
            #expect(counts[name]?.number == Double(published), "\(name)")
        }
    }

    /// The figures are published with eight digits, of single precision.
    @Test(arguments: [
        ("cleval/gt_eval_doc_v1_kr.zip", "cleval/res_eval_doc_v1_kr.zip", [], 0.96603742, 0.96550832),
        ("icdar15/gt_IC15.zip", "icdar15/result.zip", ["--dont-cares"], 0.90695133, 0.88841470),
        ("icdar15/gt_IC15.zip", "icdar15/gt_IC15.zip", ["--dont-cares"], 0.99480590, 0.98716337),
        ("icdar15/gt_TotalText.zip", "icdar15/gt_TotalText.zip", [], 0.99536507, 0.99282798),
        ("icdar15/gt_TotalText.zip", "icdar15/gt_TotalText.zip", ["--shape", "poly"], 0.99536507, 0.99282798),
    ])
    func leaderboard(truth: String, result: String, flags: [String], pooled: Double, mean: Double) throws {
        let file = try Self.score(truth, result, flags)
        #expect(abs(try #require(file["pooled"]?.object?["hmean"]?.number) - pooled) < 1e-7)
        #expect(abs(try #require(file["mean"]?.object?["hmean"]?.number) - mean) < 2e-7)
    }
}
