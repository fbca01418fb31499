import Core

/// The bytes of a pickle, read in order and checked against their end.
struct PickleReader {
    private let bytes: UnsafeRawBufferPointer
    private let path: String
    /// Where the next byte is read.
    private(set) var offset = 0

    init(bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
    }

    mutating func byte() throws -> UInt8 {
        guard offset < bytes.count else { throw error("the pickle ends in the middle", expected: "STOP") }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// An unsigned little-endian number of `count` bytes, at most 8.
    mutating func length(_ count: Int) throws -> Int {
        let value = try take(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let value = Int(exactly: value) else { throw error("a length beyond all files", found: "\(value)") }
        return value
    }

    mutating func take(_ count: Int) throws -> Slice<UnsafeRawBufferPointer> {
        guard count <= bytes.count - offset else {
            throw error(
                "the pickle ends in the middle", found: "\(bytes.count - offset) bytes", expected: "\(count) bytes")
        }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    mutating func text(_ count: Int) throws -> String {
        String(decoding: try take(count), as: UTF8.self)
    }

    /// The bytes up to a line feed, which is skipped.
    mutating func line() throws -> String {
        guard let end = bytes[offset...].firstIndex(of: 0x0A) else {
            throw error("the pickle ends in the middle of a line")
        }
        defer { offset = end + 1 }
        return String(decoding: bytes[offset..<end], as: UTF8.self)
    }

    mutating func decimalLine() throws -> Int {
        let text = try line()
        guard let value = Int(text) else { throw notWhole(text) }
        return value
    }

    /// A whole number or boolean as protocols 0 and 1 write it; a number beyond 64 bits is told, not kept.
    mutating func integerLine() throws -> PickleValue {
        var text = try line()
        if text == "01" { return .bool(true) }
        if text == "00" { return .bool(false) }
        if text.hasSuffix("L") { text.removeLast() }
        if let value = Int(text) { return .int(value) }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { throw notWhole(text) }
        return .string("an integer of \(digits.utf8.count) digits")
    }

    private func notWhole(_ text: String) -> CheckpointError {
        error("not a whole number", found: text.prefix(40).debugDescription)
    }

    func error(_ what: String, found: String? = nil, expected: String? = nil) -> CheckpointError {
        .bad("broken pickle: \(what)", path: path, place: "data.pkl byte \(offset)", found: found, expected: expected)
    }
}
