import Core
import TestSupport
import Testing

/// `score --errors` through the command line.
@Suite struct ScoreErrorsTests {
    @Test(arguments: ["leaderboard", "upstream", "iou", "deteval"])
    func asManyAsTheRowsOfImages(metric: String) throws {
        try Workplace.withPredictions { place in
            try place.expectDone(
                ["extract", "--maps", "maps", "--json", "b.json", "--thresh", "0.6", "--box-thresh", "0.6"])
            try place.expectDone(
                ["score", "--truth", "truth.json", "a.json", "b.json", "--metric", metric, "--errors", "errors.json"]
                    + ["--per-image", "rows.csv"])
            let files = try #require(
                JSONValue(contentsOf: place.path("errors.json")).object?["files"]?.array
            ).compactMap(\.object)
            #expect(files.compactMap { $0["path"]?.string } == ["a.json", "b.json"])
            #expect(files.allSatisfy { $0["profile"]?.string == metric })
            var named: [String] = []
            for file in files {
                for (_, image) in try #require(file["images"]?.object) {
                    let counts = try ["split", "merged", "missed", "false"].map {
                        "\(try #require(image.object?[$0]?.array).count)"
                    }
                    named.append(counts.joined(separator: ","))
                }
            }
            let rows = try place.text("rows.csv").split(separator: "\n").dropFirst()
            #expect(named == rows.map { $0.split(separator: ",").suffix(4).joined(separator: ",") })
            #expect(named.contains { $0 != "0,0,0,0" })
        }
    }

    /// Each box carries its key and its corners as they stand in its file.
    @Test func boxesAreThoseOfTheFiles() throws {
        try Workplace.with { place in
            func file(_ boxes: [String: String]) -> String {
                let words = boxes.sorted { $0.key < $1.key }.map { "\"\($0)\": {\"points\": \($1)}" }
                return "{\"images\": {\"a.jpg\": {\"words\": {\(words.joined(separator: ", "))}}}}"
            }
            let wide = "[[0, 0], [200, 0], [200, 20], [0, 20]]"
            let left = "[[0, 0], [100, 0], [100, 20], [0, 20]]"
            let right = "[[100, 0], [200, 0], [200, 20], [100, 20]]"
            let far = "[[900, 900], [950.5, 900], [950.5, 920], [900, 920]]"
            try place.write(file(["t1": wide, "t2": far]), to: "t.json")
            try place.write(file(["d1": left, "d2": right]), to: "d.json")
            try place.expectDone(["score", "--truth", "t.json", "d.json", "--errors", "e.json"])
            let json = try JSONValue(contentsOf: place.path("e.json"))
            let image = try #require(
                json.object?["files"]?.array?.first?.object?["images"]?.object?["a.jpg"]?.object)
            func value(_ text: String) throws -> JSONValue { try JSONValue(parsing: text, path: "expected") }
            #expect(try image["missed"] == value("[{\"index\": 1, \"id\": \"t2\", \"points\": \(far)}]"))
            #expect(try image["false"] == value("[]"))
            #expect(try image["merged"] == value("[]"))
            let parts =
                "[{\"index\": 0, \"id\": \"d1\", \"points\": \(left)}, "
                + "{\"index\": 1, \"id\": \"d2\", \"points\": \(right)}]"
            #expect(
                try image["split"]
                    == value("[{\"index\": 0, \"id\": \"t1\", \"points\": \(wide), \"detections\": \(parts)}]"))
        }
    }

    @Test func oneFileForTwoThings() throws {
        try Workplace.with { place in
            try place.expectRefusal(
                ["score", "--truth", "truth.json", "truth.json", "--errors", "x", "--per-image", "x"], .usage,
                "--errors")
            try place.write("old", to: "e.json")
            try place.expectRefusal(
                ["score", "--truth", "truth.json", "truth.json", "--errors", "e.json", "--per-image", "rows.csv"],
                .cannotCreate, "e.json", "--force")
        }
    }
}
