import Core
import Yams

/// YAML nodes as what they should be, or a complaint with their place.
extension SweepReader {
    struct Key {
        let name: String
        let node: Node

        init(_ node: Node) {
            self.init(name: node.scalar?.string ?? "", node: node)
        }

        init(name: String, node: Node) {
            self.name = name
            self.node = node
        }
    }

    typealias Member = (key: Key, value: Node)

    func members(_ node: Node, of name: String) throws -> [Member] {
        guard let mapping = node.mapping else {
            throw error("\(name) is no mapping", node, expected: "keys with values")
        }
        return mapping.map { (Key($0.key), $0.value) }
    }

    func elements(_ node: Node, _ name: String) throws -> [Node] {
        guard let sequence = node.sequence else { throw error("\(name) is no list", node, expected: "[…, …]") }
        return Array(sequence)
    }

    func string(_ node: Node, _ name: String) throws -> String {
        guard let scalar = node.scalar else { throw error("\(name) is no text", node) }
        return scalar.string
    }

    func number(_ node: Node, _ name: String) throws -> Double {
        guard let scalar = node.scalar, scalar.style == .plain, let value = Double(scalar.string), value.isFinite else {
            throw error("\(name) is no number", node, found: node.scalar?.string.debugDescription)
        }
        return value
    }

    func whole(_ node: Node, _ name: String, from minimum: Int) throws -> Int {
        guard let value = Int(exactly: try number(node, name)), value >= minimum else {
            throw error(
                "\(name) cannot be \(node.scalar?.string ?? "")", node, expected: "a whole number from \(minimum)")
        }
        return value
    }

    /// A value that `parameter` accepts.
    func value(_ node: Node, for parameter: Parameter) throws -> JSONValue {
        let text = node.scalar?.string ?? ""
        if let scalar = node.scalar, scalar.style == .plain {
            let value: JSONValue? = Double(text).map { .number($0) } ?? Self.booleans[text].map { .bool($0) }
            if let value, parameter.accepts(value) { return value }
        }
        throw error(
            "\(parameter.rawValue) cannot be \(node.scalar == nil ? "a list or mapping" : text.debugDescription)", node,
            expected: parameter.expected)
    }

    private static let booleans = [
        "true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false,
    ]

    func unknown(_ key: Key, among names: [String]) -> SweepError {
        error(
            "unknown key \(key.name)", key.node,
            nextStep: NearestName.hint(for: key.name, among: names) ?? "known: \(names.joined(separator: ", "))")
    }

    func error(
        _ what: String, _ node: Node, found: String? = nil, expected: String? = nil, nextStep: String? = nil
    ) -> SweepError {
        .configuration(
            what, path: path, place: node.mark.map(Self.text), found: found, expected: expected, nextStep: nextStep)
    }

    static func text(_ mark: Mark) -> String { "\(mark.line):\(mark.column)" }
}
