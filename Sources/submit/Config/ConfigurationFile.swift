import Augmentation
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
            throw ConfigurationError.broken(error, path: path)
        }
        guard let node, node != Node("") else { return }
        try apply(node, prefix: "", path: path)
    }

    /// Applies a dotted override such as `postprocess.thresh=0.25`.
    ///
    /// - Throws: `ConfigurationError` (64): an unknown key, a value that is none.
    mutating func apply(override text: String) throws {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ConfigurationError(
                Diagnosis(.usage, "not an override: \(text)", expected: "key=value, such as thresh=0.25"))
        }
        try set(String(text[..<equals]), to: String(text[text.index(after: equals)...]), source: .override)
    }

    /// Applies a named flag, such as `--thresh`, that stands for `key`.
    ///
    /// - Throws: `ConfigurationError` (64) that names the flag, where the text is no value of it.
    mutating func apply(flag: String, key: String, _ text: String) throws {
        try set(key, to: text, source: .flag(flag))
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
            lines.append("  # \(key.help) (\(key.expected))")
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
                    try set(name, to: Configuration.text(of: value), source: .file(path, place))
                }
            }
        default:
            throw ConfigurationError(
                Diagnosis(.configuration, "not a configuration", path: path, place: place, expected: "keys with values")
            )
        }
    }

    private static func text(of node: Node) -> String {
        node.sequence.map { $0.map { $0.string ?? "" }.joined(separator: ",") } ?? node.string ?? ""
    }

    /// Who gives a value.
    private enum Source {
        case file(_ path: String, _ place: String?)
        case override
        case flag(_ name: String)
    }

    private mutating func set(_ name: String, to text: String, source: Source) throws {
        var diagnosis = Diagnosis(.usage, "")
        var label: String?
        switch source {
        case .file(let path, let place):
            (diagnosis.status, diagnosis.path, diagnosis.place) = (.configuration, path, place)
        case .override: break
        case .flag(let name): label = name
        }
        guard let key = ConfigurationKey.all.first(where: { $0.name == name || $0.aliases.contains(name) }) else {
            let names = ConfigurationKey.all.flatMap { [$0.name] + $0.aliases }
            diagnosis.what = "unknown key \(name)"
            diagnosis.nextStep = NearestName.hint(for: name, among: names) ?? "submit config prints the known keys"
            throw ConfigurationError(diagnosis)
        }
        diagnosis.what = "\(label ?? key.name) cannot be \(text.debugDescription)"
        diagnosis.expected = key.expected
        do {
            guard try key.set(&self, text) else { throw ConfigurationError(diagnosis) }
        } catch let error as AugmentationError {
            diagnosis.found = error.diagnosis.what
            throw ConfigurationError(diagnosis)
        }
    }
}

/// The error type of the command line's configuration.
struct ConfigurationError: DiagnosedError {
    let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    /// A file that is no YAML, as Yams says it.
    static func broken(_ error: any Error, path: String) -> ConfigurationError {
        var diagnosis = Diagnosis(
            .configuration, "broken YAML: \(error)", path: path, nextStep: "submit config prints a file of this form")
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            diagnosis.what = "broken YAML: \(problem)"
            diagnosis.place = "\(mark.line):\(mark.column)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            diagnosis.what = "broken YAML: a key stands twice"
            diagnosis.place = "\(context.mark.line):\(context.mark.column)"
            diagnosis.found = duplicates.map { "\($0)" }.sorted().joined(separator: ", ")
        default: break
        }
        return ConfigurationError(diagnosis)
    }
}
