import Archive
import Core

/// What is in a checkpoint file, without running any of it.
///
/// A trained model's file: its tensors, and the settings that were saved beside them.
public struct Checkpoint: Sendable {
    /// The kind of file.
    public enum Format: String, Sendable {
        /// `torch.save`'s zip: `.pth`, `.pt`, Lightning's `.ckpt`.
        case torchZip = "PyTorch zip"
        /// `.safetensors`.
        case safetensors
    }

    /// The path as it was given.
    public let path: String
    /// The kind of file, by its first bytes, whatever its name.
    public let format: Format
    /// The weights, names without the prefixes of wrappers.
    public let tensors: StateDict
    /// The prefix that was stripped from the names, such as `model.`; empty where there was none.
    public let prefix: String
    /// Where in the file the state dict stood: a key such as `state_dict`; empty for the file itself.
    public let stateDictKey: String
    /// All that was saved beside the weights and the optimizer's state: `hyper_parameters`, `epoch`, callbacks, …;
    /// classes that are not known stand as `{"__class__": …}`. Safetensors' metadata in its place.
    public let hyperparameters: JSONValue?

    /// Maps the checkpoint at `path` and reads what it holds; weights are read when asked for.
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `CheckpointError` or `ArchiveError` (65) where it is no
    ///   checkpoint, is cut, lies about its sizes, or holds no tensors.
    public init(path: String) throws {
        let file = try MappedFile(path: path)
        self.path = path
        let found = try file.withBytes { bytes in
            if bytes.starts(with: "PK".utf8) { return Format.torchZip }
            if SafeTensors.recognises(bytes) { return .safetensors }
            try TorchArchive.refuseOtherForms(bytes, path: path)
            throw CheckpointError.bad(
                bytes.isEmpty ? "an empty file" : "not a checkpoint", path: path,
                found: bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: " "),
                expected: "a zip as torch.save writes it, or safetensors",
                nextStep: "name a .ckpt, .pth, .pt or .safetensors file")
        }
        format = found
        var named: [(name: String, info: TensorInfo)]
        switch found {
        case .safetensors:
            (named, hyperparameters) = try SafeTensors.read(file)
            stateDictKey = ""
        case .torchZip:
            (named, stateDictKey, hyperparameters) = try TorchArchive(ZipArchive(file: file)).withObject {
                try Self.contents(of: $0, path: path)
            }
        }
        guard !named.isEmpty else {
            throw CheckpointError.bad(
                "no tensors in the checkpoint", path: path, nextStep: "save a model's state_dict()")
        }
        prefix = named.map { String(Self.wrapperPrefix(of: $0.name)) }.max { $0.count < $1.count } ?? ""
        named = named.map { (String($0.name.dropFirst(Self.wrapperPrefix(of: $0.name).count)), $0.info) }
        tensors = try StateDict(file: file, tensors: named)
    }

    /// SHA-256 of the whole file, 64 hexadecimal digits. Complexity: O(file).
    public var sha256: String { tensors.file.sha256() }

    private static let wrappers = ["model.", "module.", "_orig_mod."]

    /// The wrappers' names at the start of `name`, in any order and number.
    private static func wrapperPrefix(of name: String) -> Substring {
        var rest = name[...]
        while let wrapper = wrappers.first(where: { rest.hasPrefix($0) && rest.count > $0.count }) {
            rest = rest.dropFirst(wrapper.count)
        }
        return name[..<rest.startIndex]
    }

    /// Keys under which a dictionary of tensors stands, by how training scripts of the field write them.
    private static let stateDictKeys = [
        "state_dict", "model_state_dict", "model_state", "model", "net", "state_dict_ema",
    ]
    /// Bulk that says nothing about the model.
    private static let skippedKeys: Set = [
        "optimizer_states", "optimizer", "lr_schedulers", "loops", "optimizer_state_dict",
    ]

    private static func contents(
        of object: PickleValue, path: String
    ) throws -> (tensors: [(name: String, info: TensorInfo)], key: String, rest: JSONValue?) {
        guard case .dictionary(let root) = object else {
            var found = "a value"
            if case .object(let object) = object { found = "an object of class \(object.className)" }
            throw CheckpointError.bad(
                "a pickled object instead of a state dict", path: path, found: found,
                expected: "a dictionary of tensors", nextStep: "save model.state_dict() instead of the model")
        }
        func tensors(_ dictionary: PickleDictionary) -> [(name: String, info: TensorInfo)] {
            dictionary.items.compactMap { item in
                guard case .string(let name) = item.key, case .tensor(let info) = item.value else { return nil }
                return (name, info)
            }
        }
        for key in stateDictKeys {
            guard case .dictionary(let inner)? = root[key] else { continue }
            let named = tensors(inner)
            guard !named.isEmpty else { continue }
            let rest = PickleDictionary()
            rest.items = root.items.filter { item in
                guard case .string(let name) = item.key else { return false }
                return name != key && !skippedKeys.contains(name)
            }
            return (named, key, PickleValue.dictionary(rest).json())
        }
        return (tensors(root), "", nil)
    }
}
