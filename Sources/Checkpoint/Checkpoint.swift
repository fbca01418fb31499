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
    /// Keys of further state dicts that were not taken, such as `state_dict_ema`.
    public let otherStateDictKeys: [String]
    /// All that was saved beside the weights and the optimizer's state: `hyper_parameters`, `epoch`, callbacks, and what
    /// in the state dict is no tensor of a known dtype; classes that are not known stand as `{"__class__": …}`.
    /// Safetensors' metadata in its place.
    public let hyperparameters: JSONValue?

    /// Maps the checkpoint at `path` and reads what it holds; weights are widened when asked for.
    ///
    /// Of several state dicts the first of `state_dict`, `model_state_dict`, `model_state`, `model`, `net`,
    /// `state_dict_ema`, `ema_state_dict`, `model_ema` is taken: the trained weights before their running average.
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `CheckpointError` or `ArchiveError` (65) where it is no
    ///   checkpoint, is cut, lies about its sizes, holds no tensors, or a weight's bytes do not have their CRC.
    /// - Complexity: O(bytes of the weights) for zips, whose CRCs are checked; O(header) for safetensors.
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
            otherStateDictKeys = []
        case .torchZip:
            let archive = try TorchArchive(ZipArchive(file: file))
            let contents = try archive.withObject { try TorchContents($0, file: file) }
            try archive.verify(contents.tensors.map(\.info))
            named = contents.tensors
            stateDictKey = contents.key
            otherStateDictKeys = contents.otherKeys
            hyperparameters = contents.rest
        }
        guard !named.isEmpty else {
            throw CheckpointError.bad(
                "no tensors in the checkpoint", path: path, nextStep: "save a model's state_dict()")
        }
        prefix = named.map { String(Self.wrapperPrefix(of: $0.name)) }.max { $0.count < $1.count } ?? ""
        named = named.map { (String($0.name.dropFirst(Self.wrapperPrefix(of: $0.name).count)), $0.info) }
        tensors = try StateDict(file: file, tensors: named)
    }

    /// SHA-256 of the whole file, 64 hexadecimal digits. Complexity: O(file), once.
    public var sha256: String { tensors.file.sha256() }

    /// Gives the memory of what was read back to the system, once an engine has the weights.
    public func releasePages() { tensors.file.releasePages() }

    private static let wrappers = ["model.", "module.", "_orig_mod."]

    /// The wrappers' names at the start of `name`, in any order and number.
    private static func wrapperPrefix(of name: String) -> Substring {
        var rest = name[...]
        while let wrapper = wrappers.first(where: { rest.hasPrefix($0) && rest.count > $0.count }) {
            rest = rest.dropFirst(wrapper.count)
        }
        return name[..<rest.startIndex]
    }
}
