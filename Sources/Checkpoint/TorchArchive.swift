import Archive
import Core

/// PyTorch's zip format: `NAME/data.pkl` describes objects, `NAME/data/KEY` holds a storage each, stored and mapped.
///
/// Source: `torch.serialization` since 1.6 and `torch._utils._rebuild_tensor_v2`.
struct TorchArchive {
    private let archive: ZipArchive
    private let root: String

    /// Refuses what looks like PyTorch but is not the zip format, by name.
    static func refuseOtherForms(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        let legacyMagic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
        let isLegacy = bytes.count > 14 && bytes[0] == 0x80 && bytes[2..<14].elementsEqual(legacyMagic)
        let isTar = bytes.count > 262 && bytes[257..<262].elementsEqual("ustar".utf8)
        guard isLegacy || isTar else { return }
        throw CheckpointError.bad(
            "the format that PyTorch wrote before 1.6", path: path,
            found: isTar ? "a tar archive" : "a bare pickle with the legacy magic number", expected: "the zip format",
            nextStep: "python -c \"import torch; torch.save(torch.load('OLD.pth', map_location='cpu', "
                + "weights_only=True), 'NEW.pth')\"")
    }

    /// - Throws: where the archive is not one of PyTorch's, or is big-endian or TorchScript.
    init(_ archive: ZipArchive) throws {
        self.archive = archive
        let path = archive.file.path
        guard let pickle = archive.entries.first(where: { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") })
        else {
            throw CheckpointError.bad(
                "a zip, but not one of PyTorch's", path: path,
                found: archive.entries.prefix(3).map(\.name).joined(separator: ", "),
                expected: "an entry NAME/data.pkl",
                nextStep: "name a .ckpt, .pth, .pt or .safetensors file")
        }
        root = String(pickle.name.dropLast("data.pkl".count))
        if archive[root + "constants.pkl"] != nil {
            throw CheckpointError.bad(
                "a TorchScript archive", path: path, expected: "a state_dict",
                nextStep: "save the module's state_dict() instead of torch.jit.save")
        }
        if let order = archive[root + "byteorder"], try archive.data(of: order) != Array("little".utf8) {
            throw CheckpointError.bad(
                "a checkpoint written on a big-endian machine", path: path, place: order.name, expected: "little",
                nextStep: "load and save it again on a little-endian machine")
        }
    }

    /// Calls `body` with the object that `torch.save` was given; it is void afterwards.
    func withObject<Result>(_ body: (PickleValue) throws -> Result) throws -> Result {
        guard let entry = archive[root + "data.pkl"] else { return try body(.none) }
        let bytes = try archive.data(of: entry, limit: 1 << 28)
        return try bytes.withUnsafeBytes { buffer in
            var machine = PickleMachine(
                bytes: buffer, path: archive.file.path, reduce: reduce, persistent: storage)
            defer { machine.dismantle() }
            return try body(try machine.run())
        }
    }

    private static let storages: [String: DataType] = [
        "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "DoubleStorage": .float64,
        "CharStorage": .int8, "ShortStorage": .int16, "IntStorage": .int32, "LongStorage": .int64,
        "ByteStorage": .uint8,
        "BoolStorage": .bool,
    ]

    private static let dtypes: [String: DataType] = [
        "torch.float32": .float32, "torch.float": .float32, "torch.float16": .float16, "torch.half": .float16,
        "torch.bfloat16": .bfloat16, "torch.float64": .float64, "torch.double": .float64, "torch.int8": .int8,
        "torch.int16": .int16, "torch.int32": .int32, "torch.int64": .int64, "torch.uint8": .uint8, "torch.bool": .bool,
    ]

    /// `('storage', torch.FloatStorage, KEY, 'cpu', elements)`.
    private func storage(_ identifier: PickleValue) throws -> PickleValue {
        guard case .tuple(let parts, _) = identifier, parts.count >= 5, case .string("storage") = parts[0],
            case .global(let type) = parts[1], case .string(let key) = parts[2], case .int(let count) = parts[4]
        else { return .object(PickleObject(className: "a persistent object", arguments: [identifier])) }
        let typeName = String(type.split(separator: ".").last ?? "")
        let dtype = Self.storages[typeName]
        guard dtype != nil || typeName == "UntypedStorage" else {
            // Quantized and complex storages: tensors of them cannot be weights here.
            return .object(PickleObject(className: type, arguments: parts))
        }
        guard let entry = archive[root + "data/" + key] else {
            throw CheckpointError.bad(
                "a storage is missing", path: archive.file.path, place: root + "data/" + key,
                expected: "an entry of \(count) elements")
        }
        _ = try archive.view(of: entry)
        let needed = count.multipliedReportingOverflow(by: dtype?.size ?? 1)
        guard count >= 0, !needed.overflow, needed.partialValue <= entry.size else {
            throw CheckpointError.bad(
                "a storage is shorter than the pickle says", path: archive.file.path, place: entry.name,
                found: "\(entry.size) bytes", expected: "\(count) elements of \(dtype?.rawValue ?? "a byte")")
        }
        return .storage(
            TorchStorage(key: key, dtype: dtype, offset: entry.dataOffset, byteCount: needed.partialValue))
    }

    /// The calls that build tensors and containers; all others stay inert.
    private func reduce(_ name: String, _ arguments: [PickleValue]) throws -> PickleValue? {
        switch name {
        case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
            return try tensor(arguments, isUntyped: name.hasSuffix("v3"))
        case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
            "torch._tensor._rebuild_from_type":
            return arguments.first
        case "torch._tensor._rebuild_from_type_v2":
            guard case .global(let inner)? = arguments.first, arguments.count >= 3,
                case .tuple(let rest, _) = arguments[2]
            else { return nil }
            // One level: a subclass wraps a plain rebuild.
            return inner == name ? nil : try reduce(inner, rest)
        case "collections.OrderedDict", "builtins.dict", "__builtin__.dict", "collections.defaultdict":
            return .dictionary(try PickleDictionary(pairs: arguments.last))
        case "builtins.list", "__builtin__.list", "builtins.set", "__builtin__.set", "builtins.frozenset":
            let list = PickleList()
            list.items = arguments.first?.items ?? []
            return .list(list)
        case "torch.Size", "builtins.tuple", "__builtin__.tuple":
            if case .tuple? = arguments.first { return arguments.first }
            return .tuple([])
        case "torch.device":
            if case .string(let device)? = arguments.first { return .string(device) }
            return nil
        case "_codecs.encode":
            guard case .string(let text)? = arguments.first else { return nil }
            return .bytes(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        default: return nil
        }
    }

    private func tensor(_ arguments: [PickleValue], isUntyped: Bool) throws -> PickleValue? {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
            let shape = arguments[2].integers, let strides = arguments[3].integers
        else { return nil }
        var dtype = storage.dtype
        if isUntyped, arguments.count > 6, case .global(let name) = arguments[6] { dtype = Self.dtypes[name] }
        guard let dtype else { return nil }
        switch TensorInfo.view(
            shape: shape, strides: strides, elementOffset: offset, dtype: dtype, base: storage.offset,
            byteCount: storage.byteCount)
        {
        case .success(let info): return .tensor(info)
        case .failure(let problem):
            throw CheckpointError.bad(
                "a tensor reaches outside its storage", path: archive.file.path, place: root + "data/" + storage.key,
                found: problem.text, expected: "a view inside \(storage.byteCount) bytes of \(dtype.rawValue)")
        }
    }
}

extension PickleValue {
    /// The items of a tuple or list.
    var items: [PickleValue]? {
        switch self {
        case .tuple(let items, _): items
        case .list(let list): list.items
        default: nil
        }
    }

    /// The items of a tuple or list of whole numbers.
    var integers: [Int]? {
        guard let items else { return nil }
        let numbers = items.compactMap { if case .int(let value) = $0 { value } else { nil } }
        return numbers.count == items.count ? numbers : nil
    }
}

extension PickleDictionary {
    /// A dictionary from the argument of `dict(…)`: another one, or pairs.
    fileprivate convenience init(pairs: PickleValue?) throws {
        self.init()
        if case .dictionary(let other)? = pairs { items = other.items }
        for pair in pairs?.items ?? [] {
            if let pair = pair.items, pair.count == 2 { items.append((pair[0], pair[1])) }
        }
    }
}
