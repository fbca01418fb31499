/// Writes the fields of one protocol-buffers message, in the order of the calls.
///
/// The wire format: a field is a varint of `number << 3 | kind`, then its value; kind 0 is a varint, 2 a length and so
/// many bytes, 5 four bytes, little-endian.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// An `int64`, `int32` or enumeration; negative numbers take ten bytes.
    mutating func integer(_ number: Int, _ value: Int) {
        varint(UInt64(number << 3))
        varint(UInt64(bitPattern: Int64(value)))
    }

    /// A `string`.
    mutating func string(_ number: Int, _ text: String) {
        header(number, count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    /// A message in a message.
    mutating func message(_ number: Int, _ build: (inout ProtobufWriter) throws -> Void) rethrows {
        var inner = ProtobufWriter()
        try build(&inner)
        message(number, [inner])
    }

    /// A message in a message, whose fields are those of `parts`, one part after another.
    mutating func message(_ number: Int, _ parts: [ProtobufWriter]) {
        let count = parts.reduce(0) { $0 + $1.bytes.count }
        header(number, count: count)
        bytes.reserveCapacity(bytes.count + count)
        for part in parts { bytes.append(contentsOf: part.bytes) }
    }

    /// `bytes` of Float32, little-endian.
    mutating func floats(_ number: Int, _ values: [Float]) {
        header(number, count: 4 * values.count)
        #if _endian(little)
            values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        #else
            for value in values {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            }
        #endif
    }

    /// The head of a field of `count` bytes, which the caller appends next.
    private mutating func header(_ number: Int, count: Int) {
        varint(UInt64(number << 3 | 2))
        varint(UInt64(count))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
