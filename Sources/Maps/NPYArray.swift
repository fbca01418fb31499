import Core

/// A NumPy array file: its numbers in C order, all exact.
///
/// Source: NumPy's NEP 1 and `numpy/lib/format.py`; versions 1 to 3, both byte orders and both memory orders. Types:
/// float16, float32, float64, uint8, uint16. Pickled object arrays are refused.
struct NPYArray {
    let shape: [Int]
    let type: Element
    let values: [Double]

    /// A number's kind and width.
    enum Element: String {
        case float16 = "f2"
        case float32 = "f4"
        case float64 = "f8"
        case uint8 = "u1"
        case uint16 = "u2"

        var width: Int { Int(rawValue.suffix(1)) ?? 0 }
    }

    /// Reads `bytes`; `path` and `place` name them in errors.
    init(_ bytes: UnsafeRawBufferPointer, path: String, place: String? = nil) throws {
        let header = try NPYHeader(bytes, path: path, place: place)
        let count = header.shape.reduce(1) { product, side in
            let (result, overflow) = product.multipliedReportingOverflow(by: side)
            return overflow ? Int.max : result
        }
        guard count > 0, count <= MapEntry.maximumValues else {
            throw MapsError.foreign(
                "the array is empty or too large to be trusted", path: path, place: place, found: "\(header.shape)")
        }
        let expected = header.dataOffset + count * header.type.width
        guard bytes.count == expected else {
            throw MapsError.foreign(
                bytes.count < expected ? "the array is cut short" : "bytes behind the array", path: path, place: place,
                found: "\(bytes.count) bytes", expected: "\(expected) bytes")
        }
        shape = header.shape
        type = header.type
        let data = UnsafeRawBufferPointer(rebasing: bytes[header.dataOffset...])
        let stored = NPYArray.numbers(data, count: count, header: header)
        values = header.isFortranOrder ? NPYArray.transposed(stored, shape: shape) : stored
    }

    private static func numbers(_ data: UnsafeRawBufferPointer, count: Int, header: NPYHeader) -> [Double] {
        let isBig = header.isBigEndian
        func bits<Bits: FixedWidthInteger>(_ index: Int, _: Bits.Type) -> Bits {
            let value = data.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
            return isBig ? Bits(bigEndian: value) : Bits(littleEndian: value)
        }
        return (0..<count).map { index in
            switch header.type {
            case .uint8: Double(data[index])
            case .uint16: Double(bits(index, UInt16.self))
            case .float16: NPYArray.half(bits(index, UInt16.self))
            case .float32: Double(Float(bitPattern: bits(index, UInt32.self)))
            case .float64: Double(bitPattern: bits(index, UInt64.self))
            }
        }
    }

    /// The number that an IEEE half-precision pattern stands for. (`Float16` is not on every platform.)
    static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF)
        let size =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? Double.infinity : Double.nan
            default: (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
            }
        return bits >> 15 == 1 ? -size : size
    }

    /// From first-axis-fastest to last-axis-fastest.
    private static func transposed(_ values: [Double], shape: [Int]) -> [Double] {
        var strides: [Int] = []
        var step = 1
        for side in shape {
            strides.append(step)
            step *= side
        }
        var position = [Int](repeating: 0, count: shape.count)
        var origin = 0
        return values.indices.map { _ in
            let value = values[origin]
            for axis in shape.indices.reversed() {
                position[axis] += 1
                origin += strides[axis]
                if position[axis] < shape[axis] { break }
                origin -= strides[axis] * shape[axis]
                position[axis] = 0
            }
            return value
        }
    }
}
