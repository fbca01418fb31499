import Core
import Imaging
import Testing

/// Hashes of what images look like.
@Suite struct PerceptualHashTests {
    /// A page of grey bars, drawn by `seed`, at a scale and a brightness.
    private static func page(seed: UInt64, scale: Int = 4, gain: Double = 1) -> RGBImage {
        var generator = SeededGenerator(seed: seed)
        let (width, height) = (60, 80)
        var levels = [Double](repeating: 250, count: width * height)
        for _ in 0..<40 {
            let (x, y) = (Int.random(in: 0..<50, using: &generator), Int.random(in: 0..<76, using: &generator))
            let (w, h) = (Int.random(in: 4...30, using: &generator), Int.random(in: 1...4, using: &generator))
            let level = Double.random(in: 20...180, using: &generator)
            for row in y..<min(height, y + h) {
                for column in x..<min(width, x + w) { levels[row * width + column] = level }
            }
        }
        let pixels = (0..<height * scale).flatMap { y in
            (0..<width * scale).flatMap { x in
                [UInt8](repeating: UInt8(levels[y / scale * width + x / scale] * gain), count: 3)
            }
        }
        return RGBImage(width: width * scale, height: height * scale, pixels: pixels)
    }

    @Test func likePagesAreNearAndOthersFar() {
        for seed in 1...10 as ClosedRange<UInt64> {
            let hash = PerceptualHash(Self.page(seed: seed))
            #expect(hash.distance(to: hash) == 0)
            #expect(hash.distance(to: PerceptualHash(Self.page(seed: seed, scale: 3))) <= 24)
            #expect(hash.distance(to: PerceptualHash(Self.page(seed: seed, gain: 0.8))) <= 24)
            #expect(hash.distance(to: PerceptualHash(Self.page(seed: seed + 100))) > 60)
        }
    }

    @Test func groupsAreJoinedThroughChains() {
        let pages = [1, 2, 1, 3, 2, 1].map { PerceptualHash(Self.page(seed: $0)) }
        #expect(PerceptualHash.groups(pages, limit: 24) == [[0, 2, 5], [1, 4]])
        #expect(PerceptualHash.groups(pages, limit: 256) == [Array(0..<6)])
        #expect(PerceptualHash.groups([], limit: 24).isEmpty)
    }

    @Test func aTinyImageHasAHash() {
        let dot = RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
        #expect(PerceptualHash(dot).distance(to: PerceptualHash(dot)) == 0)
    }
}
