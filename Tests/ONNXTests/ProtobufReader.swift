/// The fields of a protocol-buffers message, as Tests read them back: by the wire format, not by our writer.
struct ProtobufMessage {
    enum Value {
        case integer(Int)
        case bytes([UInt8])
    }

    struct Broken: Error {
        let offset: Int
    }

    private(set) var fields: [(number: Int, value: Value)] = []

    init(_ bytes: [UInt8]) throws {
        var offset = 0
        func varint() throws -> Int {
            var (value, shift) = (UInt64(0), UInt64(0))
            while offset < bytes.count, shift < 64 {
                let byte = bytes[offset]
                offset += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return Int(Int64(bitPattern: value)) }
                shift += 7
            }
            throw Broken(offset: offset)
        }
        while offset < bytes.count {
            let key = try varint()
            switch key & 7 {
            case 0: fields.append((key >> 3, .integer(try varint())))
            case 2:
                let count = try varint()
                guard count >= 0, count <= bytes.count - offset else { throw Broken(offset: offset) }
                fields.append((key >> 3, .bytes(Array(bytes[offset..<offset + count]))))
                offset += count
            default: throw Broken(offset: offset)
            }
        }
    }

    func integers(_ number: Int) -> [Int] {
        fields.compactMap { field in
            if field.number == number, case .integer(let value) = field.value { value } else { nil }
        }
    }

    func bytes(_ number: Int) -> [[UInt8]] {
        fields.compactMap { field in
            if field.number == number, case .bytes(let value) = field.value { value } else { nil }
        }
    }

    func strings(_ number: Int) -> [String] { bytes(number).map { String(decoding: $0, as: UTF8.self) } }

    func messages(_ number: Int) throws -> [ProtobufMessage] { try bytes(number).map(ProtobufMessage.init) }
}
