import Core
import Foundation
import TestSupport
import Testing

/// `stack`: training, the model file, its use, and what is refused.
@Suite struct StackCommandTests {
    static let options = ["--thresh", "0.2", "--bootstrap", "200"]

    /// All samples at two sizes: two sources of twelve images.
    static func withStores(_ body: (Workplace) throws -> Void) throws {
        try Workplace.with { place in
            for (name, size) in [("a", "320"), ("b", "384")] {
                try place.expectDone([
                    "predict", "--checkpoint", Workplace.checkpoint, "--images", TestData.repository("samples/images"),
                    "--maps", name, "--size", size, "--threads", "1",
                ])
            }
            try FileManager.default.copyItem(
                atPath: TestData.repository("samples/truth.json"), toPath: place.path("all.json"))
            try body(place)
        }
    }

    static func train(_ more: String...) -> [String] {
        ["stack", "--maps", "a", "b", "--truth", "all.json"] + options + more
    }

    @Test func trainedSavedUsed() throws {
        try Self.withStores { place in
            let run = try place.expectDone(Self.train("--output", "m.json", "--format", "json", "--threads", "1"))
            let document = try #require(try JSONValue(parsing: run.stdout, path: "out").object)
            #expect(document["schema"] == 1 && document["folds"] == 5)
            let rows = try #require(document["rows"]?.array).compactMap(\.object)
            let methods = rows.compactMap { $0["method"]?.string }
            #expect(Set(methods) == ["a", "b", "vote, mean score", "stack, logistic", "stack, boosted trees"])
            let order = rows.compactMap { $0["mean"]?.object?["hmean"]?.number }
            #expect(order.count == 5 && order == order.sorted(by: >))
            for row in rows {
                let low = try #require(row["difference_interval"]?.array?.first?.number)
                let isModel = row["method"]?.string?.hasPrefix("stack") == true
                #expect(row["adopted"]?.bool == (isModel && low > 0))
                if isModel {
                    let verdict = low > 0 ? "ADOPTED" : "not adopted"
                    #expect(run.stderr.contains("\(row["method"]?.string ?? ""): \(verdict), "))
                }
                #expect(row["thresholds"]?.array?.count == 5)
            }

            // The same bytes whatever the threads; another seed deals other folds.
            let again = try place.expectDone(Self.train("--output", "n.json", "--format", "json", "--threads", "3"))
            #expect(again.stdout == run.stdout)
            #expect(try place.bytes("m.json") == place.bytes("n.json"))
            let other = try place.expectDone(Self.train("--format", "json", "--seed", "7"))
            #expect(other.stdout != run.stdout)
            let twice = try place.expectDone(Self.train("--format", "json", "--repeats", "2", "--output", "r.json"))
            let repeated = try #require(try JSONValue(parsing: twice.stdout, path: "out").object)
            #expect(repeated["repeats"] == 2 && repeated["rows"] == document["rows"])
            #expect(repeated["verdicts"] != document["verdicts"] && twice.stderr.contains("(mean of 2 deals, "))
            let evidence = try JSONValue(contentsOf: place.path("r.json")).object?["evidence"]?.object
            #expect(evidence?["difference"] == repeated["verdicts"]?.array?.first?.object?["difference"])
            try place.expectRefusal(Self.train("--output", "m.json", "--k", "3"), .cannotCreate, "m.json", "--force")

            let apply = ["stack", "--apply", "m.json", "--maps", "a", "b"]
            let used = try place.expectDone(apply + ["--csv", "s.csv", "--json", "s.json", "--threads", "1"])
            let before = try place.tree()
            try place.expectDone(apply + ["--csv", "s.csv", "--json", "s.json", "--threads", "3"])
            #expect(try place.tree() == before)
            let model = try #require(try JSONValue(contentsOf: place.path("m.json")).object)
            let adopted = try #require(model["evidence"]?.object?["adopted"]?.bool)
            #expect(used.stderr.contains("was not adopted") == !adopted)
            #expect(model["images"]?.array?.count == 12)
            #expect(used.stderr.contains("warning: m.json was trained on 12 of these 12 images"))
            // A word's score is its probability, and none is below the threshold.
            let threshold = try #require(model["threshold"]?.number)
            let images = try #require(try JSONValue(contentsOf: place.path("s.json")).object?["images"]?.object)
            let scores = images.values.flatMap { ($0.object?["words"]?.object ?? [:]).values }
                .compactMap { $0.object?["score"]?.number }
            #expect(images.count == 12 && scores.count > 50 && scores.allSatisfy { $0 >= threshold && $0 <= 1 })
            let sidecar = try place.sidecar("s.csv")
            #expect(sidecar["command"] == "stack" && sidecar["checkpoint"]?.string == Workplace.checkpoint)
            let digest = try MappedFile(path: place.path("m.json")).sha256()
            #expect(sidecar["settings"]?.object?["model_sha256"]?.string == digest)
            #expect(sidecar["settings"]?.object?["images_trained_on"] == 12)
            try knowsItsImages(try place.text("m.json"), apply, in: place)

            try place.expectRefusal(
                ["stack", "--apply", "m.json", "--maps", "b", "a", "--csv", "x.csv"], .badData, "b: the model",
                "size 384", "size 320", "of the make of b", "order of m.json")
            try place.expectRefusal(
                ["stack", "--apply", "m.json", "--maps", "a", "--csv", "x.csv"], .badData, "m.json", "1 stores",
                "2: a, b")
            try place.expectRefusal(
                apply + ["--csv", "s.csv", "--empty", "zeros", "--quoting", "all"], .cannotCreate, "s.csv")
            try refusesBrokenModels(try place.text("m.json"), in: place)
        }
    }

    /// Images that trained the model are told from others by their names.
    private func knowsItsImages(_ text: String, _ apply: [String], in place: Workplace) throws {
        let names = try #require(JSONValue(parsing: text, path: "m").object?["images"]?.array).compactMap(\.string)
        var fewer = text
        for name in names.dropFirst(2) { fewer = fewer.replacingOccurrences(of: name, with: "other_" + name) }
        try place.write(fewer, to: "fewer.json")
        var use = apply
        use[2] = "fewer.json"
        let some = try place.expectDone(use + ["--csv", "fewer.csv"])
        #expect(some.stderr.contains("fewer.json was trained on 2 of these 12 images"))
        for name in names.prefix(2) { fewer = fewer.replacingOccurrences(of: name, with: "other_" + name) }
        try place.write(fewer, to: "fewer.json")
        #expect(try !place.expectDone(use + ["--csv", "none.csv"]).stderr.contains("was trained on"))
    }

    private func refusesBrokenModels(_ text: String, in place: Workplace) throws {
        let use = ["stack", "--apply", "broken.json", "--maps", "a", "b", "--csv", "x.csv"]
        for (old, new, part) in [
            ("\"format\": \"stack\"", "\"format\": \"sidecar\"", "broken.json:format"),
            ("\"schema\": 1", "\"schema\": 2", "broken.json:schema"),
            ("\"best_score\"", "\"worst_score\"", "broken.json:features"),
            ("\"threshold\": ", "\"threshold\": 7", "broken.json:threshold"),
            ("\"images\": [", "\"images\": [7, ", "broken.json:images"),
            ("\"iou\": 0.5", "\"iou\": \"half\"", "broken.json:candidates.iou"),
            ("\"adopted\": ", "\"adopted\": 0, \"was\": ", "broken.json:evidence.adopted"),
            ("\"precision\": \"", "\"precision\": 32, \"was\": \"", "broken.json:sources[0].provenance"),
        ] {
            let broken = text.replacingOccurrences(of: old, with: new)
            try #require(broken != text, "\(old) is in the model")
            try place.write(broken, to: "broken.json")
            try place.expectRefusal(use, .badData, part, "found:", "expected:", "try:")
        }
        try place.write(String(text.prefix(text.utf8.count / 2)), to: "broken.json")
        try place.expectRefusal(use, .badData, "broken.json")
        try place.expectDone(Self.train("--output", "l.json", "--model", "logistic"))
        try place.expectDone(Self.train("--output", "t.json", "--model", "trees"))
        let (logistic, trees) = (try place.text("l.json"), try place.text("t.json"))
        for (model, old, new, part) in [
            (logistic, "\"scales\": [", "\"scales\": [0, ", "broken.json:logistic.scales"),
            (trees, "\"trees\": [", "\"trees\": [[[99, 0.5, 1, 2], [0], [0]], ", "broken.json:trees[0][0]"),
            (trees, "\"trees\": [", "\"trees\": [[[0, 0.5, 0, 1], [0]], ", "broken.json:trees[0][0]"),
            (trees, "\"trees\": [", "\"trees\": [[], ", "broken.json:trees[0]"),
        ] {
            try place.write(model.replacingOccurrences(of: old, with: new), to: "broken.json")
            try place.expectRefusal(use, .badData, part, "expected:")
        }
    }

    @Test func whatCannotBeTrainedOn() throws {
        try Workplace.withMaps { place in
            let stack = ["stack", "--maps", "maps", "maps", "--truth"]
            try place.expectRefusal(
                stack + ["truth.json"], .badData, "truth.json", "more folds than groups", "2 groups")
            let one = try JSONValue(contentsOf: place.path("truth.json")).object?["images"]?.object ?? [:]
            let images: JSONObject = [one.keys[0]: one.values[0]]
            try place.write(JSONValue.object(["images": .object(images)]).text(), to: "one.json")
            try place.expectRefusal(stack + ["one.json"], .badData, "one.json", "1 groups", "5 or more")
            try place.expectRefusal(
                stack + ["truth.json", "--folds", "one.json"], .badData, "are in no fold")
            try place.expectRefusal(
                stack + ["truth.json", "--folds", "one.json,truth.json"], .badData, "folds overlap")
            try place.write(
                try place.text("truth.json").replacingOccurrences(of: "receipt_7_", with: "other_"), to: "other.json")
            try place.expectRefusal(stack + ["other.json"], .badData, "maps", "names no image of the maps")
            let more = try JSONValue(contentsOf: TestData.repository("samples/truth.json")).text()
            try place.write(more, to: "more.json")
            try place.expectRefusal(stack + ["more.json"], .badData, "maps:", "the store lacks 10 of 12 images")
            try place.expectRefusal(
                ["stack", "--maps", "nowhere", "maps", "--truth", "truth.json"], .noInput, "nowhere")
            try place.expectRefusal(
                ["stack", "--apply", "nothing.json", "--maps", "maps", "--csv", "x.csv"], .noInput, "nothing.json")
        }
    }

    @Test(arguments: [
        ([], "name the --truth"), (["--truth", "t", "--csv", "x.csv"], "--csv goes with --apply"),
        (["--apply", "m", "--csv", "x", "--thresh", "0.3"], "--thresh goes with training"),
        (["--apply", "m", "--csv", "x", "--truth", "t"], "--truth goes with training"),
        (["--apply", "m", "--csv", "x", "--metric", "iou"], "--metric goes with training"),
        (["--apply", "m", "--csv", "x", "--model", "trees"], "--model goes with training"),
        (["--apply", "m"], "--csv, --json"), (["--truth", "t", "--k", "2"], "--k must be 3 or more"),
        (["--truth", "t", "--folds", "f", "--k", "5"], "--k deals"), (["--truth", "t", "--repeats", "0"], "--repeats"),
        (["--truth", "t", "--folds", "f", "--repeats", "3"], "--repeats deals"),
        (["--truth", "t", "--iou", "0"], "--iou"),
        (["--truth", "t", "--bootstrap", "0"], "--bootstrap"), (["--truth", "t", "--seed", "-1"], "--seed"),
        (["--truth", "t", "--groups", "near-duplicates"], "--images"),
    ])
    func usage(options: [String], part: String) throws {
        try Workplace.with { place in
            try place.expectRefusal(["stack", "--maps", "a", "b"] + options, .usage, part)
        }
    }
}
