import Core
import TestSupport
import Testing

/// Intervals and comparisons through the command line.
@Suite struct CompareTests {
    @Test func filesAreComparedWithTheFirst() throws {
        try Workplace.withPredictions { place in
            try place.expectDone(
                ["extract", "--maps", "maps", "--json", "b.json", "--thresh", "0.22", "--box-thresh", "0.6"])
            let arguments = ["compare", "a.json", "a.csv", "b.json", "--truth", "truth.json"]
            let table = try place.expectDone(arguments).stdout
            #expect(table.contains("the same") && table.contains("moved most in b.json:"))
            #expect(table.contains("receipt_7_000.jpg"))
            let json = try JSONValue(
                parsing: place.expectDone(arguments + ["--format", "json", "--seed", "4"]).stdout, path: "stdout")
            let files = try #require(json.object?["files"]?.array).compactMap(\.object)
            #expect(json.object?["schema"] == 1 && json.object?["seed"] == 4 && files.count == 2)
            #expect(files[0]["difference"]?.number == 0 && files[0]["tied"] == 2 && files[0]["p"] == 1)
            let first = try #require(json.object?["first"]?.object?["mean"]?.object?["hmean"]?.number)
            let other = try #require(files[1]["mean"]?.object?["hmean"]?.number)
            let difference = try #require(files[1]["difference"]?.number)
            #expect(difference != 0 && abs(other - first - difference) < 1e-6)
            let interval = try #require(files[1]["interval"]?.array).compactMap(\.number)
            #expect(interval[0] <= difference && difference <= interval[1])
            let moved = try #require(files[1]["moved"]?.array).compactMap { $0.object?["image"]?.string }
            #expect(Set(moved).isSubset(of: Workplace.imageNames) && !moved.isEmpty)
            let scores = try JSONValue(
                parsing: place.expectDone(
                    ["score", "a.json", "b.json", "--truth", "truth.json", "--format", "json"]
                ).stdout, path: "stdout")
            let pooled = try #require(scores.object?["files"]?.array).map { $0.object?["pooled"] }
            #expect(pooled.count == 2 && json.object?["first"]?.object?["pooled"] == pooled[0])
            #expect(files[1]["pooled"] == pooled[1])
            let (before, after) = (pooled[0]?.object?["hmean"]?.number, pooled[1]?.object?["hmean"]?.number)
            #expect(files[1]["pooled_difference"]?.number == (try #require(after) - #require(before)))
        }
    }

    @Test func filesWithoutTruthAreComparedWithEachOther() throws {
        try Workplace.withPredictions { place in
            try place.expectDone(
                ["extract", "--maps", "maps", "--json", "b.json", "--thresh", "0.22", "--box-thresh", "0.6"])
            let arguments = ["compare", "b.json", "a.json", "a.csv"]
            let table = try place.expectDone(arguments).stdout
            #expect(table.contains("near-duplicates: a.json and a.csv agree to"))
            #expect(table.contains("with 100% of the images identical"))
            let json = try JSONValue(
                parsing: place.expectDone(arguments + ["--rank-by-agreement", "--format", "json"]).stdout,
                path: "stdout")
            let files = try #require(json.object?["files"]?.array).compactMap(\.object)
            #expect(files.map { $0["path"]?.string } == ["a.json", "a.csv", "b.json"])
            let means = files.compactMap { $0["mean_agreement"]?.number }
            #expect(means == means.sorted(by: >) && means[0] > means[2])
            try place.expectRefusal(
                arguments + ["--rank-by-agreement", "--truth", "truth.json"], .usage, "--rank-by-agreement")
        }
    }

    @Test func scoresHaveIntervals() throws {
        try Workplace.withPredictions { place in
            let score = ["score", "--truth", "truth.json", "a.json", "--format", "json"]
            func file(_ more: String...) throws -> JSONObject {
                let json = try JSONValue(parsing: place.expectDone(score + more).stdout, path: "stdout")
                return try #require(json.object?["files"]?.array?.first?.object)
            }
            let scored = try file()
            let hmean = try #require(scored["mean"]?.object?["hmean"]?.number)
            let intervals = try #require(scored["intervals"]?.object)
            let interval = try #require(intervals["mean"]?.object?["hmean"]?.array).compactMap(\.number)
            #expect(interval[0] <= hmean && hmean <= interval[1] && intervals["bootstrap"] == 2000)
            #expect(try file() == scored)
            #expect(try file("--bootstrap", "0")["intervals"] == nil)
        }
    }

    @Test func aComparisonThatIsNone() throws {
        try Workplace.withPredictions { place in
            try place.expectRefusal(["compare", "a.json", "--truth", "truth.json"], .usage, "two files or more")
            try place.expectRefusal(
                ["compare", "a.json", "a.csv", "--truth", "truth.json", "--bootstrap", "0"], .usage, "--bootstrap")
        }
    }

    @Test func candidatesAreChosenFromASweep() throws {
        try Workplace.withMaps { place in
            try place.expectDone(place.sweep(into: "out"))
            let arguments = ["select", "--results", "out/results.json", "--budget", "2"]
            #expect(try place.expectDone(arguments).stdout.contains("out/01_thresh"))
            let json = try JSONValue(
                parsing: place.expectDone(arguments + ["--format", "json"]).stdout, path: "stdout")
            let choices = try #require(json.object?["choices"]?.array).compactMap(\.object)
            #expect(choices.count >= 1 && choices[0]["file"]?.string?.hasPrefix("out/0") == true)
            try place.expectDone(place.sweep(into: "none") + ["--bootstrap", "0"])
            try place.expectRefusal(
                ["select", "--results", "none/results.json"], .badData, "none/results.json", "--bootstrap 0")
        }
    }

    /// Folds that are truth files, over one store: the table of held-out figures, and its place in results.json.
    @Test func aSweepWithFolds() throws {
        try Workplace.withMaps { place in
            let truth = try JSONValue(contentsOf: place.path("truth.json"))
            for name in Workplace.imageNames {
                let image = truth.object?["images"]?.object?[name] ?? .null
                try place.write(JSONValue.object(["images": [name: image]]).text(), to: name + ".json")
            }
            let folds = Workplace.imageNames.map { $0 + ".json" }.joined(separator: ",")
            let table = try place.expectDone(place.sweep(into: "out") + ["--folds", folds, "--pick", "plateau"]).stdout
            #expect(
                table.contains("H held out") && table.contains("out of fold: H ") && table.contains("plateau: rank"))
            let results = try JSONValue(contentsOf: place.path("out/results.json"))
            let outOfFold = try #require(results.object?["out_of_fold"]?.object)
            // A fold of one image is its own mean.
            for fold in try #require(outOfFold["folds"]?.array).compactMap(\.object) {
                #expect(fold["held_out"] != nil && fold["held_out"] == fold["held_out_pooled"])
                #expect(fold["chosen"] != nil && fold["chosen"] == fold["chosen_pooled"])
            }
            #expect(outOfFold["folds"]?.array?.count == 2 && results.object?["pick"]?.object?["rule"] == "plateau")
            let twice = Workplace.imageNames[0] + ".json," + folds
            let overlapping = try place.run(place.sweep(into: "other") + ["--folds", twice])
            #expect(overlapping.status == ExitStatus.badData.rawValue && overlapping.stderr.contains("folds overlap"))
            try place.expectRefusal(
                ["sweep", "--truth", "truth.json", "--config", Workplace.smart9, "--output", "x", "--folds", folds],
                .usage, "--maps")
        }
    }
}
