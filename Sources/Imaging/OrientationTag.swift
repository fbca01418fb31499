/// Finds the orientation in EXIF and XMP blocks, in the order in which Pillow's `exif_transpose` believes them.
enum OrientationTag {
    /// The value of tag 274 in the first directory of an EXIF block.
    ///
    /// Reading ends, as Pillow's does, at the first entry whose data lies outside the block.
    ///
    /// - Parameter block: a TIFF file, with or without `Exif\0\0` before it.
    /// - Returns: nil without the tag; of several values the first; 0 where it is no whole number.
    /// - Throws: `BadHeader` where the block is no TIFF.
    static func inEXIF(_ block: [UInt8]) throws -> Int? {
        let prefix = Array("Exif\0\0".utf8)
        var bytes = block[...]
        for _ in 0..<2 where bytes.starts(with: prefix) { bytes = bytes.dropFirst(prefix.count) }
        if bytes.isEmpty { return nil }
        let reader = try TIFFReader(bytes)
        guard let start = reader.uint32(at: 4), let count = reader.uint16(at: start) else { return nil }
        var total = 0
        for entry in 0..<count {
            let offset = start + 2 + 12 * entry
            guard let tag = reader.uint16(at: offset), let type = reader.uint16(at: offset + 2),
                let valueCount = reader.uint32(at: offset + 4), let dataOffset = reader.uint32(at: offset + 8)
            else { return nil }
            guard let unit = TIFFReader.sizes[type], valueCount > 0 else { continue }
            let size = unit * valueCount
            if size > 4 {
                total += size
                if total > bytes.count { continue }
                if dataOffset + size > bytes.count { return nil }
            }
            if tag == 274 { return reader.value(ofType: type, at: size > 4 ? dataOffset : offset + 8) }
        }
        return nil
    }

    /// The first `tiff:Orientation="6"` or `<tiff:Orientation>6` in an XMP packet.
    static func inXMP(_ packet: some Collection<UInt8>) -> Int? {
        let name = Array("tiff:Orientation".utf8)
        var rest = Array(packet)[...]
        while let found = rest.firstIndex(of: name[0]) {
            rest = rest[found...]
            if rest.starts(with: name) {
                var value = rest.dropFirst(name.count)
                for opening in ["=\"", ">"] where value.starts(with: opening.utf8) {
                    value = value.dropFirst(opening.utf8.count)
                    if let digit = value.first, (0x30...0x39).contains(digit) { return Int(digit) - 0x30 }
                }
            }
            rest = rest.dropFirst()
        }
        return nil
    }

    /// An EXIF block that does not begin as a TIFF file does.
    struct BadHeader: Error {}
}

/// Numbers at offsets of a TIFF file in either byte order; nil beyond its end.
private struct TIFFReader {
    private let bytes: ArraySlice<UInt8>
    private let isLittleEndian: Bool

    /// Bytes a value, by type.
    static let sizes = [1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8]

    init(_ bytes: ArraySlice<UInt8>) throws {
        // Pillow takes the mark 42 in either order.
        let magic = Array(bytes.prefix(4))
        guard magic.count == 4, magic[0] == magic[1], magic[0] == 0x49 || magic[0] == 0x4D,
            magic[2...] == [42, 0] || magic[2...] == [0, 42], bytes.count >= 8
        else { throw OrientationTag.BadHeader() }
        self.bytes = bytes
        isLittleEndian = magic[0] == 0x49
    }

    func uint16(at offset: Int) -> Int? { number(bytes: 2, at: offset) }
    func uint32(at offset: Int) -> Int? { number(bytes: 4, at: offset) }

    /// A value of an integer type; 0 of another type. Pillow takes bytes for text.
    func value(ofType type: Int, at offset: Int) -> Int? {
        switch type {
        case 3, 8: uint16(at: offset)
        case 4, 9, 13: uint32(at: offset)
        case 6: number(bytes: 1, at: offset)
        default: 0
        }
    }

    private func number(bytes count: Int, at offset: Int) -> Int? {
        guard offset >= 0, offset + count <= bytes.count else { return nil }
        let part = bytes.dropFirst(offset).prefix(count)
        return isLittleEndian
            ? part.reversed().reduce(0) { $0 << 8 | Int($1) } : part.reduce(0) { $0 << 8 | Int($1) }
    }
}
