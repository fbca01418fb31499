import CImageCodec
import Core

/// Images on disk and the way to the network's input: decode, turn upright, letterbox, normalise.
///
/// JPEG goes through libjpeg-turbo and PNG through libpng; what comes out equals, byte for byte, Pillow's
/// `ImageOps.exif_transpose(Image.open(path)).convert("RGB")`, which the networks were trained on. So transparency is
/// dropped, not blended; 16-bit grey is clipped to 255, not scaled, and 16-bit colour cut to its high byte; CMYK is
/// taken for Adobe's inverted kind and mixed without a colour profile. Two differences are deliberate: a JPEG whose
/// decoder had to make up pixels, which Pillow shows half grey, is an error here; and so is a JPEG of over 500 scans.
public enum ImageFile {
    /// The most pixels that an image may have: beyond, Pillow too takes it for an attack.
    public static let maximumPixels = 178_956_970

    /// Decodes the JPEG or PNG at `path`, by its contents and not by its name, and turns it upright.
    ///
    /// - Throws: `FileError` (66) where it cannot be read; `ImagingError` (65) where it is empty, no JPEG or PNG, cut
    ///   short, corrupt or larger than `maximumPixels`.
    /// - Complexity: O(pixels) time and memory.
    public static func decode(path: String) throws -> RGBImage {
        let file = try EncodedImage(path: path)
        let pixelCount = file.width * file.height
        var status: Int32 = 0
        var failure = image_codec_failure()
        let bytes = file.bytes
        let pixels = [UInt8](unsafeUninitializedCapacity: pixelCount * 3) { target, count in
            status =
                switch file.format {
                case .jpeg: jpeg_decode_rgb(bytes.baseAddress, bytes.count, target.baseAddress, pixelCount, &failure)
                case .png: png_decode_rgb(bytes.baseAddress, bytes.count, target.baseAddress, pixelCount, &failure)
                }
            count = status == 0 ? pixelCount * 3 : 0
        }
        guard status == 0 else { throw ImagingError.codec(status, failure, path: path) }
        return file.orientation.apply(to: RGBImage(width: file.width, height: file.height, pixels: pixels))
    }

    /// The size of the image at `path` once it is turned upright, from its header: the picture is not decoded.
    ///
    /// - Throws: as `decode(path:)`, but for damage inside the picture.
    public static func size(path: String) throws -> (width: Int, height: Int) {
        let file = try EncodedImage(path: path)
        return file.orientation.size(width: file.width, height: file.height)
    }

    /// Writes `image` as an 8-bit RGB PNG, whole or not at all.
    ///
    /// - Throws: `FileError` (73) where the file exists and `overwrite` is false, or cannot be written.
    public static func writePNG(_ image: RGBImage, to path: String, overwrite: Bool = false) throws {
        var output: [UInt8] = []
        var failure = image_codec_failure()
        let status = withUnsafeMutablePointer(to: &output) { output in
            png_encode(
                image.pixels, Int32(image.width), Int32(image.height), 3, 8,
                { context, bytes, count in
                    context?.assumingMemoryBound(to: [UInt8].self).pointee.append(
                        contentsOf: UnsafeBufferPointer(start: bytes, count: count))
                    return 0
                }, output, &failure)
        }
        guard status == 0 else {
            throw ImagingError(Diagnosis(.failure, "cannot encode the picture", path: path, found: failure.text))
        }
        try AtomicFile.write(output, to: path, overwrite: overwrite)
    }
}

/// A mapped image file whose header has been read and found sound.
private struct EncodedImage {
    enum Format { case jpeg, png }

    let format: Format
    /// The size as stored, before turning.
    let width, height: Int
    let orientation: Orientation
    private let file: MappedFile

    var bytes: UnsafeBufferPointer<UInt8> { file.bytes.bindMemory(to: UInt8.self) }

    init(path: String) throws {
        file = try MappedFile(path: path)
        let bytes = file.bytes.bindMemory(to: UInt8.self)
        guard !bytes.isEmpty else { throw ImagingError.empty(path: path) }
        var header = image_codec_header()
        var failure = image_codec_failure()
        let status: Int32
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            format = .jpeg
            status = jpeg_read_info(bytes.baseAddress, bytes.count, &header, &failure)
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            format = .png
            status = png_read_info_header(bytes.baseAddress, bytes.count, &header, &failure)
        } else {
            throw ImagingError.unknownFormat(path: path, found: EncodedImage.guess(bytes))
        }
        guard status == 0 else { throw ImagingError.codec(status, failure, path: path) }
        width = Int(header.width)
        height = Int(header.height)
        guard width * height <= ImageFile.maximumPixels else {
            throw ImagingError.tooLarge(path: path, width: width, height: height)
        }
        orientation = try EncodedImage.orientation(of: file, format: format)
    }

    private static func orientation(of file: MappedFile, format: Format) throws -> Orientation {
        do {
            let (exif, xmp): ([UInt8]?, [UInt8]?)
            switch format {
            case .jpeg:
                let metadata = JPEGMetadata(file.bytes)
                (exif, xmp) = (metadata.exif, metadata.xmp)
            case .png:
                let metadata = try PNGMetadata(file.bytes)
                (exif, xmp) = (metadata.exif, metadata.xmp)
            }
            let value = try exif.flatMap(OrientationTag.inEXIF) ?? xmp.flatMap(OrientationTag.inXMP)
            return value.flatMap(Orientation.init) ?? .upright
        } catch is OrientationTag.BadHeader {
            throw ImagingError.metadata(path: file.path, place: "EXIF", "the EXIF block is not one")
        } catch let error as PNGMetadata.BadChunk {
            throw ImagingError.metadata(path: file.path, place: "byte \(error.offset)", error.what)
        }
    }

    /// What a file that is neither JPEG nor PNG looks like.
    private static func guess(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let marks: [(offset: Int, mark: String, name: String)] = [
            (0, "GIF8", "a GIF"), (0, "BM", "a BMP"), (8, "WEBP", "a WebP"), (0, "II*\0", "a TIFF"),
            (0, "MM\0*", "a TIFF"), (0, "%PDF", "a PDF"), (4, "ftyp", "a HEIF, AVIF or video"), (0, "PK", "a zip"),
            (0, "<", "an XML or HTML"),
        ]
        let known = marks.first { bytes.dropFirst($0.offset).starts(with: $0.mark.utf8) }
        let first = bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        return known.map { "\($0.name) file" } ?? "a file that begins \(first)"
    }
}
