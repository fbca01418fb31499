import Core
import Foundation
import TestSupport
import Testing

/// `NAME.csv.json` beside a CSV: what made it, for the ledger and for people.
@Suite struct SidecarTests {
    @Test func extractTellsSettingsAndCheckpoint() throws {
        try Workplace.withPredictions { place in
            let sidecar = try place.sidecar("a.csv")
            #expect(sidecar["command"] == "extract" && sidecar["format"] == "sidecar")
            #expect(sidecar["sha256"]?.string == (try MappedFile(path: place.path("a.csv")).sha256()))
            let version = try place.expectDone(["--version"]).stdout.dropLast()
            #expect(sidecar["version"]?.string == String(version))
            let settings = try #require(sidecar["settings"]?.object)
            #expect(settings["thresh"]?.number == 0.22 && settings["box_thresh"]?.number == 0.25)
            #expect(settings["unclip_ratio"]?.number == 1.5 && settings["max_candidates"]?.int == 1000)
            #expect(sidecar["checkpoint"]?.string == Workplace.checkpoint)
            let source = try #require(sidecar["sources"]?.array?.first?.object)
            #expect(source["path"] == "maps")
            let checkpoint = try MappedFile(path: Workplace.checkpoint).sha256()
            #expect(source["checkpoint_sha256"]?.string == checkpoint)
            #expect(!FileManager.default.fileExists(atPath: place.path("a.json.json")), "beside CSVs alone")

            // Twice is once; another store of the same make and maps has the same hash.
            let before = try place.tree()
            try place.expectDone(
                ["extract", "--maps", "maps", "--json", "a.json", "--csv", "a.csv"] + Workplace.settings)
            #expect(try place.tree() == before)
            try place.expectDone(place.predict.map { $0 == "maps" ? "again" : $0 })
            try place.expectDone(["extract", "--maps", "again", "--csv", "b.csv"] + Workplace.settings)
            let again = try #require(try place.sidecar("b.csv")["sources"]?.array?.first?.object)
            #expect(again["sha256"] == source["sha256"])
        }
    }

    @Test func theLedgerReadsIt() throws {
        try Workplace.withPredictions { place in
            try place.expectDone(["ledger", "add", "a.csv", "--public", ".9", "--ledger", "l.sqlite"])
            let entries = try JSONValue(
                parsing: try place.expectDone(["ledger", "list", "--format", "json", "--ledger", "l.sqlite"]).stdout,
                path: "list")
            let entry = try #require(entries.object?["entries"]?.array?.first?.object)
            #expect(entry["checkpoint"]?.string == Workplace.checkpoint)
            #expect(entry["settings"] == (try place.sidecar("a.csv")["settings"]))
            // The CSV changed since: what made the other one says nothing of this one.
            try place.write("filename,polygons\nx.jpg,\n", to: "a.csv")
            try place.expectRefusal(
                ["ledger", "add", "a.csv", "--private", ".9", "--ledger", "l.sqlite"], .badData, "a.csv.json:sha256",
                "other contents")
        }
    }

    /// A sweep's candidates have their settings and their local score.
    @Test func candidatesTellTheirSettingsAndScore() throws {
        try Workplace.withMaps { place in
            try place.expectDone(place.sweep(into: "out"))
            let results = try JSONValue(contentsOf: place.path("out/results.json")).object
            let points = try #require(results?["points"]?.array).compactMap(\.object)
            let names = try place.tree("out").keys.filter { $0.hasSuffix(".csv") && $0.contains("thresh") }.sorted()
            #expect(names.count > 1)
            for name in names {
                let sidecar = try place.sidecar("out/" + name)
                let rank = try #require(Int(name.prefix(2)))
                let point = try #require(points.first { $0["rank"]?.int == rank })
                #expect(sidecar["command"] == "sweep")
                #expect(sidecar["local"]?.number == point["mean"]?.object?["hmean"]?.number)
                for (key, value) in try #require(point["settings"]?.object) {
                    #expect(sidecar["settings"]?.object?[key] == value, "\(name) \(key)")
                }
            }
        }
    }

    /// What is known of CSVs is handed on; of predictions in JSON only the hash is.
    @Test func whatIsMadeOfCSVsKnowsTheirCheckpoints() throws {
        try Workplace.withPredictions { place in
            try place.expectDone(
                ["extract", "--maps", "maps", "--csv", "b.csv", "--thresh", "0.4", "--box-thresh", "0.4"])
            try place.expectDone(
                ["ensemble", "a.csv", "b.csv", "a.json", "--votes", "2", "--weights", "1,2,1", "--csv", "v.csv"])
            let vote = try place.sidecar("v.csv")
            #expect(vote["checkpoint"]?.string == Workplace.checkpoint)
            let settings = try #require(vote["settings"]?.object)
            #expect(settings["method"] == "vote" && settings["votes"] == 2 && settings["iou"] == 0.5)
            #expect(settings["representative"] == "medoid" && settings["weights"] == [1, 2, 1])
            let sources = try #require(vote["sources"]?.array).compactMap(\.object)
            #expect(sources.compactMap { $0["path"]?.string } == ["a.csv", "b.csv", "a.json"])
            for source in sources {
                let path = try #require(source["path"]?.string)
                #expect(source["sha256"]?.string == (try MappedFile(path: place.path(path)).sha256()))
            }
            #expect(sources[1]["settings"]?.object?["thresh"] == 0.4 && sources[2]["checkpoint"] == nil)

            try place.expectDone(["convert", "v.csv", "w.csv", "--empty", "zeros"])
            let converted = try place.sidecar("w.csv")
            #expect(converted["settings"] == vote["settings"] && converted["checkpoint"] == vote["checkpoint"])
            try place.expectDone(["convert", "v.csv", "w.json"])
            #expect(!FileManager.default.fileExists(atPath: place.path("w.json.json")))

            try place.expectDone(["ensemble", "--maps", "maps", "maps", "--csv", "m.csv"] + Workplace.settings)
            let maps = try #require(try place.sidecar("m.csv")["settings"]?.object)
            #expect(maps["map_combination"] == "mean" && maps["thresh"] == 0.22)
        }
    }

    /// A sidecar is no predictions, and nothing that stands is replaced unasked.
    @Test func aSidecarIsNeverMistaken() throws {
        try Workplace.withPredictions { place in
            for command in [
                ["score", "--truth", "truth.json", "a.csv.json"],
                ["ensemble", "a.csv.json", "a.csv", "--csv", "x.csv"],
                ["convert", "a.csv.json", "x.csv"], ["compare", "a.csv", "a.csv.json"],
            ] {
                try place.expectRefusal(command, .badData, "a.csv.json", "a sidecar", "name the CSV beside it")
            }
            try place.expectRefusal(
                ["extract", "--maps", "maps", "--csv", "x.csv", "--json", "x.csv.json"], .usage, "sidecar of --csv")
            // Predictions that a person keeps where the sidecar would stand.
            try place.write(try place.text("a.json"), to: "b.csv.json")
            let extract = ["extract", "--maps", "maps", "--csv", "b.csv"] + Workplace.settings
            try place.expectRefusal(extract, .cannotCreate, "b.csv.json", "--force")
            try place.expectRefusal(["convert", "a.json", "b.csv"], .cannotCreate, "b.csv.json", "--force")
            // A sidecar of contents that are gone.
            try place.expectDone(["extract", "--maps", "maps", "--csv", "c.csv"] + Workplace.settings)
            try FileManager.default.removeItem(atPath: place.path("c.csv"))
            let other = ["extract", "--maps", "maps", "--csv", "c.csv", "--thresh", "0.4", "--box-thresh", "0.4"]
            try place.expectRefusal(other, .cannotCreate, "c.csv.json", "--force")
            try place.expectDone(other + ["--force"])
            #expect(try place.sidecar("c.csv")["settings"]?.object?["thresh"] == 0.4)
        }
    }
}

extension Workplace {
    /// What stands beside a CSV.
    func sidecar(_ csv: String) throws -> JSONObject {
        try #require(try JSONValue(contentsOf: path(csv + ".json")).object)
    }
}
