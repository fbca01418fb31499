extension JSONValue {
    /// Reads the JSON file at `path` (UTF-8, a byte order mark is skipped).
    ///
    /// - Throws: `FileError`: 66 where the file cannot be read; 65 with `line:column` where it is no JSON (RFC 8259),
    ///   repeats a key, or nests deeper than 256.
    public init(contentsOf path: String) throws {
        self = try MappedFile(path: path).withBytes { try JSONValue(parsing: $0, path: path) }
    }

    /// Reads JSON from `bytes`; `path` names them in errors.
    public init(parsing bytes: UnsafeRawBufferPointer, path: String) throws {
        var parser = JSONParser(bytes: bytes, path: path)
        self = try parser.document()
    }

    /// Reads JSON from `text`; `path` names it in errors.
    public init(parsing text: String, path: String) throws {
        var text = text
        self = try text.withUTF8 { try JSONValue(parsing: UnsafeRawBufferPointer($0), path: path) }
    }
}

/// A recursive-descent reader of RFC 8259 over raw bytes.
///
/// `JSONValue` reads whole documents with it. A reader of large files of one known shape walks the document itself,
/// through `members`, `elements` and `number`, and keeps only what it needs: every error still has its line and column.
package struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private let path: String
    private var offset = 0
    private var depth = 0

    /// A parser at the start of `bytes`, which must outlive it; `path` names them in errors.
    package init(bytes: UnsafeRawBufferPointer, path: String) {
        self.bytes = bytes
        self.path = path
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    fileprivate mutating func document() throws -> JSONValue {
        let result = try value()
        try end()
        return result
    }

    /// Requires that nothing but space follows.
    package mutating func end() throws {
        skipSpace()
        if offset < bytes.count { throw error("text after the end of the document", expected: "the end of the file") }
    }

    /// Whether the next value is the kind that starts with `byte`, such as `{`, `[`, `"` or `n`.
    package mutating func isNext(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        return peek() == UInt8(ascii: byte)
    }

    /// Whether the next value is a number.
    package mutating func isNumberNext() -> Bool {
        skipSpace()
        guard let byte = peek() else { return false }
        return byte == UInt8(ascii: "-") || (byte >= 0x30 && byte <= 0x39)
    }

    /// Reads an object; `body` reads the value of each key. Repeated keys are `body`'s to refuse, by `repeated`.
    package mutating func members(_ body: (inout JSONParser, _ key: String) throws -> Void) throws {
        guard isNext("{") else { throw error("not an object", expected: "'{'") }
        try nested { parser in
            if parser.take(UInt8(ascii: "}")) { return }
            while true {
                parser.skipSpace()
                guard parser.peek() == UInt8(ascii: "\"") else {
                    throw parser.error("not a key", expected: "a key in double quotes")
                }
                let key = try parser.string()
                guard parser.take(UInt8(ascii: ":")) else {
                    throw parser.error("no value for the key \"\(key)\"", expected: "':'")
                }
                try body(&parser, key)
                if parser.take(UInt8(ascii: ",")) { continue }
                if parser.take(UInt8(ascii: "}")) { return }
                throw parser.error("the object does not end", expected: "',' or '}'")
            }
        }
    }

    /// Reads an array; `body` reads each element.
    package mutating func elements(_ body: (inout JSONParser) throws -> Void) throws {
        guard isNext("[") else { throw error("not an array", expected: "'['") }
        try nested { parser in
            if parser.take(UInt8(ascii: "]")) { return }
            while true {
                try body(&parser)
                if parser.take(UInt8(ascii: ",")) { continue }
                if parser.take(UInt8(ascii: "]")) { return }
                throw parser.error("the array does not end", expected: "',' or ']'")
            }
        }
    }

    /// The error for a key that stands twice in one object.
    package func repeated(_ key: String) -> FileError {
        error("the key \"\(key)\" stands twice in one object", expected: "each key once")
    }

    /// Reads one value of any kind.
    package mutating func value() throws -> JSONValue {
        skipSpace()
        guard let byte = peek() else { throw error("the file ends in the middle", expected: "a value") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw error("not a JSON value", expected: "an object, array, string, number, true, false or null")
        }
    }

    private mutating func nested(_ body: (inout JSONParser) throws -> Void) throws {
        depth += 1
        defer { depth -= 1 }
        if depth > 256 { throw error("nested too deeply", expected: "at most 256 levels") }
        offset += 1
        try body(&self)
    }

    private mutating func object() throws -> JSONObject {
        var result = JSONObject()
        try members { parser, key in
            if result[key] != nil { throw parser.repeated(key) }
            result[key] = try parser.value()
        }
        return result
    }

    private mutating func array() throws -> [JSONValue] {
        var result: [JSONValue] = []
        try elements { result.append(try $0.value()) }
        return result
    }

    /// Reads a number.
    package mutating func number() throws -> Double {
        skipSpace()
        let start = offset
        func digits(_ parser: inout JSONParser) -> Int {
            let first = parser.offset
            while let byte = parser.peek(), byte >= 0x30, byte <= 0x39 { parser.offset += 1 }
            return parser.offset - first
        }
        var negative = false
        if peek() == UInt8(ascii: "-") {
            offset += 1
            negative = true
        }
        let whole = offset
        let count = digits(&self)
        if count == 0 || (count > 1 && bytes[whole] == 0x30) {
            offset = start
            throw error("not a number", expected: "digits without leading zeros")
        }
        var isWhole = true
        if peek() == UInt8(ascii: ".") {
            isWhole = false
            offset += 1
            if digits(&self) == 0 { throw error("not a number", expected: "digits after the point") }
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            offset += 1
            if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
            if digits(&self) == 0 { throw error("not a number", expected: "digits in the exponent") }
        }
        if isWhole, count <= 15 {
            var result = 0
            for position in whole..<offset { result = result * 10 + Int(bytes[position] - 0x30) }
            return negative ? -Double(result) : Double(result)
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard let result = Double(text), result.isFinite else {
            offset = start
            throw error("a number beyond the range of a double", expected: "a finite number")
        }
        return result
    }

    /// Reads a string.
    package mutating func string() throws -> String {
        guard isNext("\"") else { throw error("not a string", expected: "'\"'") }
        offset += 1
        let start = offset
        while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
        if peek() == UInt8(ascii: "\"") {
            defer { offset += 1 }
            return try text(UnsafeRawBufferPointer(rebasing: bytes[start..<offset]))
        }
        var buffer = Array(bytes[start..<offset])
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return try text(buffer)
            case UInt8(ascii: "\\"):
                offset += 1
                try escape(into: &buffer)
            case 0..<0x20:
                throw error("a control character in a string", expected: "an escape such as \\n")
            default:
                buffer.append(byte)
                offset += 1
            }
        }
        throw error("the file ends inside a string", expected: "'\"'")
    }

    private func text(_ buffer: some Sequence<UInt8>) throws -> String {
        guard let text = String(validating: buffer, as: UTF8.self) else {
            throw error("a string that is not UTF-8", expected: "UTF-8")
        }
        return text
    }

    private mutating func escape(into buffer: inout [UInt8]) throws {
        guard let byte = peek() else { throw error("the file ends inside a string", expected: "an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if code >= 0xD800, code < 0xDC00, peek() == UInt8(ascii: "\\"), offset + 1 < bytes.count,
                bytes[offset + 1] == UInt8(ascii: "u")
            {
                offset += 2
                let low = try hexadecimal()
                guard low >= 0xDC00, low < 0xE000 else {
                    throw error("half a surrogate pair", expected: "its other half")
                }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw error("half a surrogate pair", expected: "a Unicode character")
            }
            buffer.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw error("an unknown escape", expected: "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
        }
    }

    private mutating func hexadecimal() throws -> UInt32 {
        guard offset + 4 <= bytes.count, bytes[offset..<offset + 4].allSatisfy({ isHexadecimal($0) }),
            let code = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
        else { throw error("a broken \\u escape", expected: "four hexadecimal digits") }
        offset += 4
        return code
    }

    private func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let length = word.utf8CodeUnitCount
        guard offset + length <= bytes.count,
            word.withUTF8Buffer({ $0.elementsEqual(bytes[offset..<offset + length]) })
        else { throw error("not a JSON value", expected: "\(word)") }
        offset += length
        return value
    }

    private func peek() -> UInt8? {
        offset < bytes.count ? bytes[offset] : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    /// The error for what stands at the parser's place.
    package func error(_ what: String, expected: String) -> FileError {
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.reduce(into: 1) { if $1 == 0x0A { $0 += 1 } }
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let column = before[lineStart...].reduce(into: 1) { if $1 & 0xC0 != 0x80 { $0 += 1 } }
        let excerpt = String(decoding: bytes[min(offset, bytes.count)..<min(offset + 20, bytes.count)], as: UTF8.self)
        return FileError(
            Diagnosis(
                .badData, "bad JSON: \(what)", path: path, place: "\(line):\(column)",
                found: offset < bytes.count ? "\(excerpt.debugDescription) at byte \(offset)" : "the end of the file",
                expected: expected, nextStep: "write the file again, or check that it was copied whole"))
    }
}
