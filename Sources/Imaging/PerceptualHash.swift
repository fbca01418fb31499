/// What an image looks like in 256 bits: whether each cell of a grid of 17 x 16 is brighter than its right neighbour
/// (the difference hash of Krawetz, "Kind of like that", 2013, on a finer grid).
public struct PerceptualHash: Sendable, Hashable {
    private let bits: SIMD4<UInt64>

    private static let (columns, rows) = (17, 16)

    /// Hashes the brightness of `image`, its cells averaged. Complexity: O(pixels).
    public init(_ image: RGBImage) {
        var sums = [Int](repeating: 0, count: Self.columns * Self.rows)
        var counts = sums
        let columnOf = (0..<image.width).map { $0 * Self.columns / image.width }
        image.pixels.withUnsafeBufferPointer { pixels in
            for y in 0..<image.height {
                let row = y * Self.rows / image.height * Self.columns
                for x in 0..<image.width {
                    let pixel = 3 * (y * image.width + x)
                    // Rec. 601's weights in 256ths.
                    let brightness =
                        77 * Int(pixels[pixel]) + 150 * Int(pixels[pixel + 1]) + 29 * Int(pixels[pixel + 2])
                    sums[row + columnOf[x]] += brightness
                    counts[row + columnOf[x]] += 1
                }
            }
        }
        let means = zip(sums, counts).map { $1 == 0 ? 0 : $0 / $1 }
        var bits = SIMD4<UInt64>.zero
        for cell in 0..<256 {
            let place = cell / 16 * Self.columns + cell % 16
            if means[place] > means[place + 1] { bits[cell / 64] |= 1 << UInt64(cell % 64) }
        }
        self.bits = bits
    }

    /// How many of the 256 bits differ.
    public func distance(to other: PerceptualHash) -> Int {
        let different = bits ^ other.bits
        return (0..<4).reduce(0) { $0 + different[$1].nonzeroBitCount }
    }

    /// The groups of two or more that are joined by distances of at most `limit`, in order; chains join.
    ///
    /// - Complexity: O(hashes²).
    public static func groups(_ hashes: [PerceptualHash], limit: Int) -> [[Int]] {
        var leader = Array(hashes.indices)
        func root(_ index: Int) -> Int {
            var index = index
            while leader[index] != index { index = leader[index] }
            return index
        }
        for first in hashes.indices {
            for second in hashes.indices.dropFirst(first + 1)
            where hashes[first].distance(to: hashes[second]) <= limit {
                let (one, other) = (root(first), root(second))
                leader[max(one, other)] = min(one, other)
            }
        }
        return Dictionary(grouping: hashes.indices, by: root).values.filter { $0.count > 1 }
            .map { $0.sorted() }.sorted { $0[0] < $1[0] }
    }
}
