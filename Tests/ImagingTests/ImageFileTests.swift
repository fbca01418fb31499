import Core
import Foundation
import Imaging
import TestSupport
import Testing

/// Files that are no images, broken ones, and the way back to disk.
@Suite struct ImageFileTests {
    /// The diagnosis of decoding `bytes`, or nil where it works.
    private func diagnosis(of bytes: [UInt8]) throws -> Diagnosis? {
        try TestData.withTemporaryFolder { try diagnosis(of: bytes, at: $0 + "/broken.jpg") }
    }

    /// The diagnosis of decoding `bytes` once they stand at `path`, or nil where it works.
    private func diagnosis(of bytes: [UInt8], at path: String) throws -> Diagnosis? {
        replaceContents(of: path, by: bytes)
        do {
            _ = try ImageFile.decode(path: path)
            return nil
        } catch let error as ImagingError {
            #expect(error.diagnosis.path == path)
            #expect(error.diagnosis.status == .badData)
            return error.diagnosis
        }
    }

    private func fixture(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: TestData.fixture("Imaging/images/\(name)"))))
    }

    @Test(arguments: ["jpeg_420.jpg", "jpeg_420_progressive.jpg", "jpeg_cmyk_adobe.jpg", "jpeg_arithmetic.jpg"])
    func truncatedJPEGIsRefusedEverywhere(_ name: String) throws {
        let bytes = try fixture(name)
        // The end-of-image marker counts: Pillow wants it too.
        try TestData.withTemporaryFolder { folder in
            for count in 3..<bytes.count {
                let diagnosis = try diagnosis(of: Array(bytes[..<count]), at: folder + "/cut.jpg")
                #expect(diagnosis != nil, "\(name) cut to \(count) bytes")
            }
        }
        let middle = try #require(try diagnosis(of: Array(bytes[..<(bytes.count - 30)])))
        #expect(middle.what == "the image is cut short" && middle.place?.hasPrefix("byte ") == true)
    }

    @Test func lostScansAreRefused() throws {
        let bytes = try fixture("jpeg_420_progressive.jpg")
        let scans = bytes.indices.dropLast().filter { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA }
        #expect(scans.count == 10)
        // The first five bring each frequency once, the others its lower bits.
        for scan in scans.dropFirst() {
            let shorter = try diagnosis(of: bytes[..<scan] + [0xFF, 0xD9])
            #expect(shorter?.found == "scans are missing")
            var unmarked = bytes
            unmarked[scan + 1] = 0
            let unread = try diagnosis(of: unmarked)
            #expect(unread?.what == "the image is corrupt")
        }
    }

    @Test(arguments: ["rgb_8.png", "rgb_16_interlaced.png", "palette_4.png", "grey_1.png"])
    func truncatedPNGIsRefusedUpToItsEnd(_ name: String) throws {
        let bytes = try fixture(name)
        // The last 12 bytes are the end chunk, the 4 before it the picture's checksum.
        try TestData.withTemporaryFolder { folder in
            for count in 8..<bytes.count - 12 {
                let diagnosis = try diagnosis(of: Array(bytes[..<count]), at: folder + "/cut.png")
                #expect(diagnosis?.what == "the image is cut short", "\(name) cut to \(count) bytes")
            }
        }
    }

    @Test(arguments: [
        "jpeg_444.jpg", "jpeg_422_progressive.jpg", "jpeg_ycck.jpg", "jpeg_grey.jpg", "exif_5.jpg", "jpeg_restart.jpg",
        "palette_2_trns.png", "grey_alpha_16_interlaced.png", "profile_compressed.png", "xmp_compressed.png",
    ])
    func damageNeverCrashesAndSizeNeverDisagrees(_ name: String) throws {
        let original = try fixture(name)
        var generator = SeededGenerator(seed: 11)
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/damaged"
            for _ in 0..<300 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                        in: 0...255, using: &generator)
                }
                replaceContents(of: path, by: bytes)
                if let image = try? ImageFile.decode(path: path) {
                    let size = try ImageFile.size(path: path)
                    #expect(size.width == image.width && size.height == image.height)
                }
            }
        }
    }

    @Test func flippedBitsInAPNGPictureAreRefused() throws {
        let bytes = try fixture("rgb_8.png")
        for offset in stride(from: bytes.count - 40, to: bytes.count - 14, by: 1) {
            var damaged = bytes
            damaged[offset] ^= 0x10
            #expect(try diagnosis(of: damaged)?.what == "the image is corrupt")
        }
    }

    @Test func otherFilesAreNamed() throws {
        #expect(try diagnosis(of: [])?.what == "the image file is empty")
        #expect(try diagnosis(of: Array("GIF89a...".utf8))?.found == "a GIF file")
        #expect(try diagnosis(of: Array("RIFF\0\0\0\0WEBPVP8 ".utf8))?.found == "a WebP file")
        #expect(try diagnosis(of: Array("<html>".utf8))?.found == "an XML or HTML file")
        #expect(try diagnosis(of: [1, 2, 255])?.found == "a file that begins 01 02 ff")
    }

    @Test func missingFileAndFolderAreNoInput() throws {
        for path in ["/nonexistent/a.jpg", NSTemporaryDirectory()] {
            #expect { try ImageFile.decode(path: path) } throws: {
                ($0 as? FileError)?.diagnosis.status == .noInput
            }
        }
    }

    @Test func hugeDeclaredSizesAreRefusedByTheirHeader() throws {
        // A PNG of 60000 x 60000 in 57 bytes, and a JPEG whose frame says 65500 x 65500.
        var png = try fixture("rgb_8.png")
        let header: [UInt8] = [0x49, 0x48, 0x44, 0x52, 0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60, 8, 2, 0, 0, 0]
        png.replaceSubrange(12..<29, with: header)
        png.replaceSubrange(29..<33, with: crc(header))
        #expect(try diagnosis(of: png)?.found == "60000 x 60000 = 3600000000 pixels")
        var jpeg = try fixture("jpeg_444.jpg")
        let frame = try #require(jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        #expect(try diagnosis(of: jpeg)?.what == "the image is too large to be trusted")
    }

    @Test func brokenMetadataIsNamed() throws {
        var jpeg = try fixture("exif_6.jpg")
        jpeg[12] = 0x58
        #expect(try diagnosis(of: jpeg)?.place == "EXIF")
        var png = try fixture("exif_6.png")
        let chunk = try #require(png.indices.first { png[$0...].starts(with: Array("eXIf".utf8)) })
        png[chunk + 12] ^= 1
        #expect(try diagnosis(of: png)?.what == "the chunk eXIf fails its checksum")
    }

    @Test func writtenPNGReadsBackEqual() throws {
        try TestData.withTemporaryFolder { folder in
            let image = noise(width: 37, height: 19, seed: 4)
            let path = folder + "/a/picture.png"
            try ImageFile.writePNG(image, to: path)
            #expect(try ImageFile.decode(path: path) == image)
            #expect(throws: FileError.self) { try ImageFile.writePNG(noise(width: 2, height: 2, seed: 5), to: path) }
            #expect(try ImageFile.decode(path: path) == image)
        }
    }

    /// CRC-32 as PNG has it, bit by bit.
    private func crc(_ bytes: [UInt8]) -> [UInt8] {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        return (0..<4).map { UInt8(truncatingIfNeeded: ~value >> (24 - 8 * $0)) }
    }
}

/// Writes a new file without syncing: thousands of small ones would wait for the disk.
private func replaceContents(of path: String, by bytes: [UInt8]) {
    unlink(path)
    let file = fopen(path, "w")
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    fclose(file)
}
