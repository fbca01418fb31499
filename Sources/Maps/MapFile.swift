import CSystemLibraries
import Core
import Geometry

/// One map on disk, whole in itself.
///
///     8 bytes   "DBMAP\r\n\u{1A}", which breaks where a transfer changes line ends
///     4 bytes   length of the header, little-endian
///     …         the header: JSON, see `MapEntry`
///     4 bytes   CRC-32 of all above, little-endian
///     …         the values' byte planes as one zstd frame with its own checksum, to the end of the file
///
/// So any file of another length, and any changed byte, is found out.
enum MapFile {
    private static let magic: [UInt8] = Array("DBMAP\r\n\u{1A}".utf8)
    private static let maximumHeader = 1 << 16

    /// The bytes of a map file.
    static func encode(_ entry: MapEntry, planes: [UInt8]) throws -> [UInt8] {
        let payload = try compress(planes, level: entry.encoding.compressionLevel, path: entry.imageName)
        var members = entry.json
        members["payload_bytes"] = .int(payload.count)
        let header = Array(JSONValue.object(members).text().utf8)
        var bytes = magic + littleEndian(UInt32(header.count)) + header
        bytes += littleEndian(checksum(bytes))
        bytes.reserveCapacity(bytes.count + payload.count)
        bytes += payload
        return bytes
    }

    /// Reads the header of `file` and checks that the file has the length it says.
    static func entry(of file: MappedFile) throws -> (entry: MapEntry, payload: UnsafeRawBufferPointer) {
        let bytes = file.bytes
        guard bytes.starts(with: magic) else {
            throw MapsError.broken(path: file.path, found: "\(bytes.count) bytes", expected: "a map file's first bytes")
        }
        let short = MapsError.broken(path: file.path, found: "\(bytes.count) bytes", expected: "a whole header")
        guard let length = word(of: bytes, at: 8), length <= maximumHeader else { throw short }
        let end = 12 + length
        guard let stored = word(of: bytes, at: end) else { throw short }
        guard checksum(bytes[..<end]) == UInt32(stored) else {
            throw MapsError.broken(path: file.path, place: "header", found: "a wrong checksum")
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[12..<end])
        guard let members = try JSONValue(parsing: text, path: file.path).object, let entry = MapEntry(json: members),
            let payloadCount = members["payload_bytes"]?.int
        else { throw MapsError.broken(path: file.path, place: "header", found: "a member missing or of another kind") }
        guard bytes.count == end + 4 + payloadCount else {
            throw MapsError.broken(
                path: file.path, found: "\(bytes.count) bytes", expected: "\(end + 4 + payloadCount) bytes")
        }
        return (entry, UnsafeRawBufferPointer(rebasing: bytes[(end + 4)...]))
    }

    /// Reads the map of `file`.
    static func decode(_ file: MappedFile) throws -> ImageMap {
        let (entry, payload) = try entry(of: file)
        let planeBytes = entry.mapWidth * entry.mapHeight * entry.encoding.width
        guard ZSTD_getFrameContentSize(payload.baseAddress, payload.count) == UInt64(planeBytes) else {
            throw MapsError.broken(path: file.path, place: "values", expected: "\(planeBytes) bytes")
        }
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: planeBytes)
        defer { buffer.deallocate() }
        let result = ZSTD_decompress(buffer.baseAddress, planeBytes, payload.baseAddress, payload.count)
        guard ZSTD_isError(result) == 0, result == planeBytes else {
            let found = ZSTD_isError(result) == 0 ? "\(result) bytes" : String(cString: ZSTD_getErrorName(result))
            throw MapsError.broken(path: file.path, place: "values", found: found)
        }
        guard let values = entry.encoding.values(of: UnsafeBufferPointer(buffer)) else {
            throw MapsError.broken(path: file.path, place: "values", found: "a value that is no probability")
        }
        return ImageMap(
            imageName: entry.imageName, imageWidth: entry.imageWidth, imageHeight: entry.imageHeight,
            inverse: entry.inverse,
            map: ProbabilityMap(width: entry.mapWidth, height: entry.mapHeight, values: values))
    }

    private static func compress(_ planes: [UInt8], level: Int32, path: String) throws -> [UInt8] {
        func failed(_ code: Int?) -> MapsError {
            let found = code.map { String(cString: ZSTD_getErrorName($0)) }
            return MapsError(Diagnosis(.failure, "cannot compress the map", path: path, found: found))
        }
        guard let context = ZSTD_createCCtx() else { throw failed(nil) }
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        var result = 0
        let capacity = ZSTD_compressBound(planes.count)
        let payload = [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
            result = ZSTD_compress2(context, target.baseAddress, capacity, planes, planes.count)
            count = ZSTD_isError(result) == 0 ? result : 0
        }
        guard ZSTD_isError(result) == 0 else { throw failed(result) }
        return payload
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func word(of bytes: UnsafeRawBufferPointer, at offset: Int) -> Int? {
        guard offset + 4 <= bytes.count else { return nil }
        return Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    private static func checksum(_ bytes: some Collection<UInt8>) -> UInt32 {
        Array(bytes).withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
    }
}
