import Checkpoint
import Core
import DBHead
import Foundation
import Geometry
import Imaging
import Inference
import Maps
import PostProc
import TestSupport
import Testing

/// Trained checkpoints on real receipts at 960: the reference's maps to 1e-4, its polygons to the last coordinate.
@Suite(.enabled(if: TestData.shared != nil))
struct SharedCheckpointTests {
    private static let side = 960
    private static let receipts = ["sroie_000", "sroie_010", "sroie_020"]

    @Test(
        arguments: [
            ("resnet50", "checkpoints/resnet50_epoch=1-step=823.ckpt"),
            ("efficientnet_b4", "checkpoints/efficientnet_b4.safetensors"),
        ], [EngineOptions.Backend.oneDNN, .blas])
    func equalsTheReference(_ model: (name: String, file: String), _ backend: EngineOptions.Backend) async throws {
        let detector = try TextDetector(
            checkpoint: Checkpoint(path: TestData.shared(model.file)),
            options: EngineOptions(backend: backend, threads: 2))
        #expect(detector.architecture.description == "\(model.name) + UNet (256, 64) + DB head")
        let folder = TestData.shared("goldens/\(model.name)")
        for receipt in Self.receipts.prefix(backend == .fastest ? 3 : 1) {
            let image = try ImageFile.decode(path: TestData.shared("receipts/images/\(receipt).jpg"))
            let letterbox = Letterbox(imageWidth: image.width, imageHeight: image.height, side: Self.side)
            let golden = try await Self.golden(
                "\(folder)/\(receipt)_960.npz", of: .init(name: receipt, width: image.width, height: image.height))
            let map = try Self.map(detector, Imaging.letterbox(image, letterbox))
            let worst = zip(map, golden).map { abs($0 - $1) }.max()
            #expect(try #require(worst) < 1e-4, "\(receipt)")
            let found = ImageMap(
                imageName: receipt, imageWidth: image.width, imageHeight: image.height, inverse: letterbox.inverse,
                map: ProbabilityMap(width: Self.side, height: Self.side, values: map))
            try Self.checkPolygons(found, "\(folder)/\(model.name)_960.quad.json")
            try Self.checkPolygons(found, "\(folder)/\(model.name)_960.poly.json")
        }
    }

    private static func map(_ detector: TextDetector, _ canvas: [UInt8]) throws -> [Float] {
        var input = [Float](repeating: 0, count: 3 * side * side)
        var output = [Float](repeating: 0, count: side * side)
        input.withUnsafeMutableBufferPointer { normalise(canvas, into: $0) }
        try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer { output in
                try detector.probabilityMap(input: input, batch: 1, height: side, width: side, output: output)
            }
        }
        return output
    }

    private static func golden(_ path: String, of image: MapImport.Image) async throws -> [Float] {
        try await TestData.withTemporaryFolder { folder in
            let store = try MapStore.openForAppending(
                at: folder + "/maps",
                provenance: MapProvenance(
                    checkpoint: path, checkpointSHA256: "", architecture: "", size: side, preprocessing: "",
                    precision: "fp32"))
            _ = try await MapImport.run(images: [image], from: path, into: store)
            return try store.read(image.name).map.values
        }
    }

    private static func checkPolygons(_ map: ImageMap, _ path: String) throws {
        let golden = try JSONValue(contentsOf: path)
        let settings = try #require(golden["settings"])
        var options = PostProcOptions()
        options.thresh = try #require(settings["thresh"]?.number)
        options.boxThresh = try #require(settings["box_thresh"]?.number)
        options.maxCandidates = try #require(settings["max_candidates"]?.int)
        options.usePolygon = path.hasSuffix("poly.json")
        let words = try #require(golden["images"]?[map.imageName + ".jpg"]?["words"]?.object)
        let expected = words.values.map { word in
            word["points"]?.array?.compactMap { $0.array?.compactMap(\.number) } ?? []
        }
        let found = try detect(map, options: options).map { $0.polygon.points.map { [$0.x, $0.y] } }
        #expect(expected.count > 20)
        #expect(found == expected, "\(map.imageName), \(path)")
    }
}
