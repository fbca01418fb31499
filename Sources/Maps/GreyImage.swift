import CImageCodec
import Core

/// A grey picture of raw levels, as other programs save maps: (H,W) UInt16, row by row.
public struct GreyImage: Sendable, Equatable {
    /// Pixels a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// 8 or 16: the levels go to 255 or to 65535.
    public let bitDepth: Int
    /// `height * width` levels.
    public let levels: [UInt16]

    /// - Precondition: `levels` fill the picture, and none is above what `bitDepth` (8 or 16) allows.
    public init(width: Int, height: Int, bitDepth: Int, levels: [UInt16]) {
        precondition(width > 0 && height > 0 && levels.count == width * height, "levels must fill the picture")
        precondition(bitDepth == 16 || (bitDepth == 8 && levels.allSatisfy { $0 <= 255 }), "levels beyond the depth")
        self.width = width
        self.height = height
        self.bitDepth = bitDepth
        self.levels = levels
    }

    /// Reads the grey PNG at `path`, of 8 or 16 bits, without alpha.
    ///
    /// - Throws: `FileError` (66) where it cannot be read; `MapsError` (65) where it is another kind of file, cut
    ///   short or corrupt.
    public init(pngAt path: String) throws {
        let file = try MappedFile(path: path)
        let bytes = file.bytes.bindMemory(to: UInt8.self)
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
            throw MapsError.foreign("not a PNG", path: path, found: "\(bytes.count) bytes that begin otherwise")
        }
        var header = image_codec_header()
        var failure = image_codec_failure()
        var status = png_read_info_header(bytes.baseAddress, bytes.count, &header, &failure)
        guard status == 0 else { throw GreyImage.broken(failure, path: path) }
        guard header.channels == 1, header.is_palette == 0, header.bit_depth >= 8 else {
            let kind = header.is_palette != 0 ? "a palette" : "\(header.channels) channels"
            throw MapsError.foreign(
                "a map's PNG is grey", path: path, found: "\(kind) of \(header.bit_depth) bits",
                expected: "1 channel of 8 or 16 bits", nextStep: "save the map as mode L or I;16")
        }
        let count = Int(header.width) * Int(header.height)
        guard count <= MapEntry.maximumValues else {
            throw MapsError.foreign(
                "the map is too large to be trusted", path: path, found: "\(header.width) x \(header.height)",
                expected: "at most \(MapEntry.maximumValues) pixels")
        }
        let levels = [UInt16](unsafeUninitializedCapacity: count) { target, initialized in
            status = png_decode_grey(bytes.baseAddress, bytes.count, target.baseAddress, count, &failure)
            initialized = status == 0 ? count : 0
        }
        guard status == 0 else { throw GreyImage.broken(failure, path: path) }
        self.init(
            width: Int(header.width), height: Int(header.height), bitDepth: Int(header.bit_depth), levels: levels)
    }

    /// Writes a PNG, whole or not at all.
    ///
    /// - Throws: `FileError` (73) where the file exists and `overwrite` is false, or cannot be written.
    public func writePNG(to path: String, overwrite: Bool = false) throws {
        var output: [UInt8] = []
        var failure = image_codec_failure()
        let bytes = bitDepth == 8 ? levels.map(UInt8.init) : []
        let status = levels.withUnsafeBytes { words in
            bytes.withUnsafeBytes { bytes in
                withUnsafeMutablePointer(to: &output) { output in
                    png_encode(
                        bitDepth == 8 ? bytes.baseAddress : words.baseAddress, Int32(width), Int32(height), 1,
                        Int32(bitDepth),
                        { context, bytes, count in
                            context?.assumingMemoryBound(to: [UInt8].self).pointee.append(
                                contentsOf: UnsafeBufferPointer(start: bytes, count: count))
                            return 0
                        }, output, &failure)
                }
            }
        }
        guard status == 0 else { throw GreyImage.broken(failure, path: path) }
        try AtomicFile.write(output, to: path, overwrite: overwrite)
    }

    /// The probabilities that the levels stand for: the highest level is 1, all others a division in Float32.
    public var probabilities: ProbabilityMap {
        let highest: Float = bitDepth == 8 ? 255 : 65535
        return ProbabilityMap(width: width, height: height, values: levels.map { Float($0) / highest })
    }

    private static func broken(_ failure: image_codec_failure, path: String) -> MapsError {
        let text = withUnsafeBytes(of: failure.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return MapsError.foreign(
            "the PNG is broken", path: path, place: failure.offset >= 0 ? "byte \(failure.offset)" : nil, found: text,
            nextStep: "copy the file again, or save it anew")
    }
}
