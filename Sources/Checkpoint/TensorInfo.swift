/// How a tensor's elements are stored, little-endian.
public enum DataType: String, Sendable, CaseIterable {
    case float32, float16, bfloat16, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool

    /// Bytes an element.
    public var size: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .float16, .bfloat16, .int16, .uint16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    /// Whether elements are floating-point numbers.
    public var isFloat: Bool {
        switch self {
        case .float32, .float16, .bfloat16, .float64: true
        default: false
        }
    }
}

/// A tensor of a checkpoint: a view with strides into bytes of the file.
public struct TensorInfo: Sendable, Equatable {
    /// The sizes of its dimensions; empty for a scalar.
    public let shape: [Int]
    /// How its elements are stored.
    public let dtype: DataType
    /// Elements between neighbours along each dimension.
    public let strides: [Int]
    /// Where its first element stands, in bytes from the start of the file.
    public let offset: Int

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Whether elements stand row by row without gaps.
    public var isContiguous: Bool {
        if count == 0 { return true }
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() {
            if size != 1 && stride != expected { return false }
            expected *= size
        }
        return true
    }

    /// More dimensions than any network's tensors have.
    static let maximumDimensions = 16

    /// A view into the storage of `byteCount` bytes at `base`, or the reason why there can be none.
    static func view(
        shape: [Int], strides: [Int], elementOffset: Int, dtype: DataType, base: Int, byteCount: Int
    ) -> Result<TensorInfo, ViewProblem> {
        guard shape.count == strides.count, shape.count <= maximumDimensions, elementOffset >= 0,
            (shape + strides).allSatisfy({ $0 >= 0 && $0 <= 1 << 40 })
        else { return .failure(ViewProblem(text: "shape \(shape), strides \(strides), offset \(elementOffset)")) }
        let capacity = byteCount / dtype.size
        // A stride of 0 repeats elements; beyond this many a small file could ask for all memory.
        let limit = max(capacity, 1 << 26)
        var last = elementOffset
        var count = 1
        for (size, stride) in zip(shape, strides) {
            let (step, overflow) = max(0, size - 1).multipliedReportingOverflow(by: stride)
            let (sum, sumOverflow) = last.addingReportingOverflow(step)
            let (product, productOverflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, !sumOverflow, !productOverflow, product <= limit else {
                return .failure(ViewProblem(text: "shape \(shape), strides \(strides)"))
            }
            last = sum
            count = product
        }
        guard count == 0 || last < capacity else {
            return .failure(ViewProblem(text: "element \(last) of a storage of \(capacity)"))
        }
        return .success(
            TensorInfo(shape: shape, dtype: dtype, strides: strides, offset: base + elementOffset * dtype.size))
    }

    /// Why a view cannot be: what it asks for.
    struct ViewProblem: Error {
        let text: String
    }

    /// The strides of `shape` without gaps.
    static func contiguousStrides(_ shape: [Int]) -> [Int] {
        var strides = shape
        var next = 1
        for position in shape.indices.reversed() {
            strides[position] = next
            next = next.multipliedReportingOverflow(by: max(1, shape[position])).partialValue
        }
        return strides
    }
}
