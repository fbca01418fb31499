import Core
import Dataset
import Geometry
import Metrics
import TestSupport
import Testing

/// The leaderboard profile against what the leaderboard's own scorer gave for each image of each golden file.
@Suite(.enabled(if: TestData.shared != nil)) struct LeaderboardGoldenTests {
    static let names: [String] =
        ["resnet50", "efficientnet_b4"].flatMap { model in
            ["quad", "poly"].map { "goldens/\(model)/\(model)_960.\($0)" }
        } + (0..<5).flatMap { fold in ["quad", "poly"].map { "goldens/folds/fold\(fold).\($0)" } }

    @Test(arguments: names + ["ceiling"])
    func everyImageEquals(name: String) async throws {
        let truth = try Scenes.annotations(TestData.shared("receipts/truth.json"))
        let isCeiling = name == "ceiling"
        let predictions = isCeiling ? truth : try Scenes.annotations(TestData.shared(name + ".json"))
        let golden = try Golden(TestData.shared((isCeiling ? "receipts/ceiling" : name) + ".leaderboard.json"))
        let score = try await scoreSet(
            truth: truth, predictions: predictions, options: ScoringOptions(metric: .clevalLeaderboard), width: 2)

        #expect(golden.images.count == 63 && score.images.count == 63)
        for (image, score) in score.images {
            let expected = try #require(golden.images[image])
            #expect(Scenes.difference(score.rates, expected.rates) == 0, "\(image)")
            #expect(score.splits == expected.splits && score.merges == expected.merges, "\(image)")
        }
        #expect(Scenes.difference(score.pooled, golden.pooled) == 0)
        // The golden's mean is in double precision, the leaderboard's in single.
        #expect(Scenes.difference(score.mean, golden.mean) < 2e-7)
    }

    struct Golden {
        var images: [String: (rates: Rates, splits: Int, merges: Int)] = [:]
        var mean, pooled: Rates

        init(_ path: String) throws {
            let file = try #require(JSONValue(contentsOf: path).object)
            mean = try Scenes.rates(file["mean"])
            pooled = try Scenes.rates(file["pooled"])
            for (name, image) in try #require(file["images"]?.object) {
                images[name] = (
                    try Scenes.rates(image), try #require(image.object?["splits"]?.int),
                    try #require(image.object?["merges"]?.int)
                )
            }
        }
    }
}
