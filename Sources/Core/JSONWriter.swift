/// An object written member by member, as `JSONValue.text(indent:)` writes it whole: an array of objects, however long, is
/// never in memory.
public struct JSONObjectStream {
    private let emit: (String) throws -> Void
    private let indent: Int
    private var isEmpty = true

    /// Writes an object by `emit`, `indent` spaces a level.
    public init(indent: Int = 2, _ emit: @escaping (String) throws -> Void) {
        self.emit = emit
        self.indent = indent
    }

    /// Writes the next member.
    public mutating func write(_ key: String, _ value: JSONValue) throws {
        var text = ""
        begin(key, &text)
        value.write(to: &text, indent: indent, level: 1)
        try emit(text)
    }

    /// Writes the next member, an array of objects.
    public mutating func write(_ key: String, objects: some Sequence<JSONObject>) throws {
        var text = ""
        begin(key, &text)
        var separator = "["
        for object in objects {
            text += separator + "\n" + String(repeating: " ", count: 2 * indent)
            JSONValue.object(object).write(to: &text, indent: indent, level: 2)
            try emit(text)
            (text, separator) = ("", ",")
        }
        try emit(text + (separator == "[" ? "[]" : "\n" + String(repeating: " ", count: indent) + "]"))
    }

    /// Closes the object; there is no line feed after it.
    public func end() throws { try emit(isEmpty ? "{}" : "\n}") }

    private mutating func begin(_ key: String, _ text: inout String) {
        text += (isEmpty ? "{\n" : ",\n") + String(repeating: " ", count: indent)
        JSONValue.write(key, to: &text)
        text += ": "
        isEmpty = false
    }
}

extension JSONValue {
    /// This value as JSON text.
    ///
    /// - Parameter indent: spaces a level; nil writes one line. Arrays of numbers stay on one line either way.
    /// - Returns: UTF-8-safe text without a final line feed; numbers in their shortest form that reads back equal.
    public func text(indent: Int? = nil) -> String {
        var output = ""
        write(to: &output, indent: indent, level: 0)
        return output
    }

    /// Appends this value; see `text(indent:)`.
    package func write(to output: inout String, indent: Int? = nil, level: Int = 0) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .number(let value): output += JSONValue.numberText(value)
        case .string(let value): JSONValue.write(value, to: &output)
        case .array(let values):
            let isFlat = values.allSatisfy { if case .array = $0 { false } else { $0.object == nil } }
            let isPolygon = values.allSatisfy { $0.array?.allSatisfy { $0.number != nil } ?? false }
            writeList(values, "[", "]", to: &output, indent: isFlat || isPolygon ? nil : indent, level: level) {
                $1.write(to: &$0, indent: isPolygon ? nil : indent, level: level + 1)
            }
        case .object(let members):
            writeList(Array(members), "{", "}", to: &output, indent: indent, level: level) { output, member in
                JSONValue.write(member.0, to: &output)
                output += ": "
                member.1.write(to: &output, indent: indent, level: level + 1)
            }
        }
    }

    private func writeList<Element>(
        _ elements: [Element], _ open: String, _ close: String, to output: inout String, indent: Int?, level: Int,
        _ body: (inout String, Element) -> Void
    ) {
        output += open
        for (position, element) in elements.enumerated() {
            if position > 0 { output += indent == nil ? ", " : "," }
            if let indent { output += "\n" + String(repeating: " ", count: indent * (level + 1)) }
            body(&output, element)
        }
        if let indent, !elements.isEmpty { output += "\n" + String(repeating: " ", count: indent * level) }
        output += close
    }

    /// `value` in the shortest form that reads back equal, whole numbers without a point.
    ///
    /// - Precondition: `value` is finite.
    package static func numberText(_ value: Double) -> String {
        precondition(value.isFinite, "JSON has no number for \(value)")
        if let whole = Int(exactly: value), abs(whole) < 1 << 53 { return String(whole) }
        return "\(value)"
    }

    /// Appends `text` in quotes, escaped.
    package static func write(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
