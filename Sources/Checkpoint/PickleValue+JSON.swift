import Core

/// What one rendering reads and may still build.
private struct JSONRendering {
    let file: UnsafeRawBufferPointer
    var budget = 100_000
}

extension PickleValue {
    /// This value as inert JSON, for people to read and for settings to be found in.
    ///
    /// OmegaConf's nodes are unwrapped to their contents; NumPy scalars and tensors of one element become numbers; any
    /// other tensor becomes `{"__tensor__": dtype, "shape": […]}`; any other object `{"__class__": name, …}` with its
    /// state. Deeper than 48 levels, or beyond 100,000 values, the rest is the string "…": a memo can make a small
    /// pickle endless.
    ///
    /// - Parameter file: the bytes of the checkpoint, where tensors stand.
    func json(file: UnsafeRawBufferPointer) -> JSONValue {
        var rendering = JSONRendering(file: file)
        return json(depth: 0, &rendering)
    }

    fileprivate func json(depth: Int, _ rendering: inout JSONRendering) -> JSONValue {
        rendering.budget -= 1
        guard depth < 48, rendering.budget > 0 else { return "…" }
        switch self {
        case .none, .mark: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return DataType.json(whole: value)
        case .float(let value): return DataType.json(value)
        case .string(let value): return .string(value)
        case .bytes(let value): return .string("\(value.count) bytes")
        case .global(let name): return .string(name)
        case .storage(let storage): return .string("storage \(storage.key)")
        case .tensor(let info):
            if let value = info.element(in: rendering.file) { return value }
            return ["__tensor__": .string(info.dtype.rawValue), "shape": .array(info.shape.map(JSONValue.int))]
        case .tuple(let items, _): return .array(items.map { $0.json(depth: depth + 1, &rendering) })
        case .list(let list): return .array(list.items.map { $0.json(depth: depth + 1, &rendering) })
        case .dictionary(let dictionary): return .object(dictionary.json(depth: depth, &rendering))
        case .object(let object): return object.json(depth: depth, &rendering)
        }
    }
}

extension PickleDictionary {
    fileprivate func json(depth: Int, _ rendering: inout JSONRendering) -> JSONObject {
        var object = JSONObject()
        for (key, value) in items {
            guard rendering.budget > 0 else { break }
            object[key.keyText] = value.json(depth: depth + 1, &rendering)
        }
        return object
    }
}

extension PickleValue {
    /// A dictionary's key as JSON's.
    var keyText: String {
        switch self {
        case .string(let text): text
        case .int(let value): String(value)
        case .bool(let value): String(value)
        case .float(let value): "\(value)"
        default: "…"
        }
    }
}

extension PickleObject {
    fileprivate func json(depth: Int, _ rendering: inout JSONRendering) -> JSONValue {
        if className.hasPrefix("omegaconf."), case .dictionary(let members) = state,
            let content = members["_content"] ?? members["_val"]
        {
            return content.json(depth: depth + 1, &rendering)
        }
        if let scalar = numpyScalar { return scalar }
        var result: JSONObject = ["__class__": .string(className)]
        if !arguments.isEmpty {
            result["arguments"] = PickleValue.tuple(arguments).json(depth: depth + 1, &rendering)
        }
        if case .none = state {} else { result["state"] = state.json(depth: depth + 1, &rendering) }
        if !list.items.isEmpty { result["items"] = PickleValue.list(list).json(depth: depth + 1, &rendering) }
        for (key, value) in dictionary.json(depth: depth + 1, &rendering) { result[key] = value }
        return .object(result)
    }

    private static let numpyTypes: [String: DataType] = [
        "f8": .float64, "f4": .float32, "f2": .float16, "i8": .int64, "i4": .int32, "i2": .int16, "i1": .int8,
        "u8": .uint64, "u4": .uint32, "u2": .uint16, "u1": .uint8, "b1": .bool,
    ]

    /// The number of `numpy.core.multiarray.scalar(dtype, bytes)`, whose bytes have the machine's order.
    private var numpyScalar: JSONValue? {
        guard className.hasSuffix("multiarray.scalar"), arguments.count == 2, case .object(let type) = arguments[0],
            case .string(let code)? = type.arguments.first, case .bytes(let bytes) = arguments[1],
            let dtype = Self.numpyTypes[code], bytes.count == dtype.size
        else { return nil }
        return dtype.json(bits: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
}
