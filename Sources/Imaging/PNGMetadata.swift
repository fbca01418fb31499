import CSystemLibraries

/// The EXIF and XMP blocks of a PNG, before or behind its picture: `eXIf`, ImageMagick's `Raw profile type exif`, and
/// the text `XML:com.adobe.xmp`.
struct PNGMetadata {
    private(set) var exif: [UInt8]?
    private(set) var xmp: [UInt8]?

    /// A chunk that cannot be read.
    struct BadChunk: Error {
        let offset: Int
        let what: String
    }

    /// A text chunk larger than this, once inflated, is refused: Pillow's limit.
    private static let maximumText = 1 << 20

    /// Walks the chunks of `bytes`, a PNG whose header the codec has read.
    ///
    /// - Throws: `BadChunk` where one of the named chunks fails its checksum or cannot be unpacked.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        var rawProfile: [UInt8]?
        var offset = 8
        while offset + 12 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
            let name = String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self)
            guard name != "IEND", offset + 12 + length <= bytes.count else { break }
            if ["eXIf", "tEXt", "zTXt", "iTXt"].contains(name) {
                let data = try PNGMetadata.checked(bytes, at: offset, length: length, name: name)
                if name == "eXIf" {
                    exif = data
                } else if let (keyword, text) = try PNGMetadata.text(data, kind: name, at: offset) {
                    if keyword == "Raw profile type exif" { rawProfile = try PNGMetadata.unhex(text, at: offset) }
                    if keyword == "XML:com.adobe.xmp" { xmp = text }
                }
            }
            offset += 12 + length
        }
        exif = exif ?? rawProfile
    }

    /// The chunk's data, once its checksum holds.
    private static func checked(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, length: Int, name: String
    ) throws -> [UInt8] {
        let covered = UnsafeRawBufferPointer(rebasing: bytes[offset + 4..<offset + 8 + length])
        let crc = crc32(0, covered.bindMemory(to: UInt8.self).baseAddress, UInt32(covered.count))
        let stored = (0..<4).reduce(0 as UInt) { $0 << 8 | UInt(bytes[offset + 8 + length + $1]) }
        guard UInt(crc) == stored else { throw BadChunk(offset: offset, what: "the chunk \(name) fails its checksum") }
        return Array(covered.dropFirst(4))
    }

    /// Keyword and text of a text chunk; nil where it is malformed, which concerns nobody here.
    private static func text(_ data: [UInt8], kind: String, at offset: Int) throws -> (String, [UInt8])? {
        guard let end = data.firstIndex(of: 0) else { return nil }
        let keyword = String(decoding: data[..<end], as: UTF8.self)
        guard keyword == "Raw profile type exif" || keyword == "XML:com.adobe.xmp" else { return nil }
        let rest = data[(end + 1)...]
        switch kind {
        case "tEXt":
            return (keyword, Array(rest))
        case "zTXt":
            guard rest.first == 0 else { return nil }
            return (keyword, try inflated(rest.dropFirst(), at: offset))
        default:
            // Compression flag and method, language, translated keyword, text.
            guard rest.count >= 2, let isCompressed = rest.first.map({ $0 != 0 }) else { return nil }
            let parts = rest.dropFirst(2).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return (keyword, isCompressed ? try inflated(parts[2], at: offset) : Array(parts[2]))
        }
    }

    private static func inflated(_ data: ArraySlice<UInt8>, at offset: Int) throws -> [UInt8] {
        var length = uLongf(maximumText)
        var status = Z_OK
        let text = [UInt8](unsafeUninitializedCapacity: maximumText) { target, count in
            data.withUnsafeBufferPointer {
                status = uncompress(target.baseAddress, &length, $0.baseAddress, uLong($0.count))
            }
            count = status == Z_OK ? Int(length) : 0
        }
        guard status == Z_OK else { throw BadChunk(offset: offset, what: "a text chunk cannot be unpacked") }
        return text
    }

    /// The bytes that ImageMagick writes as lines of hexadecimal digits below three lines of heading.
    private static func unhex(_ text: [UInt8], at offset: Int) throws -> [UInt8] {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).dropFirst(3)
        let digits = lines.joined().filter { !($0 == 0x20 || (0x09...0x0D).contains($0)) }.map {
            Character(UnicodeScalar($0)).hexDigitValue
        }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else {
            throw BadChunk(offset: offset, what: "the profile is not written in hexadecimal digits")
        }
        let values = digits.compactMap { $0 }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
