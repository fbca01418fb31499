import CSystemLibraries

/// Builds a zip in memory: deflated, no timestamps but the format's first day, so that the same files give the same
/// bytes.
public struct ZipWriter {
    private var output: [UInt8] = []
    private var directory: [UInt8] = []
    private var count = 0

    /// An archive without entries.
    public init() {}

    /// Appends an entry.
    ///
    /// - Precondition: the whole archive stays below 4 GiB and 65,536 entries; `name` is at most 65,535 bytes of UTF-8.
    public mutating func add(_ name: String, _ bytes: [UInt8]) {
        let deflated = ZipWriter.deflate(bytes)
        let isStored = deflated.count >= bytes.count
        let payload = isStored ? bytes : deflated
        let nameBytes = Array(name.utf8)
        precondition(
            output.count + payload.count < Int(UInt32.max) && count < 0xFFFF && nameBytes.count <= 0xFFFF,
            "beyond the plain zip format")
        let offset = output.count
        var fields: [UInt8] = []
        // Version 2.0, UTF-8 names, method, 1980-01-01 00:00.
        for value in [20, 0x0800, isStored ? 0 : 8, 0, 0x0021] { ZipWriter.put16(value, into: &fields) }
        ZipWriter.put32(Int(bytes.withUnsafeBytes { ZipArchive.crc32(of: $0) }), into: &fields)
        ZipWriter.put32(payload.count, into: &fields)
        ZipWriter.put32(bytes.count, into: &fields)
        ZipWriter.put16(nameBytes.count, into: &fields)
        ZipWriter.put16(0, into: &fields)

        ZipWriter.put32(0x0403_4B50, into: &output)
        output += fields + nameBytes + payload

        ZipWriter.put32(0x0201_4B50, into: &directory)
        ZipWriter.put16(20, into: &directory)
        directory += fields
        for _ in 0..<3 { ZipWriter.put16(0, into: &directory) }
        ZipWriter.put32(0, into: &directory)
        ZipWriter.put32(offset, into: &directory)
        directory += nameBytes
        count += 1
    }

    /// The archive's bytes.
    public consuming func finish() -> [UInt8] {
        let offset = output.count
        output += directory
        ZipWriter.put32(0x0605_4B50, into: &output)
        for value in [0, 0, count, count] { ZipWriter.put16(value, into: &output) }
        ZipWriter.put32(directory.count, into: &output)
        ZipWriter.put32(offset, into: &output)
        ZipWriter.put16(0, into: &output)
        return output
    }

    private static func put16(_ value: Int, into bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    private static func put32(_ value: Int, into bytes: inout [UInt8]) {
        put16(value, into: &bytes)
        put16(value >> 16, into: &bytes)
    }

    private static func deflate(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        let status = deflateInit2_(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
        precondition(status == Z_OK, "zlib has no memory")
        defer { deflateEnd(&stream) }
        var source = bytes
        return source.withUnsafeMutableBufferPointer { input in
            let bound = Int(deflateBound(&stream, UInt(input.count)))
            return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(bound)
                let status = CSystemLibraries.deflate(&stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "deflateBound is too small")
                count = Int(stream.total_out)
            }
        }
    }
}
