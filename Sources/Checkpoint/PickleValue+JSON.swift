import Core

extension PickleValue {
    /// This value as inert JSON, for people to read and for settings to be found in.
    ///
    /// OmegaConf's nodes are unwrapped to their contents; NumPy scalars become numbers; a tensor becomes
    /// `{"__tensor__": dtype, "shape": […]}`; any other object `{"__class__": name, …}` with its state. Deeper than 48
    /// levels, or beyond 100,000 values, the rest is the string "…": a memo can make a small pickle endless.
    func json() -> JSONValue {
        var budget = 100_000
        return json(depth: 0, budget: &budget)
    }

    fileprivate func json(depth: Int, budget: inout Int) -> JSONValue {
        budget -= 1
        guard depth < 48, budget > 0 else { return "…" }
        switch self {
        case .none, .mark: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return abs(value) < 1 << 53 ? .int(value) : .string(String(value))
        case .float(let value): return value.isFinite ? .number(value) : .string("\(value)")
        case .string(let value): return .string(value)
        case .bytes(let value): return .string("\(value.count) bytes")
        case .global(let name): return .string(name)
        case .storage(let storage): return .string("storage \(storage.key)")
        case .tensor(let info):
            return ["__tensor__": .string(info.dtype.rawValue), "shape": .array(info.shape.map(JSONValue.int))]
        case .tuple(let items, _): return .array(items.map { $0.json(depth: depth + 1, budget: &budget) })
        case .list(let list): return .array(list.items.map { $0.json(depth: depth + 1, budget: &budget) })
        case .dictionary(let dictionary): return .object(dictionary.json(depth: depth, budget: &budget))
        case .object(let object): return object.json(depth: depth, budget: &budget)
        }
    }
}

extension PickleDictionary {
    fileprivate func json(depth: Int, budget: inout Int) -> JSONObject {
        var object = JSONObject()
        for (key, value) in items {
            guard budget > 0 else { break }
            object[key.keyText] = value.json(depth: depth + 1, budget: &budget)
        }
        return object
    }
}

extension PickleValue {
    fileprivate var keyText: String {
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
    fileprivate func json(depth: Int, budget: inout Int) -> JSONValue {
        if className.hasPrefix("omegaconf."), case .dictionary(let members) = state,
            let content = members["_content"] ?? members["_val"]
        {
            return content.json(depth: depth + 1, budget: &budget)
        }
        if let scalar = numpyScalar { return scalar }
        var result: JSONObject = ["__class__": .string(className)]
        if !arguments.isEmpty {
            result["arguments"] = PickleValue.tuple(arguments).json(depth: depth + 1, budget: &budget)
        }
        if case .none = state {} else { result["state"] = state.json(depth: depth + 1, budget: &budget) }
        if !list.items.isEmpty { result["items"] = PickleValue.list(list).json(depth: depth + 1, budget: &budget) }
        for (key, value) in dictionary.json(depth: depth + 1, budget: &budget) { result[key] = value }
        return .object(result)
    }

    /// The number of `numpy.core.multiarray.scalar(dtype, bytes)`.
    private var numpyScalar: JSONValue? {
        guard className.hasSuffix("multiarray.scalar"), arguments.count == 2, case .object(let type) = arguments[0],
            case .string(let code)? = type.arguments.first, case .bytes(let bytes) = arguments[1]
        else { return nil }
        let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let value: Double
        switch (code, bytes.count) {
        case ("f8", 8): value = Double(bitPattern: bits)
        case ("f4", 4): value = Double(Float(bitPattern: UInt32(bits)))
        case ("i8", 8): value = Double(Int64(bitPattern: bits))
        case ("i4", 4): value = Double(Int32(bitPattern: UInt32(bits)))
        case ("b1", 1): return .bool(bits != 0)
        default: return nil
        }
        return value.isFinite ? .number(value) : .string("\(value)")
    }
}
