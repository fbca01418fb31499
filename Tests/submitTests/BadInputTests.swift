import Core
import Foundation
import TestSupport
import Testing

/// Broken and hostile files: told with their names and places, nothing written, earlier results intact.
@Suite struct BadInputTests {
    // MARK: Checkpoints

    @Test func aTruncatedCheckpoint() throws {
        try Workplace.withMaps { place in
            let whole = try place.read(Workplace.checkpoint)
            for count in [0, 7, 100, 5_000_000, whole.count - 1] {
                try place.write(Array(whole.prefix(count)), to: "cut.safetensors")
                try place.expectRefusal(place.predict(with: "cut.safetensors"), .badData, "cut.safetensors")
                try place.expectRefusal(["inspect", "cut.safetensors"], .badData, "cut.safetensors")
            }
        }
    }

    @Test func aCorruptCheckpoint() throws {
        try Workplace.withMaps { place in
            var bytes = try place.read(Workplace.checkpoint)
            bytes[20] ^= 0x20
            try place.write(bytes, to: "corrupt.safetensors")
            try place.expectRefusal(place.predict(with: "corrupt.safetensors"), .badData, "corrupt.safetensors")
        }
    }

    /// One weight of half precision is not a number.
    @Test func aWeightThatIsNotANumber() throws {
        try Workplace.withMaps { place in
            var bytes = try place.read(Workplace.checkpoint)
            let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
            let header = try JSONValue(parsing: String(decoding: bytes[8..<8 + length], as: UTF8.self), path: "header")
            let (name, tensor) = try #require(
                header.object?.first { $0.hasSuffix("conv_stem.weight") && $1.object?["dtype"]?.string == "F16" })
            let start = try #require(tensor.object?["data_offsets"]?.array?.first?.int)
            bytes.replaceSubrange(8 + length + start + 4..<8 + length + start + 6, with: [0x00, 0x7E])
            try place.write(bytes, to: "nan.safetensors")
            let stem = String(name.drop { $0 != "." }.dropFirst())
            try place.expectRefusal(
                place.predict(with: "nan.safetensors"), .badData, "nan.safetensors", stem, "nan at element 2",
                "finite numbers")
        }
    }

    /// hostile.pth would leave the file `owned` in the working folder if a call in it ran.
    @Test func aHostilePickleRunsNothing() throws {
        try Workplace.withMaps { place in
            let hostile = TestData.fixture("Checkpoint/hostile.pth")
            let before = try place.tree()
            let inspect = try place.expectDone(["inspect", hostile])
            #expect(inspect.stdout.contains("PyTorch zip"))
            #expect(try place.tree() == before)
            try place.expectRefusal(place.predict(with: hostile), .badData, "hostile.pth")
        }
    }

    @Test func theFormatBefore16IsNamed() throws {
        try Workplace.with { place in
            try place.expectRefusal(
                place.predict(with: TestData.fixture("Checkpoint/legacy.pth")), .badData, "legacy.pth",
                "before 1.6", "python -c")
        }
    }

    @Test func anArchiveWithLyingSizes() throws {
        try Workplace.withPredictions { place in
            for position in [20, 24] {
                var checkpoint = try place.read(TestData.fixture("Checkpoint/small.pth"))
                try lie(in: &checkpoint, at: position)
                try place.write(checkpoint, to: "lying.pth")
                try place.expectRefusal(place.predict(with: "lying.pth"), .badData, "lying.pth")
            }
            try place.expectDone(["convert", "a.json", "a.zip"])
            for position in [20, 24] {
                var zip = try place.bytes("a.zip")
                try lie(in: &zip, at: position)
                try place.write(zip, to: "lying.zip")
                try place.expectRefusal(["score", "--truth", "truth.json", "lying.zip"], .badData, "lying.zip")
                try place.expectRefusal(["convert", "lying.zip", "new.json"], .badData, "lying.zip")
            }
        }
    }

    /// Says 2 GiB at `position` of the first entry of the zip's central directory.
    private func lie(in zip: inout [UInt8], at position: Int) throws {
        let mark: [UInt8] = [0x50, 0x4B, 0x01, 0x02]
        let entry = try #require(zip.indices.dropLast(46).first { Array(zip[$0..<$0 + 4]) == mark })
        zip.replaceSubrange(entry + position..<entry + position + 4, with: [0xFF, 0xFF, 0xFF, 0x7F])
    }

    @Test func noCheckpoint() throws {
        try Workplace.with { place in
            try place.expectRefusal(place.predict(with: "none.ckpt"), .noInput, "none.ckpt")
        }
    }

    // MARK: Images

    /// The good images' maps are kept, and the same command does the rest once the bad ones are mended.
    @Test func badImagesAmongGoodOnes() throws {
        try Workplace.with { place in
            let good = try place.bytes("images/receipt_7_000.jpg")
            try place.write(Array(good.prefix(5000)), to: "images/a_cut.jpg")
            try place.write("no image", to: "images/b.png")
            try place.write("", to: "images/z_empty.jpg")
            for batch in ["1", "4"] {
                let process = try place.run(place.predict + ["--batch", batch])
                #expect(process.status == 65)
                for part in ["images/a_cut.jpg", "images/b.png", "images/z_empty.jpg", "3 images failed"] {
                    #expect(process.stderr.contains(part), "\(process.stderr)")
                }
                let maps = try place.tree("maps").keys.sorted()
                #expect(maps == ["receipt_7_000.jpg.map", "receipt_7_001.jpg.map", "store.json"])
            }
            for name in ["a_cut.jpg", "z_empty.jpg"] { try place.write(good, to: "images/" + name) }
            try FileManager.default.removeItem(atPath: place.path("images/b.png"))
            try place.expectDone(place.predict)
            #expect(try place.tree("maps").count == 5)
        }
    }

    /// A pipe would be waited for without end; a link that leads nowhere is an image that cannot be read.
    @Test func entriesThatAreNoFiles() throws {
        try Workplace.with { place in
            #expect(mkfifo(place.path("images/pipe.jpg"), 0o644) == 0)
            try FileManager.default.createDirectory(
                atPath: place.path("images/folder.png"), withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: place.path("images/link.jpg"), withDestinationPath: "/nonexistent")
            let process = try place.run(place.predict)
            #expect(process.status == ExitStatus.badData.rawValue)
            for part in ["left out: pipe.jpg", "left out: folder.png", "images/link.jpg: cannot open"] {
                #expect(process.stderr.contains(part), "\(process.stderr)")
            }
            #expect(try place.tree("maps").keys.filter { $0.hasSuffix(".map") }.count == 2)
            let score = try place.run(["score", "--truth", "truth.json", "images/pipe.jpg"])
            #expect(score.status == ExitStatus.noInput.rawValue && score.stderr.contains("images/pipe.jpg: not a file"))
        }
    }

    @Test func zeroImages() throws {
        try Workplace.with { place in
            try FileManager.default.createDirectory(atPath: place.path("none"), withIntermediateDirectories: true)
            let predict = ["predict", "--checkpoint", Workplace.checkpoint, "--maps", "new", "--images"]
            try place.expectRefusal(predict + ["none"], .noInput, "none", ".jpg")
            try place.expectRefusal(predict + ["nowhere"], .noInput, "nowhere")
            try place.write("{\"images\":{}}", to: "none.json")
            try place.write("{\"images\":{\"a.jpg\":{}}}", to: "one.json")
            try place.expectRefusal(["score", "--truth", "none.json", "one.json"], .badData, "no images")
        }
    }

    // MARK: Maps

    @Test func aBrokenMap() throws {
        try Workplace.withPredictions { place in
            let name = "maps/receipt_7_001.jpg.map"
            let whole = try place.bytes(name)
            var flipped = whole
            flipped[whole.count / 2] ^= 0xFF
            for bytes in [Array(whole.dropLast(100)), Array(whole.prefix(10)), [], flipped] {
                try place.write(bytes, to: name)
                try place.expectRefusal(
                    ["extract", "--maps", "maps", "--csv", "new.csv"], .badData, "receipt_7_001.jpg.map")
                try place.expectRefusal(
                    ["ensemble", "--maps", "maps", "maps", "--csv", "new.csv"], .badData, "receipt_7_001.jpg.map")
                // A sweep says which points failed; it claims no score and writes no candidate.
                let out = "out\(bytes.count)-\(bytes == flipped)"
                let sweep = try place.run(place.sweep(into: out))
                #expect(sweep.status == 65)
                #expect(sweep.stderr.contains("receipt_7_001.jpg.map"))
                #expect(sweep.stdout == "")
                #expect(
                    try Set(place.tree(out).keys).subtracting(["journal.jsonl"]) == ["results.csv", "results.json"])
                #expect(!(try place.text(out + "/results.csv").contains(/0\.\d{4}/)), "a failed point has no score")
            }
            // Made again, the map is as it was.
            try FileManager.default.removeItem(atPath: place.path(name))
            try place.expectDone(place.predict)
            #expect(try place.bytes(name) == whole)
        }
    }

    @Test func aStoreMadeOtherwiseIsRefused() throws {
        try Workplace.withMaps { place in
            try place.expectRefusal(place.predict + ["--size", "352"], .badData, "maps", "size 320", "size 352")
            try place.expectRefusal(place.predict + ["--tta", "hflip"], .badData, "maps", "hflip")
            try place.expectRefusal(place.predict + ["--engine", "blas"], .badData, "maps", "blas")
            // Another checkpoint: the same weights but one.
            var bytes = try place.read(Workplace.checkpoint)
            bytes[bytes.count - 2] ^= 1
            try place.write(bytes, to: "other.safetensors")
            try place.expectRefusal(place.predict(with: "other.safetensors"), .badData, "maps", "checkpoint")
        }
    }

    @Test func aBrokenStoreIndex() throws {
        try Workplace.withMaps { place in
            for text in ["", "{", "{\"schema\": 99}"] {
                try place.write(text, to: "maps/store.json")
                try place.expectRefusal(["extract", "--maps", "maps", "--csv", "new.csv"], .badData, "store.json")
                try place.expectRefusal(place.predict, .badData, "store.json")
            }
            try place.expectRefusal(["extract", "--maps", "nowhere", "--csv", "new.csv"], .noInput, "nowhere")
        }
    }

    // MARK: Predictions and truth

    @Test(arguments: [
        ("b.json", "{\"images\": {\"a.jpg\": {\"words\": {\"1\": {\"points\": [[1,2],", "b.json:1:"),
        (
            "b.json", "{\"images\": {\n\"a.jpg\": {\"words\": {\"1\": {\"points\": [[1,\"x\"],[2,3],[4,5]]}}}}}",
            "b.json"
        ),
        ("b.json", "{\"pictures\": {}}", "b.json"), ("b.json", "{\"images\": {}} trailing", "b.json:1:"),
        ("b.csv", "filename,polygons\nreceipt_7_000.jpg,1 2 3 4 5 6 7\n", "b.csv:2:"),
        ("b.csv", "filename,polygons\nreceipt_7_000.jpg,1 2 3 x 5 6 7 8\n", "b.csv:2:"),
        ("b.csv", "filename,polygons\n\"receipt_7_000.jpg,1 2 3 4 5 6 7 8\n", "b.csv:2:"),
        ("b.csv", "name,boxes\nreceipt_7_000.jpg,\n", "b.csv:1:"), ("b.zip", "PK", "b.zip"), ("b.json", "", "b.json"),
    ])
    func aBrokenFileOfPredictions(name: String, text: String, position: String) throws {
        try Workplace.withPredictions { place in
            try place.write(text, to: name)
            try place.expectRefusal(["score", "--truth", "truth.json", name], .badData, position)
            try place.expectRefusal(["score", "--truth", name, "a.json"], .badData, position)
            try place.expectRefusal(["convert", name, "new.json"], .badData, position)
            try place.expectRefusal(["ensemble", "a.json", name, "--csv", "new.csv"], .badData, position)
            try place.expectRefusal(
                ["sweep", "--maps", "maps", "--truth", name, "--config", Workplace.smart9, "--output", "out"],
                .badData, position)
        }
    }

    @Test func aTruthThatNamesNoImage() throws {
        try Workplace.withPredictions { place in
            try place.write("{\"images\": {\"other.jpg\": {\"words\": {}}}}", to: "other.json")
            try place.expectRefusal(
                ["sweep", "--maps", "maps", "--truth", "other.json", "--config", Workplace.smart9, "--output", "out"],
                .badData, "maps", "receipt_7_000.jpg", "other.jpg")
            try place.expectRefusal(
                ["score", "--truth", "other.json", "a.json"], .badData, "a.json", "receipt_7_000.jpg", "other.jpg")
        }
    }

    @Test func validateTellsAllFindingsAtOnce() throws {
        try Workplace.with { place in
            try place.write(
                "filename,polygons\nreceipt_7_000.jpg,1 2 3 4 5 6 7\nreceipt_7_000.jpg,\nother.jpg,1 1 1 1 1 1 1 1\n",
                to: "b.csv")
            let process = try place.run(["validate", "b.csv", "--images", "images", "--format", "json"])
            #expect(process.status == 65)
            let findings = try JSONValue(parsing: process.stdout, path: "stdout").object?["findings"]?.array ?? []
            let codes = Set(findings.compactMap { $0.object?["code"]?.string })
            #expect(codes.isSuperset(of: ["odd-coordinates", "duplicate-image", "missing-image"]), "\(codes)")
            #expect(process.stderr.contains("b.csv"))
        }
    }
}

extension Workplace {
    /// `predict` with another checkpoint into the same store.
    func predict(with checkpoint: String) -> [String] {
        predict.map { $0 == Self.checkpoint ? checkpoint : $0 }
    }

    func read(_ path: String) throws -> [UInt8] {
        try MappedFile(path: path).withBytes { Array($0) }
    }
}
