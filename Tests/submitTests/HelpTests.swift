import Foundation
import TestSupport
import Testing

/// What `submit` says of itself, and how it answers a command line that is none.
@Suite struct HelpTests {
    static let verbs = [
        "predict", "extract", "score", "compare", "sweep", "select", "ensemble", "stack", "validate", "convert",
        "folds",
        "ledger",
        "inspect", "import", "calibrate", "export", "config",
    ]
    static let subcommands = ["add", "list", "left", "fit", "select", "export", "import"].map { "ledger " + $0 }

    /// Tests/Fixtures/submit/help/VERB.txt; run the tests with `UPDATE_SNAPSHOTS=1` to write them anew, then read the
    /// difference.
    @Test(arguments: ["submit"] + verbs + subcommands) func helpEqualsItsSnapshot(verb: String) throws {
        let process = try SubmitProcess.run((verb == "submit" ? [] : Self.words(verb)) + ["--help"])
        #expect(process.status == 0)
        #expect(process.stderr == "")
        let path = TestData.fixture("submit/help/\(Self.words(verb).joined(separator: "-")).txt")
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] == "1" {
            try process.stdout.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let snapshot = try String(contentsOfFile: path, encoding: .utf8)
        #expect(process.stdout == snapshot, "UPDATE_SNAPSHOTS=1 renews \(path)")
    }

    @Test(arguments: verbs + subcommands) func helpHasAnExampleThatCanBeCopied(verb: String) throws {
        let help = try SubmitProcess.run(Self.words(verb) + ["--help"]).stdout
            .split(separator: "\n", omittingEmptySubsequences: false)
        let title = try #require(help.firstIndex { $0 == "Example:" || $0 == "Examples:" })
        let examples = help[(title + 1)...].prefix { !$0.isEmpty }
        #expect(examples.first?.hasPrefix("  submit \(verb) ") == true)
        // A line that the help wrapped starts at the margin.
        #expect(examples.allSatisfy { $0.hasPrefix("  ") }, "an example is wrapped: \(examples)")
    }

    private static func words(_ verb: String) -> [String] { verb.split(separator: " ").map(String.init) }

    @Test func theTopLevelNamesEveryVerb() throws {
        let process = try SubmitProcess.run("--help")
        let listed = process.stdout.split(separator: "\n").drop { $0 != "SUBCOMMANDS:" }.dropFirst()
            .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.hasPrefix("  See") }
            .map { String($0.dropFirst(2).prefix { $0 != " " }) }
        #expect(listed == Self.verbs)
    }

    @Test func versionIsOneLineOnStdout() throws {
        let process = try SubmitProcess.run("--version")
        #expect(process.status == 0)
        #expect(process.stdout.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
        #expect(process.stderr == "")
    }

    @Test(arguments: [
        ["bogus"], ["predict"], ["predict", "--checkpoint", "x"], ["extract", "--maps", "m"],
        ["extract", "--nonsense"],
        ["score", "a.json"], ["score", "--truth", "t.json"], ["score", "--truth", "t", "a", "--metric", "best"],
        ["score", "--truth", "t", "a", "--format", "xml"], ["sweep", "--maps", "m"],
        ["sweep", "--maps", "m", "--truth", "t", "--config", "c", "--output", "o", "--top", "x"],
        ["ensemble", "a.json"], ["ensemble"], ["ensemble", "a.json", "b.json", "--maps", "c", "d"],
        ["ensemble", "a.json", "b.json", "--weights", "1,x"], ["validate"], ["convert", "a.json"], ["inspect"],
        ["inspect", "a.json", "--format", "csv"], ["import", "maps", "--store", "s"], ["config", "nonsense"],
        ["config", "thresh"], ["config", "=1"], ["extract", "--maps", "m", "--json", "a", "--threads", "-1"],
        ["export"], ["export", "a.ckpt"], ["export", "a.ckpt", "--output", "a.onnx", "--size", "100"],
        ["ledger", "add"], ["ledger", "add", "a.csv", "--public", "1.2"], ["ledger", "add", "a.csv", "--local", "nan"],
        ["ledger", "add", "a.csv", "--date", "2026-02-30"], ["ledger", "left", "--per-day", "0"],
        ["ledger", "left", "--time-zone", "Asia/Soul"], ["ledger", "select", "--final", "0"], ["ledger", "export"],
    ])
    func aUsageErrorIsToldOnStderr(arguments: [String]) throws {
        try TestData.withTemporaryFolder { folder in
            let process = try SubmitProcess.run(arguments, in: folder)
            #expect(process.status == 64)
            #expect(process.stdout == "")
            #expect(process.stderr.lowercased().hasPrefix("error: "))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }
}
