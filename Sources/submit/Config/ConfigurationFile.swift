import Core
import Yams

extension Configuration {
    /// Applies the YAML file at `path`: nested or dotted keys, Hydra's names or the short ones.
    ///
    /// - Throws: `ConfigurationError` with `line:column`: broken YAML, an unknown key (with the nearest known one), a
    ///   value that is none.
    mutating func apply(file path: String) throws {
        let text = try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw ConfigurationError(
                Diagnosis(
                    .configuration, "broken YAML: \(error)", path: path, nextStep: "submit config write shows the form")
            )
        }
        guard let node, node != Node("") else { return }
        try apply(node, prefix: "", path: path)
    }

    /// Applies a dotted override such as `postprocess.thresh=0.25`.
    mutating func apply(override text: String) throws {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ConfigurationError(
                Diagnosis(.usage, "not an override: \(text)", expected: "key=value, such as thresh=0.25"))
        }
        try set(String(text[..<equals]), to: String(text[text.index(after: equals)...]), path: nil, place: nil)
    }

    /// This configuration as commented YAML, as in configs/default.yaml.
    var yaml: String {
        var lines: [String] = []
        var section = ""
        for key in ConfigurationKey.all {
            if key.section != section {
                section = key.section
                lines.append((lines.isEmpty ? "" : "\n") + "\(section):")
            }
            let value = key.get(self)
            lines.append("  # \(key.help): \(key.expected)")
            lines.append("  \(key.leaf): \(value.isEmpty ? "\"\"" : value)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private mutating func apply(_ node: Node, prefix: String, path: String) throws {
        let place = node.mark.map { "\($0.line):\($0.column)" }
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                let name = prefix.isEmpty ? key.string ?? "" : prefix + "." + (key.string ?? "")
                if case .mapping = value {
                    try apply(value, prefix: name, path: path)
                } else {
                    let place = key.mark.map { "\($0.line):\($0.column)" }
                    try set(name, to: Configuration.text(of: value), path: path, place: place)
                }
            }
        default:
            throw ConfigurationError(
                Diagnosis(.configuration, "not a configuration", path: path, place: place, expected: "keys with values")
            )
        }
    }

    private static func text(of node: Node) -> String {
        node.sequence.map { $0.compactMap(\.string).joined(separator: ",") } ?? node.string ?? ""
    }

    private mutating func set(_ name: String, to text: String, path: String?, place: String?) throws {
        guard let key = ConfigurationKey.all.first(where: { $0.name == name || $0.aliases.contains(name) }) else {
            let names = ConfigurationKey.all.flatMap { [$0.name] + $0.aliases }
            throw ConfigurationError(
                Diagnosis(
                    .configuration, "unknown key \(name)", path: path, place: place,
                    nextStep: NearestName.hint(for: name, among: names) ?? "submit config show lists the known keys"))
        }
        guard key.set(&self, text) else {
            throw ConfigurationError(
                Diagnosis(
                    .configuration, "\(key.name) cannot be \(text.debugDescription)", path: path, place: place,
                    expected: key.expected))
        }
    }
}

/// The error type of the command line's configuration.
struct ConfigurationError: DiagnosedError {
    let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }
}
