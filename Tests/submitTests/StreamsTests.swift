import Core
import TestSupport
import Testing

/// What goes to stdout and what to stderr.
@Suite struct StreamsTests {
    @Test func scoreAsJSONHasItsSchema() throws {
        try Workplace.withPredictions { place in
            let process = try place.expectDone(
                ["score", "--truth", "truth.json", "a.json", "a.csv", "--format", "json"])
            let top = try #require(try JSONValue(parsing: process.stdout, path: "stdout").object)
            #expect(top.keys == ["schema", "files"])
            #expect(top["schema"]?.int == 1)
            let files = try #require(top["files"]?.array)
            #expect(files.compactMap { $0.object?["path"]?.string } == ["a.json", "a.csv"])
            for file in files.compactMap(\.object) {
                #expect(file["profile"]?.string == "leaderboard")
                #expect(file["images"]?.int == 2)
                for kind in ["mean", "pooled"] {
                    let rates = try #require(file[kind]?.object)
                    #expect(rates.keys == ["recall", "precision", "hmean"])
                    #expect(rates.values.compactMap(\.number).count { $0 > 0 && $0 < 1 } == 3)
                }
            }
            #expect(process.stderr == "")
        }
    }

    @Test func scoreAsCSVHasARowAFile() throws {
        try Workplace.withPredictions { place in
            let process = try place.expectDone(
                ["score", "--truth", "truth.json", "a.json", "a.csv", "--format", "csv", "--per-image", "rows.csv"])
            let rows = process.stdout.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
            #expect(rows.map(\.count) == [21, 21, 21], "nine figures, six of them with both ends of their interval")
            #expect(rows[0][3] == "hmean")
            #expect(rows[1].dropFirst() == rows[2].dropFirst(), "scores say nothing to CLEval")
            let images = try place.text("rows.csv").split(separator: "\n").map { $0.split(separator: ",") }
            #expect(images.count == 1 + 2 * 2)
            #expect(images.allSatisfy { $0.count == 11 })
            let mean = images[1...2].compactMap { Float($0[4]) }.reduce(0, +) / 2
            #expect(Float(rows[1][3]) == mean)
        }
    }

    @Test func missingAndUnknownImagesAreTold() throws {
        try Workplace.withPredictions { place in
            let rows = try place.text("a.csv").split(separator: "\n")
            try place.write("\(rows[0])\n\(rows[1])\nother.jpg,\n", to: "b.csv")
            let process = try place.expectDone(["score", "--truth", "truth.json", "b.csv", "--format", "csv"])
            #expect(process.stderr.contains("b.csv: lacks 1 of the truth's 2 images, such as receipt_7_001.jpg"))
            #expect(process.stderr.contains("b.csv: 1 images are not in the truth and do not count, such as other.jpg"))
            #expect(process.stdout.split(separator: "\n").count == 2)
        }
    }

    /// Notes and progress go to stderr, and none of them with --quiet.
    @Test func stdoutCarriesDataOnly() throws {
        try Workplace.with { place in
            for (arguments, isSilent) in [
                (place.predict, true), (["extract", "--maps", "maps", "--json", "a.json"] + Workplace.settings, true),
                (["convert", "a.json", "a.zip"], true), (place.sweep(into: "out") + ["--format", "csv"], false),
            ] {
                let shown = try SubmitProcess.run(arguments, in: place.folder, onTerminal: true)
                #expect(shown.status == 0)
                #expect(shown.stdout.isEmpty == isSilent)
                #expect(!shown.stdout.contains("\u{1B}"))
                #expect(!shown.stderr.isEmpty)
                let quiet = try SubmitProcess.run(arguments + ["--quiet"], in: place.folder, onTerminal: true)
                #expect(quiet.status == 0)
                #expect(quiet.stderr == "")
                #expect(quiet.stdout == shown.stdout)
            }
        }
    }

    @Test func progressIsForTerminals() throws {
        try Workplace.with { place in
            let shown = try SubmitProcess.run(place.predict, in: place.folder, onTerminal: true)
            #expect(shown.stderr.contains("predict ") && shown.stderr.contains("2/2") && shown.stderr.contains("left"))
            let piped = try SubmitProcess.run(
                ["extract", "--maps", "maps", "--json", "a.json"], in: place.folder)
            #expect(!piped.stderr.contains("\r") && !piped.stderr.contains("\u{1B}"))
        }
    }

    @Test func coloursAreForTerminalsWithoutNOCOLOR() throws {
        try TestData.withTemporaryFolder { folder in
            let command = ["inspect", "nowhere"]
            let red = "\u{1B}[1;31merror: "
            #expect(try SubmitProcess.run(command, in: folder, onTerminal: true).stderr.hasPrefix(red))
            let plain = try SubmitProcess.run(command, in: folder, environment: ["NO_COLOR": "1"], onTerminal: true)
            #expect(plain.stderr.hasPrefix("error: nowhere: ") && !plain.stderr.contains("\u{1B}"))
            #expect(try SubmitProcess.run(command, in: folder).stderr.hasPrefix("error: nowhere: "))
        }
    }

    @Test func aDryRunWritesNothing() throws {
        try Workplace.withMaps { place in
            let before = try place.tree()
            let predict = try place.expectDone(
                ["predict", "--checkpoint", Workplace.checkpoint, "--images", "images", "--maps", "new", "--dry-run"])
            #expect(predict.stdout.contains("size: 960") && predict.stdout.contains("2 images -> new"))
            let extract = try place.expectDone(["extract", "--maps", "maps", "--csv", "new.csv", "--dry-run"])
            #expect(extract.stdout.contains("2 maps -> new.csv"))
            let sweep = try place.expectDone(place.sweep(into: "new") + ["--dry-run"])
            #expect(sweep.stdout.contains("9 points x 2 images"))
            #expect(try place.tree() == before)
        }
    }
}
