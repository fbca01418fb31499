import Geometry

/// How a map's values are kept on disk; each reads back equal, bit for bit.
///
/// Network output takes `float32`. A threshold may lie anywhere: with any coarser grid there is a threshold between a
/// value and its rounding, where a pixel changes sides and a contour with it; and a box's score is a mean of the
/// values, so that a box threshold sees the rounding too. Maps that came as levels lose nothing as levels.
public enum MapEncoding: String, Sendable, CaseIterable {
    /// The values themselves.
    case float32
    /// Levels of which 255 is probability 1: `Float(level) / 255`.
    case uint8
    /// Levels of which 65535 is probability 1: `Float(level) / 65535`.
    case uint16

    /// Bytes a value, before compression.
    var width: Int {
        switch self {
        case .float32: 4
        case .uint16: 2
        case .uint8: 1
        }
    }

    /// Of zstd. Most bytes of floats are noise: level 1 would take half as long again for 4% of the size. Of levels it
    /// saves a fifth.
    var compressionLevel: Int32 { self == .float32 ? -5 : 1 }

    /// The highest level, of an encoding by levels.
    var highest: Float? {
        switch self {
        case .float32: nil
        case .uint16: 65535
        case .uint8: 255
        }
    }

    /// The bytes of `values` as planes, (width, count): all lowest bytes first, all highest last. Exponents and signs,
    /// which repeat, so lie beside each other and compress.
    ///
    /// - Returns: nil where a value is no exact level.
    func planes(of values: [Float]) -> [UInt8]? {
        let count = values.count
        var isExact = true
        let planes = [UInt8](unsafeUninitializedCapacity: count * width) { target, initialized in
            values.withUnsafeBufferPointer { values in
                if let highest {
                    for i in 0..<count {
                        let level = (values[i] * highest).rounded()
                        isExact = isExact && level / highest == values[i]
                        for plane in 0..<width {
                            target[plane * count + i] = UInt8(truncatingIfNeeded: UInt32(level) >> (8 * UInt32(plane)))
                        }
                    }
                } else {
                    MapEncoding.scatter(values, target)
                }
            }
            initialized = count * width
        }
        return isExact ? planes : nil
    }

    /// A loop that the compiler makes vectors of: the four planes at once, the number of bytes a value written out.
    private static func scatter(
        _ values: UnsafeBufferPointer<Float>, _ target: UnsafeMutableBufferPointer<UInt8>
    ) {
        let count = values.count
        guard let first = target.baseAddress else { return }
        let (second, third, fourth) = (first + count, first + 2 * count, first + 3 * count)
        for i in 0..<count {
            // Adding 0 makes -0 to 0.
            let bits = (values[i] + 0).bitPattern
            first[i] = UInt8(truncatingIfNeeded: bits)
            second[i] = UInt8(truncatingIfNeeded: bits >> 8)
            third[i] = UInt8(truncatingIfNeeded: bits >> 16)
            fourth[i] = UInt8(truncatingIfNeeded: bits >> 24)
        }
    }

    /// The values of `planes`.
    ///
    /// - Returns: nil where one of them is no number from 0 to 1.
    func values(of planes: UnsafeBufferPointer<UInt8>) -> [Float]? {
        let count = planes.count / width
        var highestBits: UInt32 = 0
        let values = [Float](unsafeUninitializedCapacity: count) { target, initialized in
            guard let first = planes.baseAddress else { return }
            switch self {
            case .float32:
                let (second, third, fourth) = (first + count, first + 2 * count, first + 3 * count)
                for i in 0..<count {
                    let low = UInt32(first[i]) | UInt32(second[i]) << 8
                    let bits = low | UInt32(third[i]) << 16 | UInt32(fourth[i]) << 24
                    highestBits = max(highestBits, bits)
                    target[i] = Float(bitPattern: bits)
                }
            case .uint16:
                for i in 0..<count { target[i] = Float(UInt32(first[i]) | UInt32(first[count + i]) << 8) / 65535 }
            case .uint8:
                for i in 0..<count { target[i] = Float(first[i]) / 255 }
            }
            initialized = count
        }
        // Numbers from 0 to 1 have smaller bit patterns than all others, negative ones and NaN included.
        return highestBits <= Float(1).bitPattern ? values : nil
    }
}

extension ProbabilityMap {
    /// The first value, row by row, that is no number from 0 to 1.
    var firstBadPixel: (x: Int, y: Int)? {
        // As above, where -0 has become 0: a loop without an end inside it, which is many times faster.
        let highestBits = values.withUnsafeBufferPointer { $0.reduce(0) { max($0, ($1 + 0).bitPattern) } }
        guard highestBits > Float(1).bitPattern else { return nil }
        return values.firstIndex { !($0 >= 0 && $0 <= 1) }.map { ($0 % width, $0 / width) }
    }
}
