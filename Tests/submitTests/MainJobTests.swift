import Core
import Foundation
import TestSupport
import Testing

/// The main job on two of the samples at a small size, as a person runs it: predict to validate.
@Suite struct MainJobTests {
    @Test func predictToValidate() throws {
        try Workplace.withPredictions { place in
            #expect(try place.tree("maps").keys.filter { $0.hasSuffix(".map") }.count == 2)
            let score = try JSONValue(
                parsing: place.expectDone(["score", "--truth", "truth.json", "a.json", "--format", "json"]).stdout,
                path: "stdout")
            let hmean = try #require(score.object?["files"]?.array?.first?.object?["mean"]?.object?["hmean"]?.number)
            #expect(hmean > 0.3, "the network finds text at a third of its size")

            let sweep = try place.expectDone(place.sweep(into: "out"))
            #expect(sweep.stdout.split(separator: "\n").count == 2 + 9 + 1, "a row a point, and how sure the first is")
            let results = try JSONValue(contentsOf: place.path("out/results.json"))
            #expect(results.object?["schema"]?.int == 1)
            let written = try Set(place.tree("out").keys)
            #expect(written.isSuperset(of: ["results.csv", "results.json", "journal.jsonl"]))
            let candidates = (1...9).compactMap { rank in
                written.first { $0.hasPrefix("0\(rank)_thresh0.2") && $0.hasSuffix(".csv") }
            }
            try #require(candidates.count == 9, "\(written)")
            for name in candidates {
                try place.expectDone(["validate", "out/" + name, "--images", "images", "--truth", "truth.json"])
            }

            try place.expectDone(
                ["extract", "--maps", "maps", "--json", "b.json", "--thresh", "0.26", "--box-thresh", "0.25"])
            try place.expectDone(
                ["extract", "--maps", "maps", "--json", "c.json", "--thresh", "0.24", "--box-thresh", "0.3"])
            let vote = try place.expectDone(
                [
                    "ensemble", "--votes", "2", "a.json", "b.json", "c.json", "--truth", "truth.json", "--output",
                    "v.json",
                ]
                    + ["--csv", "v.csv", "--format", "json"])
            let curve = try #require(try JSONValue(parsing: vote.stdout, path: "stdout").object?["curve"]?.array)
            #expect(curve.compactMap { $0.object?["votes"]?.int } == [3, 2, 1])

            try place.expectDone(
                ["validate", "v.csv", "--images", "images", "--truth", "truth.json", "--json", "v.json"])
        }
    }

    /// The sweep's best point is what extract and score give at its settings.
    @Test func aSweepsPointEqualsExtractAndScore() throws {
        try Workplace.withMaps { place in
            let rows = try place.expectDone(place.sweep(into: "out") + ["--format", "csv"]).stdout.split(
                separator: "\n")
            let header = rows[0].split(separator: ",").map(String.init)
            for row in rows.dropFirst() {
                let cells = row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                func cell(_ name: String) throws -> String {
                    cells[try #require(header.firstIndex(of: name), "\(header)")]
                }
                try place.expectDone(
                    ["extract", "--maps", "maps", "--csv", "x.csv", "--force", "--thresh", cell("thresh")]
                        + ["--box-thresh", cell("box_thresh"), "--max-candidates", cell("max_candidates")])
                let score = try place.expectDone(["score", "--truth", "truth.json", "x.csv", "--format", "csv"])
                let figures = score.stdout.split(separator: "\n")[1].split(separator: ",").map(String.init)
                #expect(try figures[3] == cell("hmean"))
            }
        }
    }

    @Test func aSecondRunSkipsWhatIsDone() throws {
        try Workplace.withMaps { place in
            let before = try place.tree()
            let again = try place.expectDone(place.predict)
            #expect(again.stderr.contains("2 of 2 maps are there already"))
            #expect(try place.tree() == before)

            try place.expectDone(place.sweep(into: "out"))
            let swept = try place.tree("out")
            let resumed = try place.expectDone(place.sweep(into: "out"))
            #expect(resumed.stderr.contains("2 of them from the journal"))
            #expect(try place.tree("out") == swept)
        }
    }

    @Test func resultsDoNotHangOnTheNumberOfThreads() throws {
        try Workplace.with { place in
            for threads in ["1", "2"] {
                let store = "maps" + threads
                try place.expectDone(
                    ["predict", "--checkpoint", Workplace.checkpoint, "--images", "images", "--maps", store]
                        + Workplace.size + ["--threads", threads])
                try place.expectDone(
                    ["extract", "--maps", store, "--json", threads + ".json", "--csv", threads + ".csv"]
                        + Workplace.settings + ["--threads", threads])
                try place.expectDone(place.sweep(store, into: "out" + threads) + ["--threads", threads])
            }
            #expect(try place.tree("maps1") == place.tree("maps2"))
            #expect(try place.bytes("1.json") == place.bytes("2.json"))
            #expect(try place.bytes("1.csv") == place.bytes("2.csv"))
            // Sidecars name the store, which has another name here.
            let sweeps = try ["out1", "out2"].map { folder in
                try place.tree(folder).filter { $0.key != "journal.jsonl" && !$0.key.hasSuffix(".csv.json") }
            }
            #expect(sweeps[0] == sweeps[1])
            #expect(sweeps[0]["results.json"] != nil)
        }
    }

    @Test func aBatchGivesTheSameMaps() throws {
        try Workplace.withMaps { place in
            try place.expectDone(
                ["predict", "--checkpoint", Workplace.checkpoint, "--images", "images", "--maps", "two"]
                    + Workplace.size + ["--batch", "2"])
            let names = try place.tree("two").keys.filter { $0.hasSuffix(".map") }
            #expect(names.count == 2)
            try place.expectDone(["extract", "--maps", "maps", "--csv", "1.csv"] + Workplace.settings)
            try place.expectDone(["extract", "--maps", "two", "--csv", "2.csv"] + Workplace.settings)
            #expect(try place.bytes("1.csv") == place.bytes("2.csv"))
        }
    }

    @Test func convertRoundTripsExactly() throws {
        try Workplace.withPredictions { place in
            try place.expectDone(["convert", "a.json", "b.csv"])
            #expect(try place.bytes("b.csv") == place.bytes("a.csv"))
            try place.expectDone(["convert", "a.json", "b.zip"])
            try place.expectDone(["convert", "b.zip", "c.json", "--order", "a.csv"])
            try place.expectDone(["convert", "c.json", "c.csv"])
            #expect(try place.bytes("c.csv") == place.bytes("a.csv"))
            try place.expectDone(["convert", "a.json", "d.json"])
            #expect(try place.bytes("d.json") == place.bytes("a.json"))
        }
    }

    /// A zip names no image files: the truth lends its names, and the score is the JSON's.
    @Test func anICDARZipScoresAsItsJSON() throws {
        try Workplace.withPredictions { place in
            try place.expectDone(["convert", "a.json", "a.zip"])
            try place.expectDone(["convert", "truth.json", "truth.zip"])
            let scores = try place.expectDone(
                ["score", "--truth", "truth.json", "a.json", "a.zip", "--format", "csv"]
            ).stdout.split(separator: "\n")
            #expect(scores[1].dropFirst("a.json".count) == scores[2].dropFirst("a.zip".count))
            let byZip = try place.expectDone(["score", "--truth", "truth.zip", "a.json", "--format", "csv"])
            #expect(byZip.stdout.split(separator: "\n")[1] == scores[1])
        }
    }

    /// Views at the command line: what the store records, what is told of them, and that other views are refused.
    @Test func viewsAreAveragedCheckedAndRecorded() throws {
        try Workplace.with { place in
            let command = place.predict + ["--tta", "hflip,hflip*scale:1.2,scale:0.8"]
            let process = try place.expectDone(command)
            #expect(process.stderr.contains("text that the views change on receipt_7_000.jpg: hflip "))
            #expect(!process.stderr.contains("warning"))
            let store = try JSONValue(contentsOf: place.path("maps/store.json")).object?["provenance"]?.object
            #expect(store?["tta"]?.array?.compactMap(\.string) == ["hflip", "hflip*scale:1.2", "scale:0.8"])
            let before = try place.tree("maps")
            // The same views in another spelling go on; others are refused.
            try place.expectDone(place.predict + ["--tta", "hflip,scale:1.2*rot180*vflip,scale:0.8"])
            #expect(try place.tree("maps") == before)
            try place.expectRefusal(place.predict + ["--tta", "hflip,scale:0.8"], .badData, "maps", "scale:1.2")
            // A map made alone, in a later run, is the same.
            try FileManager.default.removeItem(atPath: place.path("maps/receipt_7_001.jpg.map"))
            let resumed = try place.expectDone(command)
            #expect(resumed.stderr.contains("on receipt_7_001.jpg"))
            #expect(try place.tree("maps") == before)
        }
    }

    @Test func mapsOfTwoStoresAreAveraged() throws {
        try Workplace.withMaps { place in
            try place.expectDone(
                ["predict", "--checkpoint", Workplace.checkpoint, "--images", "images", "--maps", "flip"]
                    + Workplace.size + ["--tta", "hflip"])
            try place.expectDone(
                ["ensemble", "--maps", "maps", "flip", "--output-maps", "mean", "--csv", "mean.csv"]
                    + Workplace.settings)
            try place.expectDone(["extract", "--maps", "mean", "--csv", "kept.csv"] + Workplace.settings)
            #expect(try place.bytes("mean.csv") == place.bytes("kept.csv"))
            // A store with itself is itself.
            try place.expectDone(["ensemble", "--maps", "maps", "maps", "--csv", "same.csv"] + Workplace.settings)
            try place.expectDone(["extract", "--maps", "maps", "--csv", "one.csv"] + Workplace.settings)
            #expect(try place.bytes("same.csv") == place.bytes("one.csv"))
        }
    }
}

extension Workplace {
    /// The command that sweeps the nine points over `maps`.
    func sweep(_ maps: String = "maps", into output: String) -> [String] {
        ["sweep", "--maps", maps, "--truth", "truth.json", "--config", Self.smart9, "--output", output]
    }
}
