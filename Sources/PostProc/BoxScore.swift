/// The mean probability inside a polygon: over the pixels that OpenCV's `fillPoly` covers in the polygon's bounding
/// window, summed in double precision.
package struct BoxScorer: ~Copyable {
    private var coverage = Coverage()
    private var shifted = Buffer<MapPoint>()

    package init() {}

    /// The score of a quad or a simplified contour with integer corners.
    package mutating func score(
        _ map: UnsafePointer<Float>, width: Int, height: Int, polygon: UnsafeBufferPointer<MapPoint>
    ) -> Double {
        var (left, top, right, bottom) = (Int32.max, Int32.max, Int32.min, Int32.min)
        for point in polygon {
            left = min(left, point.x)
            right = max(right, point.x)
            top = min(top, point.y)
            bottom = max(bottom, point.y)
        }
        let x0 = min(max(Int(left), 0), width - 1)
        let x1 = min(max(Int(right), 0), width - 1)
        let y0 = min(max(Int(top), 0), height - 1)
        let y1 = min(max(Int(bottom), 0), height - 1)
        shifted.removeAll()
        for point in polygon { shifted.append(MapPoint(point.x &- Int32(x0), point.y &- Int32(y0))) }
        coverage.fill(shifted.elements, width: x1 - x0 + 1, height: y1 - y0 + 1)
        return mean(map + y0 * width + x0, stride: width)
    }

    /// The score of a minimum-area quad; corners are truncated toward zero after the shift into the window.
    package mutating func score(
        _ map: UnsafePointer<Float>, width: Int, height: Int, quad: MinAreaQuad
    ) -> Double {
        let (a, b, c, d) = quad.corners
        func clamp(_ value: Float, _ limit: Int) -> Int { Int(min(max(value, 0), Float(limit - 1))) }
        let x0 = clamp(min(min(a.x, b.x), min(c.x, d.x)).rounded(.down), width)
        let x1 = clamp(max(max(a.x, b.x), max(c.x, d.x)).rounded(.up), width)
        let y0 = clamp(min(min(a.y, b.y), min(c.y, d.y)).rounded(.down), height)
        let y1 = clamp(max(max(a.y, b.y), max(c.y, d.y)).rounded(.up), height)
        shifted.removeAll()
        func shift(_ corner: FloatPoint) {
            shifted.append(MapPoint(Int32(Double(corner.x) - Double(x0)), Int32(Double(corner.y) - Double(y0))))
        }
        shift(a)
        shift(b)
        shift(c)
        shift(d)
        coverage.fill(shifted.elements, width: x1 - x0 + 1, height: y1 - y0 + 1)
        return mean(map + y0 * width + x0, stride: width)
    }

    /// The mean over the covered pixels; 0 where none is covered.
    private func mean(_ window: UnsafePointer<Float>, stride: Int) -> Double {
        var sum = 0.0
        var count = 0
        for y in 0..<coverage.height {
            let row = window + y &* stride
            for word in 0..<coverage.wordsPerRow {
                var bits = coverage.word(word, row: y)
                count &+= bits.nonzeroBitCount
                var column = word &* 64
                while bits != 0 {
                    let skipped = bits.trailingZeroBitCount
                    bits >>= UInt64(skipped)
                    column &+= skipped
                    let run = (~bits).trailingZeroBitCount
                    sum += Self.sum(row + column, run)
                    if run == 64 { break }
                    bits >>= UInt64(run)
                    column &+= run
                }
            }
        }
        return count == 0 ? 0 : sum * (1 / Double(count))
    }

    @inline(__always) private static func sum(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
        let raw = UnsafeRawPointer(values)
        var low = SIMD4<Double>.zero
        var high = SIMD4<Double>.zero
        var index = 0
        while index &+ 8 <= count {
            low += SIMD4<Double>(raw.loadUnaligned(fromByteOffset: index &* 4, as: SIMD4<Float>.self))
            high += SIMD4<Double>(raw.loadUnaligned(fromByteOffset: index &* 4 &+ 16, as: SIMD4<Float>.self))
            index &+= 8
        }
        var total = 0.0
        while index < count {
            total += Double(values[index])
            index &+= 1
        }
        return total + (low + high).sum()
    }
}
