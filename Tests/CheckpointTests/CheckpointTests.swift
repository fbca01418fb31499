import Checkpoint
import Core
import TestSupport
import Testing

/// Checkpoints written by torch and safetensors: Fixtures/Checkpoint/make_checkpoints.py.
@Suite struct CheckpointTests {
    private static func fixture(_ name: String) -> String { TestData.fixture("Checkpoint/" + name) }

    @Test(arguments: [
        "views_p1.pth", "views_p2.pth", "views_p3.pth", "views_p4.pth", "views_p5.pth", "views.safetensors",
        "lightning=1.ckpt", "several.pth", "small.pth", "no_checksums.pth",
    ])
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

    /// What torch and safetensors read in the trained checkpoints: Fixtures/Checkpoint/make_trained.py.
    @Test(
        .enabled(if: TestData.shared != nil),
        arguments: [
            "checkpoints/resnet50_epoch=1-step=823.ckpt", "checkpoints/efficientnet_b4.safetensors",
            "sample/checkpoints/efficientnet_b0_synthetic.safetensors",
        ])
    func readsTrainedCheckpoints(path: String) throws {
        let golden = try #require(JSONValue(contentsOf: Self.fixture("trained.json")).object?[path]?.object)
        let checkpoint = try Checkpoint(path: TestData.shared(path))
        #expect(checkpoint.prefix == "model.")
        #expect(checkpoint.tensors.names.count == golden["tensors"]?.int)
        var lines: [String] = []
        for name in checkpoint.tensors.names {
            guard let info = checkpoint.tensors[name], info.dtype.isFloat else { continue }
            let digest = try checkpoint.tensors.floats(name).withUnsafeBytes { SHA256.hexDigest(of: $0) }
            let shape = info.shape.map(String.init).joined(separator: ",")
            lines.append("\(name) \(info.dtype.rawValue) [\(shape)] \(digest)")
        }
        lines.sort()
        #expect(lines.count == golden["lines"]?.int)
        for line in golden["some"]?.array ?? [] { #expect(lines.contains(line.string ?? ""), "\(line)") }
        #expect(SHA256.hexDigest(of: lines.joined(separator: "\n")) == golden["sha256"]?.string)
    }

    @Test func readsOneCheckpointFromManyTasks() async throws {
        let checkpoint = try Checkpoint(path: Self.fixture("views_p2.pth"))
        let names = checkpoint.tensors.names.filter { checkpoint.tensors[$0]?.dtype.isFloat == true }
        let alone = try names.map { try checkpoint.tensors.floats($0) }
        let work = (0..<8).flatMap { _ in names }
        let together = try await parallelMap(work, width: 4) { _, name in try checkpoint.tensors.floats(name) }
        for (index, values) in together.enumerated() { #expect(values == alone[index % names.count]) }
    }
}
