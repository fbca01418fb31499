import Core
import TestSupport
import Testing

/// `score --ceiling`: the truth against itself, beside files or alone, by every metric.
@Suite struct CeilingTests {
    @Test(arguments: ["leaderboard", "upstream", "iou", "deteval", "tedeval"])
    func equalsTheTruthAsAFileOfPredictions(metric: String) throws {
        try Workplace.withPredictions { place in
            let score = ["score", "--truth", "truth.json", "--metric", metric, "--format", "json"]
            let asFile = try JSONValue(parsing: place.expectDone(score + ["truth.json"]).stdout, path: "stdout")
            let beside = try JSONValue(
                parsing: place.expectDone(score + ["a.json", "--ceiling", "--per-image", "rows.csv"]).stdout,
                path: "stdout")
            let ceiling = try #require(beside.object?["ceiling"]?.object)
            let file = try #require(asFile.object?["files"]?.array?.first?.object)
            #expect(asFile.object?["ceiling"] == nil)
            for key in ["profile", "images", "boxes", "mean", "pooled", "intervals"] {
                #expect(try #require(ceiling[key]) == file[key], "\(key)")
            }
            #expect(beside.object?["files"]?.array?.count == 1)
            let rows = try place.text("rows.csv").split(separator: "\n")
            #expect(rows.filter { $0.hasPrefix("(ceiling),receipt_7_00") }.count == 2)
            #expect(rows.filter { $0.hasPrefix("a.json,") }.count == 2)
        }
    }

    @Test func standsAloneAndLast() throws {
        try Workplace.withPredictions { place in
            let score = ["score", "--truth", "truth.json", "--bootstrap", "0"]
            let alone = try place.expectDone(score + ["--ceiling"]).stdout.split(separator: "\n")
            #expect(alone.count == 3 && alone[2].hasPrefix("(ceiling)"))
            let ranked = try place.expectDone(score + ["a.json", "a.csv", "--ceiling", "--rank", "--format", "csv"])
                .stdout.split(separator: "\n")
            #expect(ranked.count == 4 && ranked[3].hasPrefix("(ceiling),2,"))
            try place.expectRefusal(score, .usage, "--ceiling", "<files>")
        }
    }
}
