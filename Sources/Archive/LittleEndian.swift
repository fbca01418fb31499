/// Unaligned little-endian numbers in raw bytes, checked against the end.
struct LittleEndian {
    let bytes: UnsafeRawBufferPointer

    func u16(_ offset: Int) -> Int? { read(offset, UInt16.self).map(Int.init) }
    func u32(_ offset: Int) -> Int? { read(offset, UInt32.self).map(Int.init) }
    /// nil as well where the number does not fit an `Int`.
    func u64(_ offset: Int) -> Int? { read(offset, UInt64.self).flatMap { Int(exactly: $0) } }

    private func read<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number? {
        guard offset >= 0, offset <= bytes.count - MemoryLayout<Number>.size else { return nil }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
