import Core
import Geometry
import Imaging
import TestSupport
import Testing

/// Expected values: Tests/Fixtures/Imaging/make_letterbox.py, by the reference and OpenCV's 4.6 wheel.
@Suite struct LetterboxTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let seed, width, height, side: Int
        let canvas, tensor: String
        let inverse: [Double]
        var testDescription: String { "\(width) x \(height) at \(side), seed \(seed)" }
    }

    static let goldens: [Golden] = {
        let document = try? JSONValue(contentsOf: TestData.fixture("Imaging/letterbox.json"))
        return (document?.object?["cases"]?.array ?? []).compactMap { value in
            guard let members = value.object, let seed = members["seed"]?.int, let width = members["width"]?.int,
                let height = members["height"]?.int, let side = members["side"]?.int,
                let canvas = members["canvas"]?.string, let tensor = members["tensor"]?.string
            else { return nil }
            return Golden(
                seed: seed, width: width, height: height, side: side, canvas: canvas, tensor: tensor,
                inverse: (members["inverse"]?.array ?? []).compactMap(\.number))
        }
    }()

    @Test func goldensAreThere() {
        #expect(LetterboxTests.goldens.count == 120)
    }

    @Test(arguments: goldens) func equalsReference(_ golden: Golden) throws {
        let image = noise(width: golden.width, height: golden.height, seed: UInt64(golden.seed))
        let canvas = try letterbox(image, side: golden.side)
        #expect(digest(canvas) == golden.canvas)
        // Two images of a batch, the second compared: nothing is written outside its part.
        let count = canvas.count
        var batch = [Float](repeating: -9, count: 2 * count)
        batch.withUnsafeMutableBufferPointer {
            normalise(canvas, into: UnsafeMutableBufferPointer(rebasing: $0[count...]))
        }
        #expect(batch[..<count].allSatisfy { $0 == -9 })
        #expect(digest(Array(batch[count...])) == golden.tensor)
        let inverse = Letterbox(imageWidth: golden.width, imageHeight: golden.height, side: golden.side).inverse
        #expect([inverse.scaleX, inverse.offsetX, inverse.scaleY, inverse.offsetY] == golden.inverse)
    }

    @Test func thinnestImageKeepsOneRow() throws {
        let image = noise(width: 2000, height: 1, seed: 1)
        let canvas = try letterbox(image, side: 64)
        let rows = Set((0..<canvas.count).filter { canvas[$0] != 0 }.map { $0 / (64 * 3) })
        #expect(rows == [31])
    }
}

/// Pixels from the low bytes of a seeded generator, as the fixtures' scripts make them.
func noise(width: Int, height: Int, seed: UInt64) -> RGBImage {
    var generator = SeededGenerator(seed: seed)
    let pixels = (0..<width * height * 3).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    return RGBImage(width: width, height: height, pixels: pixels)
}
