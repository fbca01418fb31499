import Archive
import Checkpoint
import Core
import Foundation
import TestSupport
import Testing

/// Files that are hostile, broken or of another kind: Fixtures/Checkpoint/make_checkpoints.py.
@Suite struct CheckpointRefusalTests {
    private static func fixture(_ name: String) -> String { TestData.fixture("Checkpoint/" + name) }

    @Test func runsNothing() throws {
        let checkpoint = try Checkpoint(path: Self.fixture("hostile.pth"))
        #expect(try checkpoint.tensors.floats("w") == [1, 1])
        #expect(!FileManager.default.fileExists(atPath: "owned"))
        let call = checkpoint.hyperparameters?.object?["a"]?.object
        #expect(call?["__class__"]?.string?.hasSuffix(".system") == true)
        #expect(call?["arguments"] == ["touch owned"])
    }

    /// Pickles of some kilobytes that would take gigabytes.
    @Test(arguments: ["values", "lists", "dictionaries", "text", "keywords"])
    func refusesBombs(name: String) throws {
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: Self.fixture("bomb_\(name).pth")) }
        #expect(
            error?.description.contains("more work than any checkpoint takes") == true, "\(error?.description ?? "")")
    }

    @Test func namesTheStorageThatIsCorrupt() throws {
        var bytes = try MappedFile(path: Self.fixture("small.pth")).withBytes { Array($0) }
        let weights = (0..<8).flatMap { value in withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { Array($0) }
        }
        let start = try #require(bytes.indices.first { bytes[$0...].starts(with: weights) })
        bytes[start + 7] ^= 1
        try TestData.withTemporaryFolder { folder in
            try AtomicFile.write(bytes, to: folder + "/flipped.pth")
            let error = #expect(throws: ArchiveError.self) { try Checkpoint(path: folder + "/flipped.pth") }
            #expect(error?.diagnosis.place == "small/data/0", "\(error?.description ?? "")")
        }
    }

    @Test(arguments: [
        ("legacy.pth", "before 1.6", "torch.save(torch.load("),
        ("legacy_p1.pth", "before 1.6", "torch.save(torch.load("),
        ("legacy_p4.pth", "before 1.6", "torch.save(torch.load("), ("legacy_tar.pth", "before 1.6", "tar archive"),
        ("bare_pickle.pth", "bare pickle", "library that wrote it"),
        ("object_inside.pth", "no tensors", "model (an object of class my_project.callbacks.Mystery)"),
        ("repeated.pth", "outside its storage", "1099511627776"), ("object.pth", "pickled object", "state_dict()"),
        ("collision.pth", "one name", "re-save"), ("no_tensors.pth", "no tensors", "state_dict()"),
        ("short_storage.pth", "shorter than the pickle says", "data/0"), ("missing_storage.pth", "missing", "data/0"),
        ("big_endian.pth", "big-endian", "byteorder"), ("long_view.pth", "outside its storage", "32 bytes"),
        ("deep_tuple.pth", "nested too deeply", "200"), ("deep_list.pth", "pickled object", "dictionary of tensors"),
    ])
    func refuses(name: String, what: String, hint: String) throws {
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: Self.fixture(name)) }
        let text = error?.description ?? ""
        #expect(text.contains(what) && text.contains(hint), "\(text)")
        #expect(error?.diagnosis.status == .badData)
        #expect(text.contains(name))
    }

    @Test func namesTheTensorThatIsNotFinite() throws {
        let checkpoint = try Checkpoint(path: Self.fixture("nan.pth"))
        for (name, value, place) in [
            ("w", "nan", "element 1"), ("inf", "-inf", "element 0"), ("wide", "inf", "element 1"),
        ] {
            let error = #expect(throws: CheckpointError.self) { try checkpoint.tensors.floats(name) }
            #expect(error?.diagnosis.place == name)
            #expect(error?.diagnosis.found?.contains(value) == true && error?.diagnosis.found?.contains(place) == true)
        }
        #expect(throws: CheckpointError.self) { try checkpoint.tensors.floats("absent") }
    }

    @Test(arguments: [
        ([UInt8](), "empty file"), (Array("not a checkpoint at all".utf8), "not a checkpoint"),
        ([0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0] + Array("{\"a\":1}".utf8), "longer than the file"),
        ([2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), "no tensors"),
    ])
    func refusesBytes(bytes: [UInt8], what: String) throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/odd=name.ckpt"
            try AtomicFile.write(bytes, to: path)
            let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: path) }
            #expect(error?.description.contains(what) == true, "\(error?.description ?? "")")
        }
    }

    /// Overlaps, gaps beyond the file, unknown dtypes, shapes that do not fill their bytes.
    @Test(arguments: [
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            "share bytes"
        ),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,80]}}"#, "outside the file"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "8 bytes before the end of the file"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#, "8 bytes before a"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "outside the file"),
        (#"{"a":{"dtype":"F32","shape":[0,1099511627776,1099511627776],"data_offsets":[0,0]}}"#, "does not fill"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, "does not fill"),
        (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#, "does not fill"),
        (#"{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}"#, "not read"),
        (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, "not described"), (#"{"a":"#, "bad JSON"),
    ])
    func refusesSafetensorsHeaders(header: String, what: String) throws {
        try TestData.withTemporaryFolder { folder in
            let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
            try AtomicFile.write(
                length + Array(header.utf8) + [UInt8](repeating: 0, count: 16), to: folder + "/x.safetensors")
            let error = #expect(throws: (any Error).self) { try Checkpoint(path: folder + "/x.safetensors") }
            #expect("\(error as Any)".contains(what), "\(error as Any)")
        }
    }

    /// The archives' CRCs are set to zero, as torch writes them on request: otherwise no flip would reach the pickle.
    @Test(arguments: [
        "views_p1.pth", "views_p2.pth", "lightning=1.ckpt", "omegaconf_p5.ckpt", "hostile.pth", "views.safetensors",
    ])
    func truncationsAndFlipsNeverCrash(name: String) throws {
        var bytes = try MappedFile(path: Self.fixture(name)).withBytes { Array($0) }
        for entry in bytes.indices where bytes[entry...].starts(with: [0x50, 0x4B, 1, 2]) {
            bytes.replaceSubrange(entry + 16..<entry + 20, with: [0, 0, 0, 0])
        }
        var generator = SeededGenerator(seed: 5)
        var refused = 0
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/broken"
            for round in 0..<400 {
                var broken = bytes
                if round.isMultiple(of: 4) {
                    broken.removeLast(Int.random(in: 1...bytes.count, using: &generator))
                } else {
                    for _ in 0..<Int.random(in: 1...6, using: &generator) {
                        broken[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                            in: 0...255, using: &generator)
                    }
                }
                try Data(broken).write(to: URL(fileURLWithPath: path))
                do {
                    let checkpoint = try Checkpoint(path: path)
                    _ = CheckpointSummary(checkpoint).json.text()
                    _ = checkpoint.hyperparameters?.text()
                    for name in checkpoint.tensors.names where checkpoint.tensors[name]?.dtype.isFloat == true {
                        _ = try? checkpoint.tensors.floats(name)
                    }
                } catch is any DiagnosedError {
                    refused += 1
                }
            }
        }
        #expect(refused >= 100, "all truncations at least must be refused, but only \(refused) files were")
    }

    /// A zip's checksums cover the pickle and the weights: one flipped bit is an error, or stands where nothing is read.
    @Test func noFlippedBitChangesAWeight() throws {
        let bytes = try MappedFile(path: Self.fixture("small.pth")).withBytes { Array($0) }
        let expected = (0..<8).map(Float.init)
        var generator = SeededGenerator(seed: 9)
        var refused = 0
        try TestData.withTemporaryFolder { folder in
            for position in bytes.indices {
                var broken = bytes
                broken[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                let path = folder + "/broken"
                try Data(broken).write(to: URL(fileURLWithPath: path))
                do {
                    let checkpoint = try Checkpoint(path: path)
                    #expect(checkpoint.tensors.names == ["w"] && checkpoint.tensors["w"]?.shape == [8])
                    #expect(try checkpoint.tensors.floats("w") == expected, "bit of byte \(position)")
                } catch is any DiagnosedError {
                    refused += 1
                }
            }
        }
        #expect(refused > bytes.count / 4, "only \(refused) of \(bytes.count)")
    }
}
