import Core

/// Single elements as JSON: recorded scores are one-element tensors or NumPy scalars.
extension DataType {
    /// The number whose little-endian bits are `bits`; text where JSON has no such number.
    ///
    /// A Float32 or narrower becomes the decimal a person wrote, 0.9653, not the 0.9653000235557556 that a Double makes
    /// of it.
    func json(bits: UInt64) -> JSONValue {
        switch self {
        case .float64: Self.json(Double(bitPattern: bits))
        case .float32: Self.json(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .float16: Self.json(Float(half: UInt16(truncatingIfNeeded: bits)))
        case .bfloat16: Self.json(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16))
        case .int8: .int(Int(Int8(truncatingIfNeeded: bits)))
        case .int16: .int(Int(Int16(truncatingIfNeeded: bits)))
        case .int32: .int(Int(Int32(truncatingIfNeeded: bits)))
        case .int64: Self.json(whole: Int64(bitPattern: bits))
        case .uint8: .int(Int(UInt8(truncatingIfNeeded: bits)))
        case .uint16: .int(Int(UInt16(truncatingIfNeeded: bits)))
        case .uint32: .int(Int(UInt32(truncatingIfNeeded: bits)))
        case .uint64: Self.json(whole: bits)
        case .bool: .bool(bits & 0xFF != 0)
        }
    }

    /// Whole numbers that a Double cannot hold stay exact as text.
    static func json<Whole: FixedWidthInteger>(whole value: Whole) -> JSONValue {
        value.magnitude < 1 << 53 ? .number(Double(value)) : .string(String(value))
    }

    static func json<Real: BinaryFloatingPoint & LosslessStringConvertible>(_ value: Real) -> JSONValue {
        guard value.isFinite else { return .string("\(value)") }
        return .number(Double("\(value)") ?? Double(value))
    }
}

extension TensorInfo {
    /// The value of a tensor of one element, out of the file's bytes; nil for any other.
    func element(in file: UnsafeRawBufferPointer) -> JSONValue? {
        guard count == 1 else { return nil }
        let bytes = file[offset..<offset + dtype.size]
        return dtype.json(bits: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
}

extension Float {
    /// IEEE half to single, exact, without branches so that loops over it vectorise.
    @inline(__always)
    init(half: UInt16) {
        let magnitude = UInt32(half & 0x7FFF) << 13
        let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
        let special: UInt32 = magnitude >= 0x0F80_0000 ? 0x7F80_0000 : 0
        self.init(bitPattern: scaled | special | UInt32(half & 0x8000) << 16)
    }
}
