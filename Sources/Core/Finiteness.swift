extension [Float] {
    /// The place of the first element that is not finite; nil where all are.
    public var firstNonFinite: Int? {
        // One more than the largest exponent reaches the sign's bit: a loop of vectors, without a branch an element.
        var signs: UInt32 = 0
        for value in self { signs |= (value.bitPattern & 0x7F80_0000) + 0x0080_0000 }
        return signs < 0x8000_0000 ? nil : firstIndex { !$0.isFinite }
    }
}
