import Core

/// The heading of a NumPy array file: a Python dictionary of three members.
struct NPYHeader {
    let shape: [Int]
    let type: NPYArray.Element
    let isBigEndian: Bool
    let isFortranOrder: Bool
    /// Where the numbers begin.
    let dataOffset: Int

    /// Reads the heading of `bytes`; `path` and `place` name them in errors.
    init(_ bytes: UnsafeRawBufferPointer, path: String, place: String?) throws {
        func broken(_ found: String, expected: String? = nil) -> MapsError {
            MapsError.foreign("not a NumPy array", path: path, place: place, found: found, expected: expected)
        }
        guard bytes.count >= 10, bytes.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) else {
            throw broken("\(bytes.count) bytes that begin otherwise")
        }
        guard (1...3).contains(bytes[6]) else { throw broken("version \(bytes[6])", expected: "version 1, 2 or 3") }
        let start = bytes[6] == 1 ? 10 : 12
        guard bytes.count >= start else { throw broken("a heading cut short") }
        let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
        guard length <= bytes.count - start else { throw broken("a heading cut short") }
        dataOffset = start + length
        let text = String(decoding: bytes[start..<dataOffset], as: UTF8.self)
        var scanner = DictionaryScanner(text)
        guard let members = scanner.members() else { throw broken("the heading \(text.prefix(120))") }
        guard case .text(let description) = members["descr"] else {
            throw broken("a structured type", expected: "one plain number a value")
        }
        let code = description.drop { "<>=|".contains($0) }
        guard description.count - code.count <= 1, let type = NPYArray.Element(rawValue: String(code)) else {
            throw broken(
                "type \(description)", expected: "float16, float32, float64, uint8 or uint16 (f2, f4, f8, u1, u2)")
        }
        guard case .flag(let isFortran) = members["fortran_order"], case .sizes(let shape) = members["shape"] else {
            throw broken("the heading \(text.prefix(120))", expected: "fortran_order and shape")
        }
        self.type = type
        self.shape = shape
        isBigEndian = description.first == ">"
        isFortranOrder = isFortran
    }
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
private struct DictionaryScanner {
    enum Value {
        case text(String)
        case flag(Bool)
        case sizes([Int])
    }

    private var rest: Substring

    init(_ text: String) {
        rest = text[...]
    }

    /// The members; nil where the text is anything else.
    mutating func members() -> [String: Value]? {
        guard take("{") else { return nil }
        var members: [String: Value] = [:]
        while !take("}") {
            guard let key = quoted(), take(":"), let value = value() else { return nil }
            members[key] = value
            if !take(",") {
                guard take("}") else { return nil }
                break
            }
        }
        return members
    }

    private mutating func value() -> Value? {
        if take("True") { return .flag(true) }
        if take("False") { return .flag(false) }
        if let text = quoted() { return .text(text) }
        guard take("(") else { return nil }
        var sizes: [Int] = []
        while !take(")") {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let size = Int(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            // Python 2 wrote long integers so.
            _ = take("L")
            sizes.append(size)
            if !take(",") {
                guard take(")") else { return nil }
                break
            }
        }
        return .sizes(sizes)
    }

    private mutating func quoted() -> String? {
        for quote in ["'", "\""] where take(quote) {
            let text = rest.prefix { String($0) != quote }
            rest = rest.dropFirst(text.count)
            return take(quote) ? String(text) : nil
        }
        return nil
    }

    /// Drops `token`, and space around it, where it comes next.
    private mutating func take(_ token: String) -> Bool {
        rest = rest.drop(while: \.isWhitespace)
        guard rest.hasPrefix(token) else { return false }
        rest = rest.dropFirst(token.count).drop(while: \.isWhitespace)
        return true
    }
}
