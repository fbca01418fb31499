/// The EXIF and XMP blocks before a JPEG's picture.
struct JPEGMetadata {
    /// The EXIF block; several are one, cut at 64 KiB.
    private(set) var exif: [UInt8]?
    private(set) var xmp: [UInt8]?

    /// Walks the markers of `bytes`, a JPEG whose header the codec has read.
    init(_ bytes: UnsafeRawBufferPointer) {
        let exifName = Array("Exif\0\0".utf8)
        let xmpName = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
        var offset = 2
        while let (marker, segment, next) = JPEGMetadata.segment(of: bytes, from: offset), marker != 0xDA {
            offset = next
            guard marker == 0xE1 else { continue }
            let data = bytes[segment]
            if data.starts(with: exifName) {
                exif = (exif ?? []) + data.dropFirst(exifName.count)
            } else if data.starts(with: xmpName) {
                xmp = Array(data.dropFirst(xmpName.count))
            }
        }
    }

    /// The next marker with the bytes that belong to it, and the offset behind them; nil at the end.
    private static func segment(
        of bytes: UnsafeRawBufferPointer, from start: Int
    ) -> (marker: UInt8, data: Range<Int>, next: Int)? {
        var offset = start
        while offset + 1 < bytes.count {
            let marker = bytes[offset + 1]
            guard bytes[offset] == 0xFF, marker != 0, marker != 0xFF else {
                offset += 1
                continue
            }
            offset += 2
            // TEM, RSTn, SOI and EOI stand alone.
            if marker == 0x01 || (0xD0...0xD9).contains(marker) { return (marker, offset..<offset, offset) }
            guard offset + 2 <= bytes.count else { return nil }
            let length = Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
            guard length >= 2, offset + length <= bytes.count else { return nil }
            return (marker, offset + 2..<offset + length, offset + length)
        }
        return nil
    }
}
