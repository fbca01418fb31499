import Core
import Foundation
import Imaging
import TestSupport
import Testing

/// Expected values: Tests/Fixtures/Imaging/make_images.py and make_photos.py, by Pillow.
@Suite struct DecodeTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let name: String
        let width, height: Int
        let sha256: String
        var testDescription: String { name }
    }

    static let goldens: [Golden] = {
        let document = try? JSONValue(contentsOf: TestData.fixture("Imaging/images.json"))
        let images = document?.object?["images"]?.object ?? [:]
        return images.map { name, value in
            Golden(
                name: name, width: value.object?["width"]?.int ?? 0, height: value.object?["height"]?.int ?? 0,
                sha256: value.object?["sha256"]?.string ?? "")
        }
    }()

    @Test func everyKindHasAGolden() {
        #expect(DecodeTests.goldens.count == 117)
    }

    @Test(arguments: goldens) func equalsPillow(_ golden: Golden) throws {
        let path = TestData.fixture("Imaging/images/\(golden.name)")
        let image = try ImageFile.decode(path: path)
        #expect(image.width == golden.width && image.height == golden.height)
        #expect(digest(image.pixels) == golden.sha256)
        let size = try ImageFile.size(path: path)
        #expect(size.width == golden.width && size.height == golden.height)
    }

    @Test func samplesEqualPillow() throws {
        try comparePhotos("samples", folder: TestData.repository("samples/images"), count: 12)
    }

    @Test(.enabled(if: TestData.shared != nil)) func receiptsEqualPillow() throws {
        try comparePhotos("receipts", folder: TestData.shared("receipts/images"), count: 63)
    }

    private func comparePhotos(_ key: String, folder: String, count: Int) throws {
        let document = try JSONValue(contentsOf: TestData.fixture("Imaging/photos.json"))
        let photos = try #require(document.object?[key]?.object)
        #expect(photos.count == count)
        var tensor = [Float](repeating: 0, count: 3 * 960 * 960)
        for (name, golden) in photos {
            let image = try ImageFile.decode(path: folder + "/" + name)
            #expect(digest(image.pixels) == golden.object?["rgb"]?.string, "\(name)")
            let canvas = try letterbox(image, side: 960)
            tensor.withUnsafeMutableBufferPointer { normalise(canvas, into: $0) }
            #expect(digest(tensor) == golden.object?["tensor"]?.string, "\(name)")
        }
    }
}

/// SHA-256 of the elements' bytes.
func digest<Element: BitwiseCopyable>(_ values: [Element]) -> String {
    values.withUnsafeBytes { SHA256.hexDigest(of: $0) }
}
