import Archive
import Core

/// PyTorch's zip format: `NAME/data.pkl` describes objects, `NAME/data/KEY` holds a storage each, stored and mapped.
///
/// Source: `torch.serialization` since 1.6 and `torch._utils._rebuild_tensor_v2`.
struct TorchArchive {
    private let archive: ZipArchive
    private let root: String
    /// Whether entries carry CRCs; `torch.serialization.set_crc32_options(False)` writes zeros.
    private let hasChecksums: Bool

    /// Refuses what looks like PyTorch but is not the zip format, by name.
    static func refuseOtherForms(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        // The magic number 0x1950A86A20F9469CFC6C: text in protocols 0 and 1, behind a frame in 4 and 5.
        let legacyMagic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
        let isLegacy =
            bytes.starts(with: "L119547037146038801333356L".utf8)
            || [2, 11].contains { bytes.dropFirst($0).starts(with: legacyMagic) }
        let isTar = bytes.count > 262 && bytes[257..<262].elementsEqual("ustar".utf8)
        guard isLegacy || isTar else {
            guard bytes.count > 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) else { return }
            throw CheckpointError.bad(
                "a bare pickle, which torch.save does not write", path: path, expected: "the zip format",
                nextStep: "load it with the library that wrote it, and torch.save the state_dict of the model")
        }
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
        hasChecksums = archive.entries.contains { $0.crc32 != 0 }
        if archive[root + "constants.pkl"] != nil {
            throw CheckpointError.bad(
                "a TorchScript archive", path: path, expected: "a state_dict",
                nextStep: "save the module's state_dict() instead of torch.jit.save")
        }
        if let order = archive[root + "byteorder"], try bytes(of: order) != Array("little".utf8) {
            throw CheckpointError.bad(
                "a checkpoint written on a big-endian machine", path: path, place: order.name, expected: "little",
                nextStep: "load and save it again on a little-endian machine")
        }
    }

    /// Calls `body` with the object that `torch.save` was given; it is void afterwards.
    func withObject<Result>(_ body: (PickleValue) throws -> Result) throws -> Result {
        guard let entry = archive[root + "data.pkl"] else { return try body(.none) }
        return try bytes(of: entry).withUnsafeBytes { buffer in
            var machine = PickleMachine(
                bytes: buffer, path: archive.file.path, reduce: reduce, persistent: storage)
            defer { machine.dismantle() }
            return try body(try machine.run())
        }
    }

    private func bytes(of entry: ZipArchive.Entry) throws -> [UInt8] {
        if hasChecksums { return try archive.data(of: entry, limit: 1 << 28) }
        return try archive.withBytes(of: entry) { Array($0) }
    }

    /// Checks the storages that `tensors` are views of against their CRCs, each once.
    ///
    /// torch.load skips this; a flipped bit in a weight would change scores without a word.
    ///
    /// - Complexity: O(bytes of the storages).
    func verify(_ tensors: [TensorInfo]) throws {
        guard hasChecksums else { return }
        let offsets = tensors.filter { $0.count > 0 }.map(\.offset).sorted()
        var next = offsets.startIndex
        for entry in archive.entries.sorted(by: { $0.dataOffset < $1.dataOffset }) {
            let end = entry.dataOffset + entry.size
            guard next < offsets.endIndex, offsets[next] < end else { continue }
            try archive.verify(entry)
            while next < offsets.endIndex, offsets[next] < end { next += 1 }
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
        "torch.int16": .int16, "torch.int32": .int32, "torch.int64": .int64, "torch.uint8": .uint8,
        "torch.uint16": .uint16, "torch.uint32": .uint32, "torch.uint64": .uint64, "torch.bool": .bool,
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
            return inner.hasPrefix("torch._utils._rebuild_") ? try reduce(inner, rest) : nil
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
        case "copy_reg._reconstructor", "copyreg._reconstructor":
            // Protocols 0 and 1 build every object so: (class, base, the base's value).
            guard case .global(let type)? = arguments.first, arguments.count == 3 else { return nil }
            let isPlain = if case .none = arguments[2] { true } else { false }
            return .object(PickleObject(className: type, arguments: isPlain ? [] : [arguments[2]]))
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

    /// The items of a short tuple or list of whole numbers, such as a shape.
    var integers: [Int]? {
        guard let items, items.count <= TensorInfo.maximumDimensions else { return nil }
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
