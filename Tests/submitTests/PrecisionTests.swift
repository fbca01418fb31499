import Core
import Foundation
import Inference
import TestSupport
import Testing

/// `predict` in other precisions than fp32: what is stored, what is refused, and the tables about it.
struct PrecisionTests {
    private static let isHere = (try? EngineOptions(precision: .bf16).check()) != nil
    private static let hasInt8 =
        (try? EngineOptions(precision: .int8, calibration: Calibration(ranges: [:])).check()) != nil

    private static let overrides = ["postprocess.thresh=0.22", "postprocess.box_thresh=0.25"]

    private static let check =
        ["predict", "--checkpoint", Workplace.checkpoint, "--images", "images", "--threads", "1"]
        + Workplace.size + ["--precision", "bf16", "--check-precision"] + overrides

    @Test(.enabled(if: isHere)) func storesAreNotMixed() throws {
        try Workplace.with { place in
            try place.expectDone(place.predict + ["--precision", "bf16"])
            let maps = try place.tree("maps")
            let mixed = try place.run(place.predict)
            #expect(mixed.status == 65 && mixed.stderr.contains("bf16 onednn") && mixed.stderr.contains("fp32 onednn"))
            #expect(try place.tree("maps") == maps)
        }
    }

    @Test(.enabled(if: isHere)) func checkTellsMapsBoxesAndScore() throws {
        try Workplace.with { place in
            let bare = try place.expectDone(Self.check)
            for row in ["images", "largest difference of a pixel", "boxes equal to the last coordinate"] {
                #expect(bare.stdout.contains(row))
            }
            #expect(!bare.stdout.contains("0.000000\nmean difference"))
            let scored = try place.expectDone(Self.check + ["--truth", "truth.json"])
            #expect(scored.stdout.hasPrefix(bare.stdout.dropLast()))
            #expect(scored.stdout.contains("\nfp32 ") && scored.stdout.contains("\nbf16 "))
            let document = try JSONValue(
                parsing: place.expectDone(Self.check + ["--truth", "truth.json", "--format", "json"]).stdout,
                path: "stdout")
            let checked = try #require(document.object?["checkpoints"]?.array?.first?.object)
            #expect(document.object?["schema"] == 1 && checked["precision"] == "bf16" && checked["thresh"] == 0.22)
            let boxes = try #require(checked["boxes"]?.int)
            #expect(bare.stdout.contains("\(try #require(checked["fp32_boxes"]?.int)) and \(boxes)"))
            #expect((1...boxes).contains(try #require(checked["equal_boxes"]?.int)))
            let differences = ["mean_difference", "largest_difference"].compactMap { checked[$0]?.number }
            #expect(differences.count == 2 && 0 < differences[0] && differences[0] < differences[1])
            let comparisons = try #require(checked["comparisons"]?.array).compactMap(\.object)
            try #require(comparisons.count == 2)
            #expect(comparisons[0]["box_thresh"] == 0.25 && comparisons[0]["best_for_fp32"] == false)
            let compared = try #require(comparisons[0]["comparison"]?.object?["files"]?.array?.first?.object)
            #expect(compared["path"] == "bf16" && compared["difference"]?.number != nil)
            let plain = comparisons.compactMap {
                $0["comparison"]?.object?["first"]?.object?["mean"]?.object?["hmean"]?.number
            }
            #expect(plain.count == 2 && plain[0] <= plain[1] && comparisons[1]["best_for_fp32"] == true)
            // The check writes nothing.
            #expect(try place.tree()["maps"] == nil)
            // fp32's row is what a run in fp32 scores.
            try place.expectDone(place.predict)
            try place.expectDone(["extract", "--maps", "maps", "--json", "a.json"] + Workplace.settings)
            let score = try place.expectDone(["score", "--truth", "truth.json", "--format", "json", "a.json"])
            let figure = try #require(score.stdout.firstMatch(of: /"hmean": (0\.\d{6})/)?.1)
            let row = try #require(scored.stdout.split(separator: "\n").first { $0.hasPrefix("fp32 ") })
            #expect(row.contains(figure.dropLast()))
        }
    }

    @Test(.enabled(if: isHere)) func checkScoresTheImagesThatWereRun() throws {
        try Workplace.with { place in
            let check = Self.check + ["--truth", "truth.json"]
            let all = try place.expectDone(check)
            #expect(!all.stderr.contains("these are scored"))
            let names = try place.tree("images").keys.sorted()
            try FileManager.default.removeItem(atPath: place.path("images/" + names[0]))
            let less = try place.expectDone(check)
            #expect(less.stderr.contains("\(names.count - 1) images have truth and were run"))
            func hmean(_ run: SubmitProcess) throws -> Double {
                let row = try #require(run.stdout.split(separator: "\n").first { $0.hasPrefix("fp32 ") })
                return try #require(row.split(separator: " ").dropFirst(2).first.flatMap { Double($0) })
            }
            // An image that was not run would count 0.
            #expect(try hmean(less) > hmean(all) * 0.75)
        }
    }

    /// Two streams, and batches of images, write what one image after another does; a broken image costs only itself.
    @Test(.enabled(if: hasInt8)) func imagesSideBySide() throws {
        try Workplace.with { place in
            for (index, name) in ["a.jpg", "b.jpg", "c.jpg"].enumerated() {
                try place.write(place.bytes("images/" + Workplace.imageNames[index % 2]), to: "images/" + name)
            }
            try place.expectDone(
                ["calibrate", Workplace.checkpoint, "--images", "images", "--output", "a.json"] + Workplace.size)
            let int8 = place.predict + ["--precision", "int8", "--calibration", "a.json"]
            try place.expectDone(int8)
            let maps = try place.tree("maps")
            #expect(maps.count == 6)
            try place.write("no image", to: "images/b0.jpg")
            for changes in [["--threads", "2"], ["--threads", "4", "--batch", "2"], ["--threads", "3"]] {
                try FileManager.default.removeItem(atPath: place.path("maps"))
                let run = try place.run(int8 + changes)
                #expect(run.status != 0 && run.stderr.contains("b0.jpg") && run.stderr.contains("5 maps in"))
                #expect(try place.tree("maps") == maps, "\(changes)")
            }
        }
    }

    @Test(.enabled(if: hasInt8)) func int8NeedsItsCalibration() throws {
        try Workplace.with { place in
            let int8 = place.predict + ["--precision", "int8", "--calibration", "a.json"]
            let without = try place.run(int8)
            #expect(without.status == 66 && without.stderr.contains("submit calibrate"))
            #expect(try place.tree()["maps"] == nil)
            let calibrate = ["calibrate", Workplace.checkpoint, "--images", "images", "--size", "320", "--output"]
            try place.expectDone(calibrate + ["a.json", "--count", "2"])
            try place.expectDone(int8)
            // The ranges are part of what made the maps.
            try place.expectDone(calibrate + ["b.json", "--count", "1"])
            let mixed = try place.run(place.predict + ["--precision", "int8", "--calibration", "b.json"])
            #expect(mixed.status == 65 && mixed.stderr.contains("calibration"))
            let text = try place.text("a.json")
            try place.write(
                text.replacing(/"checkpoint_sha256": "./) { _ in "\"checkpoint_sha256\": \"x" }, to: "c.json")
            let foreign = try place.run(place.predict + ["--precision", "int8", "--calibration", "c.json"])
            #expect(foreign.status == 65 && foreign.stderr.contains("another checkpoint"))
            for (old, new) in [("calibration", "stack"), ("[", "[1,"), ("\"schema\": 1", "\"schema\": 2")] {
                try place.write(text.replacing(old, with: new), to: "d.json")
                let broken = try place.run(place.predict + ["--precision", "int8", "--calibration", "d.json"])
                #expect(broken.status == 65 && broken.stderr.contains("d.json"), "\(old)")
            }
        }
    }

    @Test func refusals() throws {
        try Workplace.with { place in
            let cases: [([String], String)] = [
                (["--check-precision"], "precision fp32"), (["--truth", "truth.json"], "--check-precision"),
                (["--format", "json"], "--check-precision"),
                (["--precision", "int3"], "fp32, bf16 or int8"),
                (["--precision", "bf16", "--engine", "blas"], "engine blas"),
                (["--precision", "bf16", "--check-precision", "--profile"], "exclude"),
            ]
            let storeless = try place.run(["predict", "--checkpoint", Workplace.checkpoint, "--images", "images"])
            #expect(storeless.status == 64 && storeless.stderr.contains("--maps"))
            for (flags, text) in cases {
                let process = try place.run(place.predict + flags)
                #expect(process.status == 64 || process.status == 78, "\(flags)")
                #expect(process.stderr.contains(text), "\(flags)")
                #expect(try place.tree()["maps"] == nil)
            }
        }
    }

    @Test func profileTellsTheShareOfThePeak() throws {
        try Workplace.with { place in
            let profile = try place.expectDone(place.predict + ["--profile"])
            #expect(profile.stdout.contains("peak %"))
            let peak = try #require(profile.stdout.firstMatch(of: /peak: (\d+) GFLOP/)?.1)
            #expect(Int(peak) ?? 0 > 0)
        }
    }
}
