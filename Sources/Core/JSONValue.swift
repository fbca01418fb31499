/// A JSON document whose objects keep their members in file order.
///
/// Order is part of the meaning here: the leaderboard counts the first 500 detections in file order, and candidate
/// files keep the truth's image order. Foundation's decoders lose it.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The members where this is an object.
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    /// The elements where this is an array.
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    /// The text where this is a string.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The value where this is a number.
    public var number: Double? { if case .number(let value) = self { value } else { nil } }
    /// The value where this is a boolean.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The value where this is a whole number that fits.
    public var int: Int? { number.flatMap { Int(exactly: $0) } }

    /// What this is, for messages: "an object", "a string", …
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// The members of a JSON object in file order; keys are unique.
public struct JSONObject: Sendable, Hashable, Sequence, ExpressibleByDictionaryLiteral {
    /// The keys in file order.
    public private(set) var keys: [String] = []
    /// The values, each at its key's place.
    public private(set) var values: [JSONValue] = []
    /// Built from nine members on; below that a linear look is faster.
    private var index: [String: Int] = [:]

    /// An object without members.
    public init() {}

    /// An object with these members; of a repeated key the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }

    /// The number of members.
    public var count: Int { keys.count }
    /// Whether there are no members.
    public var isEmpty: Bool { keys.isEmpty }

    /// The value of `key`; setting an unknown key appends it, setting nil changes nothing.
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { values[$0] } }
        set {
            guard let newValue else { return }
            if let position = position(of: key) { values[position] = newValue } else { append(key, newValue) }
        }
    }

    /// The members in file order.
    public func makeIterator() -> Zip2Sequence<[String], [JSONValue]>.Iterator {
        zip(keys, values).makeIterator()
    }

    private func position(of key: String) -> Int? {
        keys.count <= 8 ? keys.firstIndex(of: key) : index[key]
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        keys.append(key)
        values.append(value)
        if keys.count == 9 {
            for (position, key) in keys.enumerated() { index[key] = position }
        } else if keys.count > 9 {
            index[key] = keys.count - 1
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An array of these elements.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object with these members.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }

    /// A whole number.
    public static func int(_ value: Int) -> JSONValue { .number(Double(value)) }
}
