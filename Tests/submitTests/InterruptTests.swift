import Core
import Foundation
import TestSupport
import Testing

/// `predict` stopped in the middle: what is finished is kept and whole, and the same command does the rest.
@Suite(.serialized) struct InterruptTests {
    static let count = 40

    @Test(arguments: [SIGINT, SIGTERM, SIGKILL]) func theSameCommandFinishesTheRest(signal: Int32) throws {
        try Workplace.with { place in
            for index in 2..<Self.count {
                try FileManager.default.linkItem(
                    atPath: place.path("images/" + Workplace.imageNames[index % 2]),
                    toPath: place.path("images/copy_\(index).jpg"))
            }
            let running = try SubmitProcess.start(place.predict, in: place.folder)
            var finished = 0
            while running.process.isRunning && finished < 2 {
                usleep(2000)
                finished = place.maps.count
            }
            kill(running.process.processIdentifier, signal)
            running.process.waitUntilExit()
            let kept = place.maps
            try #require(kept.count < Self.count, "stopped too late to show anything")
            if signal == SIGKILL {
                #expect(running.process.terminationReason == .uncaughtSignal)
            } else {
                #expect(running.process.terminationReason == .exit)
                #expect(running.process.terminationStatus == 130)
                let text = String(decoding: running.stderr.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                #expect(text.contains("the same command goes on"))
                #expect(!(try place.tree().keys.contains { $0.hasSuffix(".partial") }))
            }
            #expect(running.stdout.fileHandleForReading.readDataToEndOfFile().isEmpty)

            // The store opens, and each map in it is whole.
            let before = try place.tree("maps")
            let store = try place.expectDone(["inspect", "maps", "--format", "json"])
            #expect(try JSONValue(parsing: store.stdout, path: "stdout").object?["maps"]?.int == kept.count)
            try place.expectDone(["extract", "--maps", "maps", "--csv", "part.csv"])

            let rest = try place.expectDone(place.predict)
            #expect(rest.stderr.contains("\(kept.count) of \(Self.count) maps are there already"))
            #expect(place.maps.count == Self.count)
            #expect(!(try place.tree().keys.contains { $0.hasSuffix(".partial") }))
            let after = try place.tree("maps")
            for name in kept { #expect(after[name] == before[name], "a finished map is not made again") }

            // Every copy has its original's boxes.
            try place.expectDone(["extract", "--maps", "maps", "--csv", "all.csv"] + Workplace.settings)
            let rows = try place.text("all.csv").split(separator: "\n").dropFirst()
            #expect(rows.count == Self.count)
            #expect(Set(rows.map { $0.drop { $0 != "," } }).count == Workplace.imageNames.count)
        }
    }
}

extension Workplace {
    /// The finished maps' files.
    fileprivate var maps: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path("maps"))) ?? []).filter { $0.hasSuffix(".map") }
    }
}
