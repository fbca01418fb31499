/// What a pickle builds here: data only. A class that is not known becomes an inert `object`; nothing is ever called.
indirect enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case bytes([UInt8])
    /// `depth` counts tuples inside tuples: beyond a limit they are refused, since releasing them recurses.
    case tuple([PickleValue], depth: Int = 1)
    case list(PickleList)
    case dictionary(PickleDictionary)
    /// `module.name` of a class or function.
    case global(String)
    case object(PickleObject)
    case storage(TorchStorage)
    case tensor(TensorInfo)
    /// The mark that opens a run of items on the stack; never inside a value.
    case mark
}

/// What is built step by step and shared by reference through the memo, so that cycles and endless depth can arise:
/// the machine empties each one at the end, and nothing leaks or recurses.
protocol PickleContainer: AnyObject {
    func removeAll()
}

/// A list under construction.
final class PickleList: PickleContainer {
    var items: [PickleValue] = []

    func removeAll() { items = [] }
}

/// A dictionary under construction, in insertion order.
final class PickleDictionary: PickleContainer {
    var items: [(key: PickleValue, value: PickleValue)] = []

    /// The last value set under the text `key`.
    subscript(key: String) -> PickleValue? {
        items.last { if case .string(key) = $0.key { true } else { false } }?.value
    }

    func removeAll() { items = [] }
}

/// An instance of a class that is not known, with all that was given to build it.
final class PickleObject: PickleContainer {
    let className: String
    private(set) var arguments: [PickleValue]
    var state: PickleValue = .none
    let list = PickleList()
    let dictionary = PickleDictionary()

    init(className: String, arguments: [PickleValue]) {
        self.className = className
        self.arguments = arguments
    }

    func removeAll() {
        arguments = []
        state = .none
        list.removeAll()
        dictionary.removeAll()
    }
}

/// A storage of an archive: bytes that tensors are views of.
struct TorchStorage {
    let key: String
    /// nil for untyped storages, whose tensors name their dtype.
    let dtype: DataType?
    /// Where it begins, in bytes from the start of the file.
    let offset: Int
    let byteCount: Int
}
