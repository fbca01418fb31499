import Foundation
import TestSupport
import Testing

/// The commands of docs/competition-day.md, in their order, on the samples: five small sizes stand in for five folds.
@Suite struct CompetitionDayTests {
    @Test func everyCommandRuns() throws {
        let document = try String(contentsOfFile: TestData.repository("docs/competition-day.md"), encoding: .utf8)
        let blocks = document.components(separatedBy: "```sh\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
        #expect(blocks.count == 7)
        try Workplace.with { place in
            for folder in ["data", "maps/val", "maps/test"] {
                try FileManager.default.createDirectory(
                    atPath: place.path(folder), withIntermediateDirectories: true)
            }
            for (link, target) in [
                ("data/val", "samples/images"), ("data/test", "samples/images"),
                ("data/val.json", "samples/truth.json"),
                ("configs", "configs"),
            ] {
                try FileManager.default.createSymbolicLink(
                    atPath: place.path(link), withDestinationPath: TestData.repository(target))
            }
            for fold in 0..<5 {
                try place.expectDone(
                    [
                        "predict", "--checkpoint", Workplace.checkpoint, "--images", "data/val", "--maps",
                        "maps/val/fold\(fold)", "--size", "\(320 + 32 * fold)", "--threads", "1",
                    ])
                try FileManager.default.createSymbolicLink(
                    atPath: place.path("maps/test/fold\(fold)"),
                    withDestinationPath: place.path("maps/val/fold\(fold)"))
            }
            let shell = try SubmitProcess.shell(blocks.joined(separator: "\n"), in: place.folder)
            #expect(shell.status == 0, "\(shell.stderr)")
            #expect(shell.stdout.contains("out of fold: H "))
            #expect(try place.text("submissions/stack.csv").split(separator: "\n").count == 13)
            #expect(try place.text("submissions/vote.csv").split(separator: "\n").count == 13)
        }
    }
}
