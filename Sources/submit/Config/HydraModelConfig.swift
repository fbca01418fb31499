import Core
import Yams

/// The model config of a Hydra project, of which only the backbone's name matters here.
enum HydraModelConfig {
    /// The backbone's name: `text` itself, or the `model_name` of the YAML file that it names.
    ///
    /// - Throws: `ConfigurationError` (78) where the file is no YAML, or names no backbone or two.
    static func backboneName(from text: String) throws -> String {
        guard text.hasSuffix(".yaml") || text.hasSuffix(".yml") else { return text }
        let yaml = try MappedFile(path: text).withBytes { String(decoding: $0, as: UTF8.self) }
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw ConfigurationError(Diagnosis(.configuration, "broken YAML: \(error)", path: text))
        }
        let names = Set(root.map(modelNames) ?? [])
        guard let name = names.first, names.count == 1 else {
            throw ConfigurationError(
                Diagnosis(
                    .configuration, "no single backbone in the model config", path: text,
                    found: names.isEmpty ? "no key model_name" : "model_name " + names.sorted().joined(separator: ", "),
                    expected: "one model_name, such as tf_efficientnet_b4"))
        }
        return name
    }

    private static func modelNames(_ node: Node) -> [String] {
        switch node {
        case .mapping(let mapping):
            mapping.flatMap { key, value in
                key.string == "model_name" ? [value.string].compactMap { $0 } : modelNames(value)
            }
        case .sequence(let sequence): sequence.flatMap(modelNames)
        default: []
        }
    }
}
