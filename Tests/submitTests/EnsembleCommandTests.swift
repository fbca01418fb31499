import Core
import Foundation
import TestSupport
import Testing

/// `ensemble`: every method by its flags, the ranking of all, and what it refuses.
@Suite struct EnsembleCommandTests {
    /// Options that the method does not use, or that contradict each other, and what the message names.
    @Test(arguments: [
        (["--method", "nms", "--votes", "2"], ["--votes", "vote, wbf, union", "nms"]),
        (["--method", "union", "--representative", "mean"], ["--representative", "union"]),
        (["--representative", "mean", "--method", "wbf"], ["--representative", "wbf"]),
        (["--conf-type", "max"], ["--conf-type", "wbf", "not vote"]),
        (["--method", "nms", "--skip-threshold", "0.1"], ["--skip-threshold", "nms"]),
        (["--fractional"], ["--fractional", "wbf", "not vote"]),
        (["--all", "--truth", "truth.json", "--fractional"], ["--fractional", "--all"]),
        (["--sigma", "0.3"], ["--sigma", "soft-nms", "not vote"]),
        (["--method", "soft-nms", "--sigma", "0.3"], ["--sigma", "gaussian"]),
        (["--method", "soft-nms", "--decay", "gaussian", "--iou", "0.3"], ["--iou", "linear"]),
        (["--method", "wbf", "--min-score", "0.3"], ["--min-score", "wbf"]),
        (["--decay", "linear"], ["--decay", "soft-nms"]),
        (["--map-combination", "max"], ["--map-combination", "maps", "not vote"]),
        (["--thresh", "0.3"], ["--thresh", "map stores"]),
        (["--config", "c.yaml", "--method", "nms"], ["--config", "map stores"]),
        (["--output-maps", "m", "--method", "union"], ["--output-maps", "maps", "not union"]),
        (["--method", "maps", "--iou", "0.3"], ["--iou", "not maps"]),
        (["--method", "maps", "--votes", "2"], ["--votes", "not maps"]),
        (["--method", "maps", "--map-combination", "max", "--weights", "1,2,3"], ["--weights", "geometric"]),
        (["--maps", "m", "n"], ["not both"]),
        (["--weights", "oof"], ["--weights oof", "--truth"]),
        (["--weights", "1,2"], ["--weights", "3 sources", "not 2"]),
        (["--weights", "1,-2,1"], ["--weights"]),
        (["--weights", "1,,1"], ["--weights"]),
        (["--weights", "0,0,0"], ["weights", "not all of them 0"]),
        (["--weights", "1e308,1e308,1"], ["weights", "a finite sum"]),
        (["--iou", "0"], ["iou", "above 0"]),
        (["--votes", "4"], ["votes", "1 to 3"]),
        (["--method", "wbf", "--skip-threshold", "2"], ["skip", "from 0 to 1"]),
        (["--all"], ["--all", "--truth"]),
        (["--all", "--truth", "truth.json", "--method", "wbf"], ["--all", "--method"]),
        (["--all", "--truth", "truth.json", "--iou", "0.3"], ["--iou", "--all"]),
        (["--all", "--truth", "truth.json", "--votes", "2"], ["--votes", "--all"]),
        (["--all", "--truth", "truth.json", "--thresh", "0.2"], ["--thresh", "map stores"]),
        (["--all", "--truth", "truth.json", "--output-maps", "m"], ["--output-maps", "--all"]),
        (["--all", "--truth", "truth.json", "--csv", "x.csv"], ["--all", "no predictions"]),
        (["--all", "--truth", "truth.json", "--bootstrap", "0"], ["--bootstrap", "1 or more"]),
        (["--all", "--truth", "truth.json", "--top", "0"], ["--top", "1 or more"]),
        (["--top", "3"], ["--top", "--all"]), (["--seed", "3"], ["--seed", "--all"]),
        (["--bootstrap", "3"], ["--bootstrap", "--all"]),
    ])
    func whatIsNotUsedIsRefused(options: [String], parts: [String]) throws {
        try Workplace.withSources { place in
            let process = try place.expectRefusal(["ensemble"] + Workplace.sources + options, .usage)
            for part in parts { #expect(process.stderr.contains(part), "no \(part) in: \(process.stderr)") }
        }
    }

    @Test func fractionalCornersRoundToTheOthers() throws {
        try Workplace.withSources { place in
            func corners(_ options: [String]) throws -> [[Double]] {
                let wbf = ["ensemble", "--method", "wbf"] + Workplace.sources
                try place.expectDone(wbf + options + ["--json", "x.json", "--force"])
                let images = try JSONValue(contentsOf: place.path("x.json")).object?["images"]?.object ?? [:]
                return images.values.flatMap { ($0.object?["words"]?.object ?? [:]).values }
                    .flatMap { $0.object?["points"]?.array ?? [] }.map { ($0.array ?? []).compactMap(\.number) }
            }
            let (whole, fractional) = (try corners([]), try corners(["--fractional"]))
            #expect(!whole.isEmpty && whole == fractional.map { $0.map { $0.rounded(.toNearestOrEven) } })
            #expect(fractional.contains { $0 != $0.map { $0.rounded() } })
        }
    }

    /// Each row of the ranking is what `ensemble` with the row's options and `score` give.
    @Test(arguments: [[], ["--weights", "1,2,0.5"], ["--metric", "iou", "--skip-threshold", "0.6"]] as [[String]])
    func theRankingEqualsSeparateRuns(options: [String]) throws {
        try Workplace.withSources { place in
            let scoring = options.first == "--metric" ? Array(options.prefix(2)) : []
            let weights = options.first == "--weights" ? options : []
            let ranking = try place.ranking(options + ["--bootstrap", "20"])
            let rows = try #require(ranking["rows"]?.array).compactMap(\.object)
            // 3 sources; 5 IoUs of 4 representatives and wbf at 3 votes, nms and soft-nms; the gaussian.
            #expect(rows.count == 3 + 5 * (5 * 3 + 2) + 1)
            #expect(rows.compactMap { $0["rank"]?.int } == Array(1...rows.count))
            let order = rows.compactMap { $0["mean"]?.object?["hmean"]?.number }
            #expect(order == order.sorted(by: >))
            #expect(Set(order).count > 20, "the rows differ")

            for (index, row) in rows.enumerated() where index % 7 == 0 || row["options"] == nil {
                var path = row["method"]?.string ?? ""
                if let how = row["options"]?.array?.compactMap(\.string) {
                    path = "x.json"
                    try place.expectDone(
                        ["ensemble"] + Workplace.sources + how + weights + ["--json", path, "--force"])
                }
                let score = try place.score(path, scoring)
                for key in ["mean", "pooled"] { #expect(score[key] == row[key], "\(row)") }
                let images = try JSONValue(contentsOf: place.path(path)).object?["images"]?.object ?? [:]
                let boxes = images.values.reduce(0) { $0 + ($1.object?["words"]?.object?.count ?? 0) }
                #expect(row["boxes"]?.int == boxes)
            }
        }
    }

    @Test func theRankingIsOneTableWithPairedDifferences() throws {
        try Workplace.withSources { place in
            let ranking = try place.ranking(["--bootstrap", "50"])
            let best = try #require(ranking["best_single"]?.object)
            let rows = try #require(ranking["rows"]?.array).compactMap(\.object)
            let single = try #require(rows.first { $0["method"] == best["path"] })
            #expect(single["rank"] == best["rank"])
            #expect(single["difference"]?.number == 0)
            #expect(single["difference_interval"] == [0, 0])
            for row in rows {
                let hmean = try #require(row["mean"]?.object?["hmean"]?.number)
                let interval = (row["hmean_interval"]?.array ?? []).compactMap(\.number)
                try #require(interval.count == 2)
                #expect(interval[0] <= interval[1])
                #expect(interval[0] <= hmean + 1e-6 && hmean - 1e-6 <= interval[1])
            }

            let all = ["ensemble", "--all", "--truth", "truth.json"] + Workplace.sources
            let run = try place.expectDone(all + ["--top", "4", "--bootstrap", "50", "--threads", "1"])
            #expect(run.stdout.split(separator: "\n").count == 2 + 4)
            #expect(run.stderr.contains("best single source: \(best["path"]?.string ?? ""), rank"))
            let other = try place.expectDone(all + ["--top", "4", "--bootstrap", "50", "--threads", "3"])
            #expect(other.stdout == run.stdout)
            #expect(!run.stderr.contains("without a score"))
            try place.expectDone(["convert", "2.json", "2.csv"])
            let unscored = try place.expectDone(
                ["ensemble", "--all", "--truth", "truth.json", "0.json", "2.csv", "--bootstrap", "1"])
            #expect(unscored.stderr.contains(/2\.csv: \d+ boxes without a score count as certain/))
            let seeds = try ["0", "1", "2", "0"].map {
                try place.expectDone(all + ["--top", "4", "--bootstrap", "1", "--seed", $0]).stdout
            }
            #expect(Set(seeds).count > 1 && seeds[0] == seeds[3])
            let csv = try place.expectDone(all + ["--top", "4", "--bootstrap", "50", "--format", "csv"]).stdout
            #expect(
                csv.hasPrefix("rank,method,IoU,votes,boxes,H,P,R,pooled H,") && csv.split(separator: "\n").count == 5)
        }
    }

    /// Weights by own H are those of `score`, for boxes and for maps.
    @Test func outOfFoldWeightsAreEachSourcesOwnH() throws {
        try Workplace.withSources { place in
            let weights = try Workplace.sources.map { "\(try place.hmean($0))" }
            #expect(Set(weights).count == 3)
            for method in [["--representative", "mean", "--votes", "1"], ["--method", "wbf"]] {
                let ensemble = ["ensemble"] + Workplace.sources + method
                let own = try place.expectDone(
                    ensemble + ["--weights", "oof", "--truth", "truth.json", "--json", "own.json", "--force"])
                #expect(own.stderr.contains("weights by own H: 0.json 0."))
                try place.expectDone(
                    ensemble + ["--weights", weights.joined(separator: ","), "--json", "hand.json", "--force"])
                try place.expectDone(ensemble + ["--json", "equal.json", "--force"])
                #expect(try place.bytes("own.json") == place.bytes("hand.json"))
                #expect(try place.bytes("own.json") != place.bytes("equal.json"))
            }
        }
        try Workplace.withMaps { place in
            try place.expectDone(place.predict(into: "large", size: "416"))
            for store in ["maps", "large"] {
                try place.expectDone(["extract", "--maps", store, "--json", store + ".json"] + Workplace.settings)
            }
            let weights = try ["maps", "large"].map { "\(try place.hmean($0 + ".json"))" }.joined(separator: ",")
            let ensemble = ["ensemble", "--method", "maps", "maps", "large"] + Workplace.settings
            try place.expectDone(ensemble + ["--weights", weights, "--json", "hand.json"])
            try place.expectDone(ensemble + ["--weights", "oof", "--truth", "truth.json", "--json", "own.json"])
            #expect(try place.bytes("own.json") == place.bytes("hand.json"))
        }
    }

    /// A vote whose best-scored source has boxes of half the height.
    @Test func boxesThatLoseAreaAreTold() throws {
        try Workplace.withSources { place in
            let sources = ["a.json", "b.json", "small.json"]
            for (seed, name) in sources.enumerated() {
                let isSmall = name == "small.json"
                let seen = try place.jittered(
                    seed: UInt64(seed), shift: 1, height: isSmall ? 0.5 : 1, score: isSmall ? 1 : nil)
                try place.write(seen.text(), to: name)
            }
            let ensemble = ["ensemble"] + sources + ["--iou", "0.3", "--votes", "2"]
            let shrunken = try place.expectDone(ensemble + ["--representative", "best"])
            let warning = try #require(shrunken.stderr.firstMatch(of: /warning: (\d+) of (\d+) merged boxes \((.*)%\)/))
            let (count, of) = (try #require(Int(warning.1)), try #require(Int(warning.2)))
            #expect(count > of / 2 && count <= of)
            #expect(warning.3 == String(format: "%.2f", 100 * Double(count) / Double(of)))
            #expect(shrunken.stderr.contains("80% of their members' median area: this method shrinks boxes here"))
            // Of three the two large ones are nearest to all.
            let medoid = try place.expectDone(ensemble.dropLast() + ["3"])
            #expect(!medoid.stderr.contains("this method shrinks"))

            let ranking = try place.ranking(["--bootstrap", "1"], sources: sources)
            let rows = try #require(ranking["rows"]?.array).compactMap(\.object)
            func row(_ method: String) -> JSONObject? {
                rows.first { $0["method"]?.string == method && $0["iou"]?.number == 0.3 && $0["votes"]?.int == 2 }
            }
            #expect(row("vote best")?["shrunken"]?.int == count)
            #expect(row("vote best")?["merged"]?.int == of)
            #expect(row("vote best")?["shrinks"] == true)
            #expect(row("union")?["shrinks"] == false)
            let table = try place.expectDone(
                ["ensemble", "--all", "--truth", "truth.json", "--bootstrap", "1"] + sources)
            let lines = table.stdout.split(separator: "\n")
            #expect(lines.contains { $0.contains("vote best") && $0.hasSuffix("shrinks") })
        }
    }

    /// Boxes of stores are combined as those that `extract` writes; the ranking has both and the combined maps.
    @Test func storesAreCombinedByEveryMethod() throws {
        try Workplace.withMaps { place in
            try place.expectDone(place.predict(into: "large", size: "416"))
            for store in ["maps", "large"] {
                try place.expectDone(["extract", "--maps", store, "--json", store + ".json"] + Workplace.settings)
            }
            for method in ["vote", "nms", "soft-nms", "wbf", "union"] {
                let ensemble = ["ensemble", "--method", method, "--json", "x.json", "--csv", "x.csv", "--force"]
                try place.expectDone(ensemble + ["maps.json", "large.json"])
                let extracted = try place.bytes("x.json")
                try place.expectDone(ensemble + ["--maps", "maps", "large"] + Workplace.settings)
                #expect(try place.bytes("x.json") == extracted)
                let sidecar = try #require(try JSONValue(contentsOf: place.path("x.csv.json")).object)
                #expect(sidecar["settings"]?.object?["box_thresh"] == 0.25)
                #expect(sidecar["sources"]?.array?.compactMap { $0.object?["path"] } == ["maps", "large"])
            }
            let stores = ["maps", "large"] + Workplace.settings
            let ranking = try place.ranking(["--bootstrap", "20"], sources: stores)
            let rows = try #require(ranking["rows"]?.array).compactMap(\.object)
            let ofFiles = try place.ranking(["--bootstrap", "20"], sources: ["maps.json", "large.json"])
            let rowsOfFiles = try #require(ofFiles["rows"]?.array).compactMap(\.object)
            let maps = rows.filter { $0["method"]?.string?.hasPrefix("maps ") == true }
            #expect(maps.count == 4 && rows.count == rowsOfFiles.count + 4)
            let boxes = rows.filter { $0["method"]?.string?.hasPrefix("maps ") == false }
            #expect(boxes.map { $0["mean"] } == rowsOfFiles.map { $0["mean"] })
            #expect(Set(maps.compactMap { $0["mean"]?.object?["hmean"]?.number }).count > 1)
            for row in maps {
                let how = try #require(row["options"]?.array).compactMap(\.string)
                try place.expectDone(["ensemble"] + stores + how + ["--json", "x.json", "--force"])
                let score = try place.score("x.json")
                for key in ["mean", "pooled"] { #expect(score[key] == row[key], "\(row)") }
            }
            try place.expectRefusal(["ensemble", "maps", "large.json"], .usage, "maps is a map store")
        }
    }

    @Test(arguments: ["mean", "geometric", "max", "median"]) func mapsOfTwoSizesAreCombined(rule: String) throws {
        try Workplace.withMaps { place in
            try place.expectDone(place.predict(into: "large", size: "416"))
            let ensemble = ["ensemble", "--method", "maps", "--map-combination", rule]
            let mixed = try place.expectDone(
                ensemble + ["maps", "large", "--output-maps", "both", "--csv", "both.csv"] + Workplace.settings)
            #expect(mixed.stderr.contains("large: 2 maps are resampled"))
            try place.expectDone(["extract", "--maps", "both", "--csv", "kept.csv"] + Workplace.settings)
            #expect(try place.bytes("both.csv") == place.bytes("kept.csv"))
            try place.expectDone(["extract", "--maps", "maps", "--csv", "one.csv"] + Workplace.settings)
            #expect(try place.bytes("both.csv") != place.bytes("one.csv"))
            guard rule != "geometric" else { return }
            // A store with itself is itself; the geometric mean but to the last bit.
            let same = try place.expectDone(ensemble + ["maps", "maps", "--csv", "same.csv"] + Workplace.settings)
            #expect(!same.stderr.contains("resampled"))
            #expect(try place.bytes("same.csv") == place.bytes("one.csv"))
        }
    }
}

extension Workplace {
    /// What `withSources` writes.
    static let sources = ["0.json", "1.json", "2.json"]

    /// A workplace with three files of predictions, made from the truth.
    static func withSources(_ body: (Workplace) throws -> Void) throws {
        try with { place in
            for (number, name) in sources.enumerated() {
                try place.write(try place.jittered(seed: UInt64(number)).text(), to: name)
            }
            try body(place)
        }
    }

    /// The truth as a source may see it: corners shifted, some boxes missed, some where nothing is.
    ///
    /// - Parameters:
    ///   - shift: how far a corner moves, in x and in y.
    ///   - height: each box's height, of the truth's.
    ///   - score: that of each box; nil draws them.
    func jittered(seed: UInt64, shift: Int = 7, height: Double = 1, score: Double? = nil) throws -> JSONValue {
        var generator = SeededGenerator(seed: seed)
        let truth = try JSONValue(contentsOf: path("truth.json")).object?["images"]?.object ?? [:]
        var images = JSONObject()
        for name in Self.imageNames {
            var words = JSONObject()
            for word in (truth[name]?.object?["words"]?.object ?? [:]).values {
                let points = (word.object?["points"]?.array ?? []).compactMap { $0.array?.compactMap(\.number) }
                guard points.count == 4, Int.random(in: 0..<8, using: &generator) > 0 else { continue }
                let top = points.map { $0[1] }.min() ?? 0
                let isFalse = Int.random(in: 0..<20, using: &generator) == 0
                let corners = points.map { point -> JSONValue in
                    let jitter = { Double(Int.random(in: -shift...shift, using: &generator)) }
                    let y = top + height * (point[1] - top)
                    return [.number(point[0] + jitter() + (isFalse ? 300 : 0)), .number(y + jitter())]
                }
                let drawn = Double.random(in: 0.4...1, using: &generator)
                words["\(words.count)"] = ["points": .array(corners), "score": .number(score ?? drawn)]
            }
            images[name] = ["words": .object(words)]
        }
        return ["images": .object(images)]
    }

    /// The command that fills `store` at `size`.
    func predict(into store: String, size: String) -> [String] {
        ["predict", "--checkpoint", Self.checkpoint, "--images", "images", "--maps", store, "--threads", "1"]
            + ["--size", size]
    }

    /// `ensemble --all` of `sources` as JSON.
    func ranking(_ options: [String], sources: [String] = Workplace.sources) throws -> JSONObject {
        let process = try expectDone(
            ["ensemble", "--all", "--truth", "truth.json", "--format", "json"] + sources + options)
        return try #require(try JSONValue(parsing: process.stdout, path: "stdout").object)
    }

    /// What `score` says of one file.
    func score(_ file: String, _ options: [String] = []) throws -> JSONObject {
        let process = try expectDone(["score", "--truth", "truth.json", file, "--format", "json"] + options)
        let score = try JSONValue(parsing: process.stdout, path: "stdout")
        return try #require(score.object?["files"]?.array?.first?.object)
    }

    /// One file's mean H.
    func hmean(_ file: String) throws -> Double {
        try #require(try score(file)["mean"]?.object?["hmean"]?.number)
    }
}
