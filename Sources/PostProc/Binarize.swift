/// The text pixels of a map, a bit each, with what contour following still has to visit.
///
/// Pixel x of a row is bit x + 1 of the row's words, so that a border of zeros surrounds the map as OpenCV's
/// `findContours` pads its copy; rows -1 and `height` are zeros too. A word of slack on either side lets a kernel
/// read 64 bits around any pixel.
package struct BinaryMap: ~Copyable {
    package private(set) var width = 0
    package private(set) var height = 0
    /// Words from a row to the next.
    package private(set) var stride = 0
    private var textBits = Buffer<UInt64>()
    private var leftBits = Buffer<UInt64>()
    private var rightBits = Buffer<UInt64>()

    /// Word 0 of map row 0.
    var text: UnsafeMutablePointer<UInt64> { textBits.base + stride + 1 }
    /// Text pixels with no text to the left, which no border has passed.
    var leftEnds: UnsafeMutablePointer<UInt64> { leftBits.base + stride + 1 }
    /// Text pixels with no text to the right, which no border has passed on that side.
    var rightEnds: UnsafeMutablePointer<UInt64> { rightBits.base + stride + 1 }

    package init() {}

    /// Text is where a value is strictly above `thresh`; a value that is no number is not text.
    ///
    /// - Parameter isNested: whether the mask holds these values at a threshold no higher. Text only shrinks as the
    ///   threshold rises, so the values are read where there is text yet.
    package mutating func binarize(
        _ values: UnsafePointer<Float>, width: Int, height: Int, thresh: Float, isNested: Bool = false
    ) {
        if width != self.width || height != self.height {
            self.width = width
            self.height = height
            stride = (width + 2 + 63) / 64 + 1
            let words = stride * (height + 2) + 2
            textBits.resize(words)
            leftBits.resize(words)
            rightBits.resize(words)
            textBits.base.update(repeating: 0, count: words)
        }
        for y in 0..<height {
            packRow(values + y * width, into: text + y * stride, thresh: thresh, isNested: isNested)
            markEnds(of: y)
        }
    }

    private func packRow(
        _ row: UnsafePointer<Float>, into words: UnsafeMutablePointer<UInt64>, thresh: Float, isNested: Bool
    ) {
        var carry: UInt64 = 0
        var x = 0
        var word = 0
        while x &+ 64 <= width {
            let isEmpty = isNested && words[word] >> 1 | words[word &+ 1] << 63 == 0
            let bits = isEmpty ? 0 : Self.pack64(UnsafeRawPointer(row + x), thresh)
            words[word] = bits << 1 | carry
            carry = bits >> 63
            word &+= 1
            x &+= 64
        }
        var bits: UInt64 = 0
        var offset: UInt64 = 0
        while x < width {
            if row[x] > thresh { bits |= 1 << offset }
            offset &+= 1
            x &+= 1
        }
        words[word] = bits << 1 | carry
    }

    /// 64 comparisons to 64 bits: step j of four lanes sets bit j of each lane, and the lanes are then interleaved.
    @inline(__always) private static func pack64(_ values: UnsafeRawPointer, _ thresh: Float) -> UInt64 {
        let limit = SIMD4<Float>(repeating: thresh)
        var lanes = SIMD4<UInt32>.zero
        var bit = SIMD4<UInt32>(repeating: 1)
        var offset = 0
        while offset < 256 {
            let above = values.loadUnaligned(fromByteOffset: offset, as: SIMD4<Float>.self) .> limit
            lanes.replace(with: lanes | bit, where: above)
            bit &+= bit
            offset &+= 16
        }
        if lanes == .zero { return 0 }
        return spread(lanes.x) | spread(lanes.y) << 1 | spread(lanes.z) << 2 | spread(lanes.w) << 3
    }

    /// Bit j to bit 4 j, for 16 bits.
    @inline(__always) private static func spread(_ lane: UInt32) -> UInt64 {
        var bits = UInt64(lane)
        bits = (bits | bits << 24) & 0x0000_00FF_0000_00FF
        bits = (bits | bits << 12) & 0x000F_000F_000F_000F
        bits = (bits | bits << 6) & 0x0303_0303_0303_0303
        return (bits | bits << 3) & 0x1111_1111_1111_1111
    }

    private func markEnds(of y: Int) {
        let row = text + y * stride
        let left = leftEnds + y * stride
        let right = rightEnds + y * stride
        var previous: UInt64 = 0
        var word = row[0]
        for index in 0..<stride &- 1 {
            let next = row[index &+ 1]
            left[index] = word & ~(word << 1 | previous >> 63)
            right[index] = word & ~(word >> 1 | next << 63)
            previous = word
            word = next
        }
    }
}
