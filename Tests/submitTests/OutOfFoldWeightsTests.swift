import Core
import Foundation
import TestSupport
import Testing

/// `ensemble --weights oof` by other files than those that are combined.
@Suite struct OutOfFoldWeightsTests {
    static let wbf = ["ensemble", "--method", "wbf", "--votes", "1"]

    /// Weights from scores, and from files and truth, are those weights by hand.
    @Test func weightsComeFromTheOtherFiles() throws {
        try Workplace.withSources { place in
            // Other predictions stand for the validation images of sources 0 and 1.
            for (number, seed) in [(0, 17), (1, 18)] {
                try place.write(
                    try place.jittered(seed: UInt64(seed), shift: 3 + 9 * number).text(), to: "val\(number).json")
            }
            let scored = try place.expectDone(
                ["score", "--truth", "truth.json", "--format", "json", "val0.json", "val1.json"]
            ).stdout
            try place.write(scored, to: "scores.json")
            let files = try #require(try JSONValue(parsing: scored, path: "scores").object?["files"]?.array)
            let values = files.compactMap { $0.object?["mean"]?.object?["hmean"]?.number }
            try #require(values.count == 2 && values[0] > values[1] + 0.05)

            let hand = values.map { "\($0)" }.joined(separator: ",")
            try place.expectDone(Self.wbf + ["0.json", "1.json", "--weights", hand, "--json", "hand.json"])
            try place.expectDone(Self.wbf + ["0.json", "1.json", "--json", "plain.json"])
            #expect(try place.bytes("hand.json") != place.bytes("plain.json"))
            let scores = try place.expectDone(
                Self.wbf + [
                    "0.json", "1.json", "--weights", "oof", "--oof-scores", "scores.json", "--json", "scores_made.json",
                ])
            #expect(try place.bytes("scores_made.json") == place.bytes("hand.json"))
            #expect(scores.stderr.contains("0.json \(String(format: "%.6f", values[0])) (val0.json)"))
            let fromFiles = try place.expectDone(
                Self.wbf + [
                    "0.json", "1.json", "--weights", "oof", "--truth", "truth.json", "--json", "files_made.json",
                    "--oof-files", "val0.json", "val1.json",
                ])
            #expect(try place.bytes("files_made.json") == place.bytes("hand.json"))
            // The truth is of the validation images: the ensemble is not scored by it.
            #expect(fromFiles.stdout.contains("votes") && !fromFiles.stdout.contains(" H "))
        }
    }

    /// Stores of test images, whose names the truth does not know.
    @Test func storesAreWeighedToo() throws {
        try Workplace.withPredictions { place in
            try place.expectDone(place.predict.map { $0 == "maps" ? "maps2" : $0 } + ["--tta", "hflip"])
            let truth = try place.text("truth.json").replacingOccurrences(of: "receipt_7_", with: "val_")
            try place.write(truth, to: "val.json")
            let found = try place.text("a.json").replacingOccurrences(of: "receipt_7_", with: "val_")
            try place.write(found, to: "val_a.json")
            let maps = ["ensemble", "--maps", "maps", "maps2"] + Workplace.settings
            try place.expectDone(
                maps + [
                    "--weights", "oof", "--truth", "val.json", "--json", "m.json", "--oof-files", "val_a.json",
                    "val.json",
                ])
            let score = try place.expectDone(
                ["score", "--truth", "val.json", "--format", "json", "val_a.json", "val.json"])
            let files = try #require(try JSONValue(parsing: score.stdout, path: "s").object?["files"]?.array)
            let values = files.compactMap { $0.object?["mean"]?.object?["hmean"]?.number }
            try place.expectDone(
                maps + ["--weights", values.map { "\($0)" }.joined(separator: ","), "--json", "h.json"])
            #expect(try place.bytes("m.json") == place.bytes("h.json"))
        }
    }

    @Test(arguments: [
        (["--oof-scores", "s.json"], ["--oof-scores goes with --weights oof"]),
        (["--weights", "1,1,1", "--oof-files", "a", "b", "c"], ["--oof-files goes with --weights oof"]),
        (["--weights", "oof", "--oof-files", "0.json", "1.json", "2.json"], ["--oof-files takes --truth"]),
        (["--weights", "oof", "--truth", "truth.json", "--oof-files", "0.json"], ["3 sources, not 1"]),
        (["--weights", "oof", "--truth", "truth.json", "--oof-scores", "s.json"], ["without --truth"]),
        (
            ["--weights", "oof", "--all", "--truth", "truth.json", "--oof-files", "0.json", "1.json", "2.json"],
            ["--all", "--oof-files"]
        ),
    ])
    func whatDoesNotGoTogetherIsRefused(options: [String], parts: [String]) throws {
        try Workplace.withSources { place in
            let process = try place.expectRefusal(["ensemble"] + Workplace.sources + options, .usage)
            for part in parts { #expect(process.stderr.contains(part), "no \(part) in: \(process.stderr)") }
        }
    }

    /// A file that holds no scores, too few, or others.
    @Test(arguments: [
        ("[]", "no scores of submit score"), (#"{"files": []}"#, "another number of sources"),
        (#"{"files": [{"profile": "iou"}, {}, {}]}"#, "s.json:files[0].profile"),
        (#"{"files": [{"mean": {"hmean": 2}}, {}, {}]}"#, "s.json:files[0].mean.hmean"),
    ])
    func scoresThatAreNone(text: String, part: String) throws {
        try Workplace.withSources { place in
            try place.write(text, to: "s.json")
            try place.expectRefusal(
                ["ensemble"] + Workplace.sources + ["--weights", "oof", "--oof-scores", "s.json", "--csv", "x.csv"],
                .badData, part, "found:", "try:")
        }
    }
}
