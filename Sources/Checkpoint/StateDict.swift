import Core

/// The tensors of a checkpoint by name, in file order, read from the mapped file when asked for.
public struct StateDict: Sendable {
    /// The mapped checkpoint.
    public let file: MappedFile
    /// The tensors' names without wrappers' prefixes, in file order.
    public let names: [String]
    private let tensors: [String: TensorInfo]

    /// - Throws: `CheckpointError` where two names are one after stripping.
    init(file: MappedFile, tensors: [(name: String, info: TensorInfo)]) throws {
        self.file = file
        names = tensors.map(\.name)
        var byName: [String: TensorInfo] = [:]
        for (name, info) in tensors where byName.updateValue(info, forKey: name) != nil {
            throw CheckpointError.bad(
                "two tensors have one name once model., module. and _orig_mod. are stripped", path: file.path,
                place: name, nextStep: "re-save the state_dict of one of the two models")
        }
        self.tensors = byName
    }

    /// What is known of the tensor called `name`.
    public subscript(name: String) -> TensorInfo? { tensors[name] }

    /// The tensor's values widened to Float32, row-major.
    ///
    /// - Throws: `CheckpointError` (65) where there is none of this name, it holds no floating-point numbers, or a value
    ///   is not finite as Float32: the error names tensor, place and value.
    /// - Complexity: O(elements).
    public func floats(_ name: String) throws -> [Float] {
        guard let info = tensors[name] else {
            throw CheckpointError.bad(
                "no such tensor", path: file.path, place: name,
                nextStep: NearestName.hint(for: name, among: names) ?? "submit inspect lists what is there")
        }
        guard info.dtype.isFloat else {
            throw CheckpointError.bad(
                "a weight that is no floating-point tensor", path: file.path, place: name, found: info.dtype.rawValue,
                expected: "float32, float16, bfloat16 or float64")
        }
        let values = file.withBytes { bytes in
            switch info.dtype {
            case .float32: Self.gather(info, bytes) { Float(bitPattern: UInt32(littleEndian: $0)) }
            case .float16: Self.gather(info, bytes) { Float(half: UInt16(littleEndian: $0)) }
            case .bfloat16: Self.gather(info, bytes) { Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16) }
            default: Self.gather(info, bytes) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
            }
        }
        if let index = values.firstNonFinite {
            throw CheckpointError.bad(
                "a weight is not finite", path: file.path, place: name,
                found: "\(values[index]) at element \(index) of shape \(info.shape)\(Self.widthNote(info.dtype))",
                expected: "finite numbers",
                nextStep:
                    "the training diverged or the file was narrowed too far: use an earlier checkpoint, or save it in float32"
            )
        }
        return values
    }

    private static func widthNote(_ dtype: DataType) -> String {
        dtype == .float64 ? " (float64 narrowed to Float32)" : ""
    }

    /// Reads the view's elements in row-major order, each converted by `convert`.
    @inline(__always)
    private static func gather<Raw: FixedWidthInteger>(
        _ info: TensorInfo, _ bytes: UnsafeRawBufferPointer, _ convert: (Raw) -> Float
    ) -> [Float] {
        let count = info.count
        guard count > 0 else { return [] }
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = count
            let size = MemoryLayout<Raw>.size
            if info.isContiguous, let to = buffer.baseAddress, let file = bytes.baseAddress {
                // Without checks that it overflows, the loop is one of vectors.
                let from = file + info.offset
                for index in 0..<count {
                    to[index] = convert(from.loadUnaligned(fromByteOffset: index &* size, as: Raw.self))
                }
                return
            }
            var position = [Int](repeating: 0, count: info.shape.count)
            var element = 0
            for index in 0..<count {
                buffer[index] = convert(bytes.loadUnaligned(fromByteOffset: info.offset + element * size, as: Raw.self))
                for dimension in info.shape.indices.reversed() {
                    position[dimension] += 1
                    element += info.strides[dimension]
                    if position[dimension] < info.shape[dimension] { break }
                    element -= info.strides[dimension] * info.shape[dimension]
                    position[dimension] = 0
                }
            }
        }
    }
}
