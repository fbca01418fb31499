import Core

/// The safetensors format: 8 bytes of header length, a JSON header, then the tensors' bytes.
///
/// Source: the format's specification (huggingface/safetensors); lengths and ranges are checked before use.
enum SafeTensors {
    private static let dtypes: [String: DataType] = [
        "F32": .float32, "F16": .float16, "BF16": .bfloat16, "F64": .float64, "I8": .int8, "I16": .int16,
        "I32": .int32, "I64": .int64, "U8": .uint8, "U16": .uint16, "U32": .uint32, "U64": .uint64, "BOOL": .bool,
    ]

    /// Whether the file can be one: a plausible header length, then `{`.
    static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 10 && bytes[8] == UInt8(ascii: "{") && bytes.loadUnaligned(as: UInt64.self) < 1 << 32
    }

    static func read(_ file: MappedFile) throws -> (tensors: [(name: String, info: TensorInfo)], metadata: JSONValue?) {
        try file.withBytes { try read($0, file.path) }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, _ path: String
    ) throws -> (tensors: [(name: String, info: TensorInfo)], metadata: JSONValue?) {
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= 100_000_000, length <= UInt64(bytes.count - 8) else {
            throw CheckpointError.bad(
                "the safetensors header is longer than the file", path: path, place: "byte 0",
                found: "\(length) bytes of header in a file of \(bytes.count)", expected: "a whole file")
        }
        let start = 8 + Int(length)
        let header = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[8..<start]), path: path)
        guard let members = header.object else {
            throw CheckpointError.bad(
                "the safetensors header is no object", path: path, place: "byte 8", found: header.kind)
        }
        var tensors: [(name: String, info: TensorInfo, end: Int)] = []
        for (name, value) in members where name != "__metadata__" {
            tensors.append(try tensor(name, value, start: start, fileSize: bytes.count, path: path))
        }
        var end = start
        for tensor in tensors.sorted(by: { ($0.info.offset, $0.end) < ($1.info.offset, $1.end) }) {
            guard tensor.info.offset >= end else {
                throw CheckpointError.bad("two tensors share bytes", path: path, place: tensor.name)
            }
            guard tensor.info.offset == end else { throw gap(end..<tensor.info.offset, before: tensor.name, path) }
            end = tensor.end
        }
        guard end == bytes.count else { throw gap(end..<bytes.count, before: "the end of the file", path) }
        return (tensors.map { ($0.name, $0.info) }, members["__metadata__"])
    }

    /// The format leaves no byte unused, so that nothing can hide in a file.
    private static func gap(_ range: Range<Int>, before next: String, _ path: String) -> CheckpointError {
        .bad(
            "bytes that belong to no tensor", path: path, place: "byte \(range.lowerBound)",
            found: "\(range.count) bytes before \(next)", expected: "tensors without gaps")
    }

    private static func tensor(
        _ name: String, _ value: JSONValue, start: Int, fileSize: Int, path: String
    ) throws -> (name: String, info: TensorInfo, end: Int) {
        guard let object = value.object, let typeName = object["dtype"]?.string,
            let shape = object["shape"]?.array?.map({ $0.int ?? -1 }),
            let range = object["data_offsets"]?.array?.map({ $0.int ?? -1 }), range.count == 2
        else {
            throw CheckpointError.bad(
                "a tensor is not described", path: path, place: name, found: value.text(),
                expected: "dtype, shape and data_offsets")
        }
        guard let dtype = dtypes[typeName] else {
            throw CheckpointError.bad(
                "a dtype that is not read", path: path, place: name, found: typeName,
                expected: dtypes.keys.sorted().joined(separator: ", "),
                nextStep: "save the checkpoint in F32, F16 or BF16")
        }
        let available = fileSize - start
        guard range[0] >= 0, range[0] <= range[1], range[1] <= available else {
            throw CheckpointError.bad(
                "a tensor lies outside the file", path: path, place: name, found: "bytes \(range) of \(available)")
        }
        let view = TensorInfo.view(
            shape: shape, strides: TensorInfo.contiguousStrides(shape), elementOffset: 0, dtype: dtype,
            base: start + range[0], byteCount: range[1] - range[0])
        guard case .success(let info) = view, info.count * dtype.size == range[1] - range[0] else {
            throw CheckpointError.bad(
                "a tensor's shape does not fill its bytes", path: path, place: name,
                found: "shape \(shape) of \(typeName) in \(range[1] - range[0]) bytes")
        }
        return (name, info, start + range[1])
    }
}
