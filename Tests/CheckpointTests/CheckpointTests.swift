import Archive
import Checkpoint
import Core
import Foundation
import TestSupport
import Testing

/// Checkpoints written by torch and safetensors: Fixtures/Checkpoint/make_checkpoints.py.
@Suite struct CheckpointTests {
    private static func fixture(_ name: String) -> String { TestData.fixture("Checkpoint/" + name) }

    @Test(arguments: ["views_p2.pth", "views_p4.pth", "views_p5.pth", "views.safetensors", "lightning=1.ckpt"])
    func readsWhatTorchReads(name: String) throws {
        let expected = try #require(JSONValue(contentsOf: Self.fixture("expected.json")).object?[name]?.object)
        let checkpoint = try Checkpoint(path: Self.fixture(name))
        #expect(checkpoint.tensors.names.count >= expected.count)
        for (tensor, facts) in expected {
            let info = try #require(checkpoint.tensors[tensor], "\(tensor)")
            #expect(info.shape == facts.object?["shape"]?.array?.compactMap(\.int), "\(tensor)")
            #expect(info.dtype.rawValue == facts.object?["dtype"]?.string, "\(tensor)")
            let digest = try checkpoint.tensors.floats(tensor).withUnsafeBytes { SHA256.hexDigest(of: $0) }
            #expect(digest == facts.object?["sha256"]?.string, "\(tensor)")
        }
    }

    @Test func readsLightningSettings() throws {
        let checkpoint = try Checkpoint(path: Self.fixture("lightning=1.ckpt"))
        #expect(checkpoint.prefix == "model._orig_mod.")
        #expect(checkpoint.stateDictKey == "state_dict")
        let summary = CheckpointSummary(checkpoint)
        func find(_ members: [(key: String, value: JSONValue)], _ suffix: String) -> JSONValue? {
            members.first { $0.key.hasSuffix(suffix) }?.value
        }
        #expect(find(summary.progress, "epoch") == 7)
        #expect(find(summary.thresholds, "postprocess.box_thresh") == 0.25)
        #expect(find(summary.thresholds, "use_polygon") == false)
        #expect(find(summary.scores, "current_score") == 0.9641)
        let settings = try #require(checkpoint.hyperparameters?.object?["hyper_parameters"]?.object)
        let encoder = settings["config"]?.object?["models"]?.object?["encoder"]?.object
        #expect(encoder?["model_name"] == "tf_efficientnet_b4")
        #expect(encoder?["select_features"] == [1, 2, 3, 4])
        #expect(settings["args"]?.object?["state"]?.object?["lr"] == 0.5)
        let mystery = checkpoint.hyperparameters?.object?["callbacks"]?.object?["Mystery"]?.object
        #expect(mystery?["__class__"] == "my_project.callbacks.Mystery")
    }

    @Test func runsNothing() throws {
        let checkpoint = try Checkpoint(path: Self.fixture("hostile.pth"))
        #expect(try checkpoint.tensors.floats("w") == [1, 1])
        #expect(!FileManager.default.fileExists(atPath: "owned"))
        let call = checkpoint.hyperparameters?.object?["a"]?.object
        #expect(call?["__class__"]?.string?.hasSuffix(".system") == true)
        #expect(call?["arguments"] == ["touch owned"])
    }

    @Test(arguments: [
        ("legacy.pth", "before 1.6", "torch.save(torch.load("), ("object.pth", "pickled object", "state_dict()"),
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
        for (name, value, place) in [("w", "nan", "element 1"), ("inf", "-inf", "element 0")] {
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

    @Test(arguments: ["views_p2.pth", "lightning=1.ckpt", "views.safetensors"])
    func truncationsAndFlipsNeverCrash(name: String) throws {
        let bytes = try MappedFile(path: Self.fixture(name)).withBytes { Array($0) }
        var generator = SeededGenerator(seed: 5)
        var refused = 0
        try TestData.withTemporaryFolder { folder in
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
                let path = folder + "/broken\(round)"
                FileManager.default.createFile(atPath: path, contents: Data(broken))
                do {
                    let checkpoint = try Checkpoint(path: path)
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

    @Test(
        .enabled(if: TestData.shared != nil),
        arguments: [
            ("checkpoints/resnet50_epoch=1-step=823.ckpt", "encoder.model.layer1.0.conv1.weight", [64, 64, 1, 1]),
            ("checkpoints/efficientnet_b4.safetensors", "encoder.model.conv_stem.weight", [48, 3, 3, 3]),
        ])
    func readsTrainedCheckpoints(path: String, tensor: String, shape: [Int]) throws {
        let checkpoint = try Checkpoint(path: TestData.shared(path))
        #expect(checkpoint.prefix == "model.")
        #expect(checkpoint.tensors[tensor]?.shape == shape)
        for name in checkpoint.tensors.names where checkpoint.tensors[name]?.dtype.isFloat == true {
            #expect(try !checkpoint.tensors.floats(name).isEmpty)
        }
    }
}
