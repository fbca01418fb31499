import Core

/// What a file of `torch.save` holds: the state dict, wherever it stands, and the rest as inert JSON.
struct TorchContents {
    /// The tensors in file order.
    let tensors: [(name: String, info: TensorInfo)]
    /// Where they stood; empty for the file itself.
    let key: String
    /// Keys of further state dicts.
    let otherKeys: [String]
    /// All else but the optimizer's state; nil where there is nothing.
    let rest: JSONValue?

    /// Keys under which training scripts of the field put a state dict, in the order they are looked for: Lightning,
    /// mmengine and timm; then plain scripts; averaged weights last, since scores are mostly reported without them.
    private static let stateDictKeys = [
        "state_dict", "model_state_dict", "model_state", "model", "net", "state_dict_ema", "ema_state_dict",
        "model_ema",
    ]
    /// Bulk that says nothing about the model.
    private static let skippedKeys: Set = [
        "optimizer_states", "optimizer", "lr_schedulers", "loops", "optimizer_state_dict",
    ]

    /// - Throws: `CheckpointError` (65) where `object` is no dictionary, or holds no tensors.
    init(_ object: PickleValue, file: MappedFile) throws {
        guard case .dictionary(let root) = object else {
            throw CheckpointError.bad(
                "a pickled object instead of a state dict", path: file.path, found: Self.kind(of: object),
                expected: "a dictionary of tensors", nextStep: "save model.state_dict() instead of the model")
        }
        var found: [(key: String, tensors: [(name: String, info: TensorInfo)], others: PickleDictionary)] = []
        for key in Self.stateDictKeys {
            guard case .dictionary(let inner)? = root[key] else { continue }
            let (tensors, others) = Self.divide(inner)
            if !tensors.isEmpty { found.append((key, tensors, others)) }
        }
        var rest: PickleDictionary
        if let first = found.first {
            (key, tensors) = (first.key, first.tensors)
            rest = PickleDictionary()
            rest.items = root.items.compactMap { item in
                guard case .string(first.key) = item.key else { return item }
                return first.others.items.isEmpty ? nil : (item.key, .dictionary(first.others))
            }
        } else {
            key = ""
            (tensors, rest) = Self.divide(root)
        }
        otherKeys = found.dropFirst().map(\.key)
        rest.items.removeAll { item in
            guard case .string(let name) = item.key else { return false }
            return Self.skippedKeys.contains(name)
        }
        guard !tensors.isEmpty else {
            let listed = root.items.prefix(8).map { $0.key.keyText + " (" + Self.kind(of: $0.value) + ")" }
            throw CheckpointError.bad(
                "no tensors in the checkpoint", path: file.path,
                found: listed.isEmpty ? "an empty dictionary" : listed.joined(separator: ", "),
                expected: "a state dict, bare or under " + Self.stateDictKeys.joined(separator: ", "),
                nextStep: "save a model's state_dict()")
        }
        self.rest = rest.items.isEmpty ? nil : file.withBytes { PickleValue.dictionary(rest).json(file: $0) }
    }

    /// The tensors of `dictionary`, and what in it is none.
    private static func divide(
        _ dictionary: PickleDictionary
    ) -> (tensors: [(name: String, info: TensorInfo)], others: PickleDictionary) {
        var tensors: [(name: String, info: TensorInfo)] = []
        let others = PickleDictionary()
        for item in dictionary.items {
            if case .string(let name) = item.key, case .tensor(let info) = item.value {
                tensors.append((name, info))
            } else {
                others.items.append(item)
            }
        }
        return (tensors, others)
    }

    /// What `value` is, for messages.
    private static func kind(of value: PickleValue) -> String {
        switch value {
        case .object(let object): "an object of class \(object.className)"
        case .dictionary(let dictionary): "a dictionary of \(dictionary.items.count)"
        case .list, .tuple: "a list"
        case .tensor: "a tensor"
        default: "a value"
        }
    }
}
