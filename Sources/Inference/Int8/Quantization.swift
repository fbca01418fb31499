/// How a map's numbers are kept in bytes: a byte stands for (byte - zero) * scale; 0 is exact, numbers beyond the range
/// become its ends.
struct Quantization: Sendable, Equatable {
    let scale: Float
    let zero: Int32

    /// Bytes from the low end of `range` to its high end, both widened to hold 0.
    init(_ range: ClosedRange<Float>) {
        let (low, high) = (min(range.lowerBound, 0), max(range.upperBound, 0))
        let wanted = high / 255 - low / 255
        scale = wanted.isNormal ? wanted : 1
        zero = Int32((-low / scale).rounded())
    }
}
