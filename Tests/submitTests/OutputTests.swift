import Core
import Foundation
import Glibc
import TestSupport
import Testing

/// Files out: never overwritten unasked, never half-written.
@Suite struct OutputTests {
    @Test func existingFilesAreKeptWithoutForce() throws {
        try Workplace.withPredictions { place in
            let extract = ["extract", "--maps", "maps", "--json", "a.json", "--csv", "a.csv"] + Workplace.settings
            let before = try place.tree()
            // The very same contents are no conflict.
            try place.expectDone(extract)
            try place.expectDone(["convert", "a.json", "a.csv"])
            #expect(try place.tree() == before)

            let other = ["extract", "--maps", "maps", "--csv", "a.csv", "--thresh", "0.5", "--box-thresh", "0.6"]
            try place.expectRefusal(other, .cannotCreate, "a.csv", "--force")
            try place.write("mine", to: "b.csv")
            try place.expectRefusal(["convert", "a.json", "b.csv"], .cannotCreate, "b.csv", "--force")
            try place.expectRefusal(
                ["score", "--truth", "truth.json", "a.json", "--per-image", "b.csv"], .cannotCreate, "b.csv")
            try place.expectRefusal(["ensemble", "a.json", "a.csv", "--csv", "b.csv"], .cannotCreate, "b.csv")
            try place.expectRefusal(["config", "--write", "b.csv"], .cannotCreate, "b.csv", "--force")
            try place.expectDone(["convert", "a.json", "b.csv", "--force"])
            #expect(try place.bytes("b.csv") == place.bytes("a.csv"))
        }
    }

    /// Root may write anywhere, so the folders here are ones that nobody can: below a file, and in /proc.
    /// Of two outputs that belong together none is written where the other must not be replaced.
    @Test func outputsAreWrittenTogetherOrNotAtAll() throws {
        try Workplace.withMaps { place in
            try place.write("mine", to: "a.csv")
            let extract = ["extract", "--maps", "maps", "--json", "new.json", "--csv"]
            try place.expectRefusal(extract + ["a.csv"], .cannotCreate, "a.csv", "--force")
            try place.expectRefusal(extract + ["new.json"], .usage, "--json and --csv name the same file")
        }
    }

    /// An image without a map is no image without boxes.
    @Test func anOrderWithAnImageThatHasNoMap() throws {
        try Workplace.withMaps { place in
            let row = Workplace.imageNames.joined(separator: ",\n") + ",\nlost.jpg,\n"
            try place.write("filename,polygons\n" + row, to: "sample.csv")
            let extract = ["extract", "--maps", "maps", "--csv", "a.csv", "--order", "sample.csv"]
            try place.expectRefusal(extract, .badData, "sample.csv:lost.jpg", "1 images of the order")
        }
    }

    @Test func anEmptyStoreIsNoSubmission() throws {
        try Workplace.withMaps { place in
            for name in try place.tree("maps").keys where name.hasSuffix(".map") {
                try FileManager.default.removeItem(atPath: place.path("maps/" + name))
            }
            try place.expectRefusal(["extract", "--maps", "maps", "--csv", "a.csv"], .badData, "the store has no maps")
            try place.expectRefusal(
                ["ensemble", "--maps", "maps", "maps", "--csv", "a.csv"], .badData, "the store has no maps")
        }
    }

    /// A sweep replaces its own results, not a person's, and candidates, which may be submitted by now, not at all.
    @Test func aSweepReplacesItsOwnResultsOnly() throws {
        try Workplace.withMaps { place in
            try FileManager.default.createDirectory(atPath: place.path("out"), withIntermediateDirectories: true)
            try place.write("mine", to: "out/results.csv")
            let refused = try place.run(place.sweep(into: "out"))
            #expect(refused.status == ExitStatus.cannotCreate.rawValue && refused.stderr.contains("out/results.csv"))
            #expect(try place.text("out/results.csv") == "mine")
            try place.expectDone(place.sweep(into: "out") + ["--force"])
            try place.expectDone(place.sweep(into: "out") + ["--bootstrap", "0"])
            #expect(try place.text("out/results.csv").hasPrefix("rank,trial,"))
            let candidate = try #require(
                try place.tree("out").keys.first { $0.hasPrefix("01_") && $0.hasSuffix(".csv") })
            try place.write("edited", to: "out/" + candidate)
            let again = try place.run(place.sweep(into: "out"))
            #expect(again.status == ExitStatus.cannotCreate.rawValue && again.stderr.contains(candidate))
            #expect(try place.text("out/" + candidate) == "edited")
        }
    }

    @Test func aFullDiskBehindStdout() throws {
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let (process, _, stderr) = try SubmitProcess.start(["config"], stdout: full)
        process.waitUntilExit()
        #expect(process.terminationStatus == ExitStatus.cannotCreate.rawValue)
        let text = String(decoding: stderr.fileHandleForReading.availableData, as: UTF8.self)
        #expect(text.contains("stdout: cannot write"))
    }

    @Test(arguments: ["a.csv/inside", "/proc/submit"]) func aFolderThatCannotBeWritten(folder: String) throws {
        try Workplace.withPredictions { place in
            let predict = ["predict", "--checkpoint", Workplace.checkpoint, "--images", "images"] + Workplace.size
            try place.expectRefusal(predict + ["--maps", folder], .cannotCreate, folder)
            try place.expectRefusal(
                ["extract", "--maps", "maps", "--csv", folder + "/new.csv"], .cannotCreate, folder)
            try place.expectRefusal(["convert", "a.json", folder + "/new.csv"], .cannotCreate, folder)
            try place.expectRefusal(place.sweep(into: folder), .cannotCreate, folder)
            try place.expectRefusal(
                ["ensemble", "a.json", "a.csv", "--csv", folder + "/new.csv"], .cannotCreate, folder)
            try place.expectRefusal(["config", "--write", folder + "/new.yaml"], .cannotCreate, folder)
        }
    }

    /// What was written before the disk was full stays; what did not fit is not there; with room the same command goes
    /// on.
    @Test(.enabled(if: SmallDisk.isPossible, "mounting a small tmpfs takes root")) func aFullDisk() throws {
        try Workplace.withPredictions { place in
            // Room for one map of two.
            let size = try place.bytes("maps/receipt_7_000.jpg.map").count * 3 / 2
            try SmallDisk.with(bytes: size, at: place.path("disk")) { resize in
                let onDisk = place.predict.map { $0 == "maps" ? "disk/maps" : $0 }
                let process = try place.run(onDisk)
                #expect(process.status == 73)
                #expect(process.stderr.contains("disk/maps/"))
                #expect(process.stderr.contains("free space"))
                #expect(try place.tree("disk/maps").keys.sorted() == ["receipt_7_000.jpg.map", "store.json"])
                #expect(
                    try place.bytes("disk/maps/receipt_7_000.jpg.map") == place.bytes("maps/receipt_7_000.jpg.map"))

                try SmallDisk.fill(place.path("disk/full"))
                try place.expectRefusal(
                    ["extract", "--maps", "maps", "--csv", "disk/new.csv"] + Workplace.settings, .cannotCreate,
                    "disk/new.csv", "No space left")
                try place.expectRefusal(["convert", "a.csv", "disk/new.json"], .cannotCreate, "disk/new.json")
                #expect(try place.run(place.sweep(into: "disk/out")).status == 73)

                unlink(place.path("disk/full"))
                try resize(size * 4)
                try place.expectDone(onDisk)
                #expect(
                    try place.bytes("disk/maps/receipt_7_001.jpg.map") == place.bytes("maps/receipt_7_001.jpg.map"))
                try place.expectDone(place.sweep(into: "disk/out"))
            }
        }
    }
}

/// A tmpfs of a few pages.
private enum SmallDisk {
    static let isPossible =
        geteuid() == 0
        && (try? TestData.withTemporaryFolder { try with(bytes: 65536, at: $0 + "/disk") { _ in } }) != nil

    static func with(bytes: Int, at path: String, _ body: (_ resize: (Int) throws -> Void) throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try run("mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path)
        defer { try? run("umount", path) }
        try body { try run("mount", "-o", "remount,size=\($0)", path) }
    }

    /// Writes to `path` until the disk is full.
    static func fill(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let page = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, page, page.count) > 0 {}
    }

    private static func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw POSIXError(.EPERM) }
    }
}
