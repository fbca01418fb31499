import Core

/// A restricted unpickler: runs a pickle's instructions (protocols 0 to 5) over data, calls nothing.
///
/// Source: CPython's `pickletools`. Classes and functions are names; `resolve` may turn the few that build tensors into
/// values, every other call becomes a `PickleObject`.
struct PickleMachine {
    /// Builds the value of a call to a known function; nil leaves an inert object.
    typealias Reduce = (_ name: String, _ arguments: [PickleValue]) throws -> PickleValue?
    /// Builds the value of a persistent identifier, such as a storage.
    typealias Persistent = (_ identifier: PickleValue) throws -> PickleValue

    private let bytes: UnsafeRawBufferPointer
    private let path: String
    private let reduce: Reduce
    private let persistent: Persistent
    private var offset = 0
    private var stack: [PickleValue] = []
    private var memo: [Int: PickleValue] = [:]
    private var containers: [any PickleContainer] = []

    init(
        bytes: UnsafeRawBufferPointer, path: String, reduce: @escaping Reduce, persistent: @escaping Persistent
    ) {
        self.bytes = bytes
        self.path = path
        self.reduce = reduce
        self.persistent = persistent
    }

    /// Empties all containers that were built: the result of `run` is then void.
    ///
    /// To be called once the result was read, and after an error too.
    mutating func dismantle() {
        for container in containers { container.removeAll() }
        containers = []
        stack = []
        memo = [:]
    }

    /// Runs to the STOP instruction.
    ///
    /// - Returns: the object; read it before `dismantle`.
    /// - Throws: `CheckpointError` (65) with the byte offset where the stream is cut, broken, or uses what no checkpoint
    ///   needs (extension registry, out-of-band buffers).
    mutating func run() throws -> PickleValue {
        while true {
            let start = offset
            let code = try byte()
            if code == UInt8(ascii: ".") { return try pop() }
            guard try stackInstruction(code) || memoInstruction(code) || scalar(code) || container(code) || call(code)
            else {
                offset = start
                throw error("an instruction that checkpoints do not use", found: "0x" + String(code, radix: 16))
            }
        }
    }

    // MARK: Instructions

    private mutating func stackInstruction(_ code: UInt8) throws -> Bool {
        switch code {
        case 0x80: _ = try byte()  // PROTO
        case 0x95: _ = try length(8)  // FRAME
        case UInt8(ascii: "("): push(.mark)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"): push(try top())
        default: return false
        }
        return true
    }

    private mutating func memoInstruction(_ code: UInt8) throws -> Bool {
        switch code {
        case UInt8(ascii: "g"): push(try remembered(try decimalLine()))
        case UInt8(ascii: "h"): push(try remembered(Int(try byte())))
        case UInt8(ascii: "j"): push(try remembered(try length(4)))
        case UInt8(ascii: "p"): memo[try decimalLine()] = try top()
        case UInt8(ascii: "q"): memo[Int(try byte())] = try top()
        case UInt8(ascii: "r"): memo[try length(4)] = try top()
        case 0x94: memo[memo.count] = try top()
        default: return false
        }
        return true
    }

    private mutating func scalar(_ code: UInt8) throws -> Bool {
        switch code {
        case UInt8(ascii: "N"): push(.none)
        case 0x88: push(.bool(true))
        case 0x89: push(.bool(false))
        case UInt8(ascii: "I"):
            let text = try line()
            push(text == "01" ? .bool(true) : text == "00" ? .bool(false) : .int(try decimal(text)))
        case UInt8(ascii: "J"): push(.int(Int(Int32(truncatingIfNeeded: try length(4)))))
        case UInt8(ascii: "K"): push(.int(Int(try byte())))
        case UInt8(ascii: "M"): push(.int(try length(2)))
        case UInt8(ascii: "L"):
            let text = try line()
            push(.int(try decimal(text.hasSuffix("L") ? String(text.dropLast()) : text)))
        case 0x8A: push(long(try take(Int(try byte()))))
        case 0x8B: push(long(try take(try length(4))))
        case UInt8(ascii: "F"):
            guard let value = Double(try line()) else { throw error("not a number") }
            push(.float(value))
        case UInt8(ascii: "G"):
            let bits = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            push(.float(Double(bitPattern: bits)))
        case UInt8(ascii: "S"), UInt8(ascii: "V"): push(.string(try line().trimmingQuotes()))
        case UInt8(ascii: "T"): push(.string(try text(try length(4))))
        case UInt8(ascii: "U"), 0x8C: push(.string(try text(Int(try byte()))))
        case UInt8(ascii: "X"): push(.string(try text(try length(4))))
        case 0x8D: push(.string(try text(try length(8))))
        case UInt8(ascii: "B"): push(.bytes(Array(try take(try length(4)))))
        case UInt8(ascii: "C"): push(.bytes(Array(try take(Int(try byte())))))
        case 0x8E, 0x96: push(.bytes(Array(try take(try length(8)))))
        default: return false
        }
        return true
    }

    private mutating func container(_ code: UInt8) throws -> Bool {
        switch code {
        case UInt8(ascii: "]"), 0x8F: push(.list(PickleList()))  // a set is kept as a list
        case UInt8(ascii: ")"): push(.tuple([]))
        case UInt8(ascii: "}"): push(.dictionary(PickleDictionary()))
        case UInt8(ascii: "l"), 0x91:
            let list = PickleList()
            list.items = try popToMark()
            push(.list(list))
        case UInt8(ascii: "t"): try pushTuple(try popToMark())
        case 0x85, 0x86, 0x87:
            var items: [PickleValue] = []
            for _ in 0..<Int(code - 0x84) { items.append(try pop()) }
            try pushTuple(items.reversed())
        case UInt8(ascii: "d"):
            let dictionary = PickleDictionary()
            try put(try popToMark(), into: dictionary)
            push(.dictionary(dictionary))
        case UInt8(ascii: "a"):
            let item = try pop()
            try append([item])
        case UInt8(ascii: "e"), 0x90:
            let items = try popToMark()
            try append(items)
        case UInt8(ascii: "s"):
            let value = try pop()
            let key = try pop()
            try set([key, value])
        case UInt8(ascii: "u"):
            let items = try popToMark()
            try set(items)
        default: return false
        }
        return true
    }

    private mutating func call(_ code: UInt8) throws -> Bool {
        switch code {
        case UInt8(ascii: "c"):
            let module = try line()
            push(.global(module + "." + (try line())))
        case 0x93:
            guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
                throw error("a class without a name")
            }
            push(.global(module + "." + name))
        case UInt8(ascii: "R"), 0x81:
            let arguments = try pop()
            push(try apply(try pop(), try tuple(arguments)))
        case 0x92:
            let keywords = try pop()
            let arguments = try tuple(try pop())
            push(try apply(try pop(), arguments + [keywords]))
        case UInt8(ascii: "i"):
            let module = try line()
            let name = try line()
            push(try apply(.global(module + "." + name), try popToMark()))
        case UInt8(ascii: "o"):
            let items = try popToMark()
            guard let first = items.first else { throw error("an object without a class") }
            push(try apply(first, Array(items.dropFirst())))
        case UInt8(ascii: "b"):
            let state = try pop()
            if case .object(let object) = try top() { object.state = state }
        case UInt8(ascii: "P"): push(try persistent(.string(try line())))
        case UInt8(ascii: "Q"): push(try persistent(try pop()))
        default: return false
        }
        return true
    }

    // MARK: Building

    private func apply(_ callee: PickleValue, _ arguments: [PickleValue]) throws -> PickleValue {
        guard case .global(let name) = callee else {
            return .object(PickleObject(className: "an unnamed callable", arguments: arguments))
        }
        return try reduce(name, arguments) ?? .object(PickleObject(className: name, arguments: arguments))
    }

    private func append(_ items: [PickleValue]) throws {
        switch try top() {
        case .list(let list): list.items += items
        case .object(let object): object.list.items += items
        default: throw error("items for what is no list")
        }
    }

    private func set(_ items: [PickleValue]) throws {
        switch try top() {
        case .dictionary(let dictionary): try put(items, into: dictionary)
        case .object(let object): try put(items, into: object.dictionary)
        default: throw error("items for what is no dictionary")
        }
    }

    private func put(_ items: [PickleValue], into dictionary: PickleDictionary) throws {
        guard items.count.isMultiple(of: 2) else { throw error("a key without a value") }
        for index in stride(from: 0, to: items.count, by: 2) {
            dictionary.items.append((items[index], items[index + 1]))
        }
    }

    private func tuple(_ value: PickleValue) throws -> [PickleValue] {
        guard case .tuple(let items, _) = value else { throw error("arguments that are no tuple") }
        return items
    }

    private func long(_ digits: Slice<UnsafeRawBufferPointer>) -> PickleValue {
        guard let last = digits.last else { return .int(0) }
        if digits.count > 8 { return .string("an integer of \(digits.count) bytes") }
        let magnitude = digits.reversed().reduce(UInt64(last & 0x80 == 0 ? 0 : UInt64.max)) { $0 << 8 | UInt64($1) }
        return .int(Int(Int64(bitPattern: magnitude)))
    }

    // MARK: Stack

    private mutating func push(_ value: PickleValue) {
        switch value {
        case .list(let list): containers.append(list)
        case .dictionary(let dictionary): containers.append(dictionary)
        case .object(let object): containers.append(object)
        default: break
        }
        stack.append(value)
    }

    private mutating func pushTuple(_ items: [PickleValue]) throws {
        let inner = items.map { if case .tuple(_, let depth) = $0 { depth } else { 0 } }.max() ?? 0
        guard inner < 200 else { throw error("tuples nested too deeply", expected: "at most 200 levels") }
        push(.tuple(items, depth: inner + 1))
    }

    private mutating func pop() throws -> PickleValue {
        guard let value = stack.popLast() else { throw error("the stack is empty") }
        return value
    }

    private func top() throws -> PickleValue {
        guard let value = stack.last else { throw error("the stack is empty") }
        if case .mark = value { throw error("a mark where a value must be") }
        return value
    }

    private mutating func popToMark() throws -> [PickleValue] {
        let position = stack.lastIndex { if case .mark = $0 { true } else { false } }
        guard let position else { throw error("no mark on the stack") }
        let items = Array(stack[(position + 1)...])
        stack.removeLast(items.count + 1)
        return items
    }

    private func remembered(_ key: Int) throws -> PickleValue {
        guard let value = memo[key] else { throw error("a memo that was never set", found: "\(key)") }
        return value
    }

    // MARK: Bytes

    private mutating func byte() throws -> UInt8 {
        guard offset < bytes.count else { throw error("the pickle ends in the middle", expected: "STOP") }
        defer { offset += 1 }
        return bytes[offset]
    }

    private mutating func length(_ count: Int) throws -> Int {
        let value = try take(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let value = Int(exactly: value) else { throw error("a length beyond all files", found: "\(value)") }
        return value
    }

    private mutating func take(_ count: Int) throws -> Slice<UnsafeRawBufferPointer> {
        guard count <= bytes.count - offset else {
            throw error(
                "the pickle ends in the middle", found: "\(bytes.count - offset) bytes", expected: "\(count) bytes")
        }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    private mutating func text(_ count: Int) throws -> String {
        String(decoding: try take(count), as: UTF8.self)
    }

    private mutating func line() throws -> String {
        guard let end = bytes[offset...].firstIndex(of: 0x0A) else {
            throw error("the pickle ends in the middle of a line")
        }
        defer { offset = end + 1 }
        return String(decoding: bytes[offset..<end], as: UTF8.self)
    }

    private mutating func decimalLine() throws -> Int {
        try decimal(try line())
    }

    private func decimal(_ text: String) throws -> Int {
        guard let value = Int(text) else { throw error("not a whole number", found: text.prefix(40).debugDescription) }
        return value
    }

    private func error(_ what: String, found: String? = nil, expected: String? = nil) -> CheckpointError {
        .bad("broken pickle: \(what)", path: path, place: "data.pkl byte \(offset)", found: found, expected: expected)
    }
}

extension String {
    /// The text between matching quotes, as protocol 0 writes strings.
    fileprivate func trimmingQuotes() -> String {
        guard count >= 2, let quote = first, quote == last, quote == "'" || quote == "\"" else { return self }
        return String(dropFirst().dropLast())
    }
}
