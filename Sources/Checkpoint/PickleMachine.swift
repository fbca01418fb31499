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

    /// The most instructions and copied items of one pickle. A checkpoint of a thousand tensors with an optimizer's
    /// state takes about 100,000; a small hostile pickle can ask for terabytes.
    private static let workLimit = 1 << 22

    private var reader: PickleReader
    private let reduce: Reduce
    private let persistent: Persistent
    private var work = 0
    private var stack: [PickleValue] = []
    private var memo: [Int: PickleValue] = [:]
    private var containers: [any PickleContainer] = []

    init(
        bytes: UnsafeRawBufferPointer, path: String, reduce: @escaping Reduce, persistent: @escaping Persistent
    ) {
        reader = PickleReader(bytes: bytes, path: path)
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
            try spend(1)
            let code = try reader.byte()
            if code == UInt8(ascii: ".") { return try pop() }
            guard try stackInstruction(code) || memoInstruction(code) || scalar(code) || container(code) || call(code)
            else {
                throw error("an instruction that checkpoints do not use", found: "0x" + String(code, radix: 16))
            }
        }
    }

    /// Counts instructions and items that a call may copy.
    private mutating func spend(_ count: Int) throws {
        work += min(count, Self.workLimit)
        guard work <= Self.workLimit else {
            throw error(
                "more work than any checkpoint takes",
                expected: "at most \(Self.workLimit) instructions and copied items")
        }
    }

    // MARK: Instructions

    private mutating func stackInstruction(_ code: UInt8) throws -> Bool {
        switch code {
        case 0x80: _ = try reader.byte()  // PROTO
        case 0x95: _ = try reader.length(8)  // FRAME
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
        case UInt8(ascii: "g"): push(try remembered(try reader.decimalLine()))
        case UInt8(ascii: "h"): push(try remembered(Int(try reader.byte())))
        case UInt8(ascii: "j"): push(try remembered(try reader.length(4)))
        case UInt8(ascii: "p"): memo[try reader.decimalLine()] = try top()
        case UInt8(ascii: "q"): memo[Int(try reader.byte())] = try top()
        case UInt8(ascii: "r"): memo[try reader.length(4)] = try top()
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
        case UInt8(ascii: "I"), UInt8(ascii: "L"): push(try reader.integerLine())
        case UInt8(ascii: "J"): push(.int(Int(Int32(truncatingIfNeeded: try reader.length(4)))))
        case UInt8(ascii: "K"): push(.int(Int(try reader.byte())))
        case UInt8(ascii: "M"): push(.int(try reader.length(2)))
        case 0x8A: push(long(try reader.take(Int(try reader.byte()))))
        case 0x8B: push(long(try reader.take(try reader.length(4))))
        case UInt8(ascii: "F"):
            guard let value = Double(try reader.line()) else { throw error("not a number") }
            push(.float(value))
        case UInt8(ascii: "G"):
            let bits = try reader.take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            push(.float(Double(bitPattern: bits)))
        case UInt8(ascii: "S"): push(.string(try reader.line().trimmingQuotes().unescaped()))
        case UInt8(ascii: "V"): push(.string(try reader.line().unescaped()))
        case UInt8(ascii: "T"): push(.string(try reader.text(try reader.length(4))))
        case UInt8(ascii: "U"), 0x8C: push(.string(try reader.text(Int(try reader.byte()))))
        case UInt8(ascii: "X"): push(.string(try reader.text(try reader.length(4))))
        case 0x8D: push(.string(try reader.text(try reader.length(8))))
        case UInt8(ascii: "B"): push(.bytes(Array(try reader.take(try reader.length(4)))))
        case UInt8(ascii: "C"): push(.bytes(Array(try reader.take(Int(try reader.byte())))))
        case 0x8E, 0x96: push(.bytes(Array(try reader.take(try reader.length(8)))))
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
            let module = try reader.line()
            push(.global(module + "." + (try reader.line())))
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
            let module = try reader.line()
            let name = try reader.line()
            push(try apply(.global(module + "." + name), try popToMark()))
        case UInt8(ascii: "o"):
            let items = try popToMark()
            guard let first = items.first else { throw error("an object without a class") }
            push(try apply(first, Array(items.dropFirst())))
        case UInt8(ascii: "b"):
            let state = try pop()
            if case .object(let object) = try top() { object.state = state }
        case UInt8(ascii: "P"): push(try persistent(.string(try reader.line())))
        case UInt8(ascii: "Q"): push(try persistent(try pop()))
        default: return false
        }
        return true
    }

    // MARK: Building

    private mutating func apply(_ callee: PickleValue, _ arguments: [PickleValue]) throws -> PickleValue {
        try spend(arguments.reduce(arguments.count) { $0 + $1.weight })
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

    private func error(_ what: String, found: String? = nil, expected: String? = nil) -> CheckpointError {
        reader.error(what, found: found, expected: expected)
    }
}

extension PickleValue {
    /// What a call that copies this value costs, in items; a text goes by 64 bytes an item.
    fileprivate var weight: Int {
        switch self {
        case .tuple(let items, _): items.count
        case .list(let list): list.items.count
        case .dictionary(let dictionary): dictionary.items.count
        case .string(let text): text.utf8.count / 64
        default: 0
        }
    }
}

extension String {
    /// The text between matching quotes, as protocol 0 writes strings.
    fileprivate func trimmingQuotes() -> String {
        guard count >= 2, let quote = first, quote == last, quote == "'" || quote == "\"" else { return self }
        return String(dropFirst().dropLast())
    }

    /// The text with `\n`, `\\`, `\xHH`, `\uHHHH` and their like resolved, as protocol 0 writes strings.
    fileprivate func unescaped() -> String {
        guard contains("\\") else { return self }
        var result = String.UnicodeScalarView()
        var rest = unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\", let kind = rest.popFirst() else {
                result.append(scalar)
                continue
            }
            let width = ["x": 2, "u": 4, "U": 8][kind] ?? 0
            let simple: [Unicode.Scalar: Unicode.Scalar] = [
                "n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "\"": "\"",
            ]
            let digits = String(String.UnicodeScalarView(rest.prefix(width)))
            if width > 0, digits.utf8.count == width, let code = UInt32(digits, radix: 16),
                let value = Unicode.Scalar(code)
            {
                result.append(value)
                rest = rest.dropFirst(width)
            } else if let value = simple[kind] {
                result.append(value)
            } else {
                result.append(contentsOf: [scalar, kind])
            }
        }
        return String(result)
    }
}
