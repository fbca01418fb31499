import CSystemLibraries
import Core

/// Zip archives as PyTorch, NumPy and the ICDAR competitions use them: listed, mapped, inflated, written.
///
/// A zip archive mapped into memory. Every size and offset in it is checked against the file before it is used.
///
/// Source: PKWARE APPNOTE.TXT 6.3.10; Zip64 and data descriptors are read, encryption and spanning are refused.
public struct ZipArchive: Sendable {
    /// One file of the archive.
    public struct Entry: Sendable, Equatable {
        /// The name as stored, with `/` between folders.
        public let name: String
        /// 0 is stored, 8 is deflated.
        public let method: Int
        /// Bytes in the archive.
        public let compressedSize: Int
        /// Bytes after inflating.
        public let size: Int
        /// CRC-32 of the inflated bytes.
        public let crc32: UInt32
        /// Where the entry's bytes begin, in bytes from the start of the file.
        public let dataOffset: Int

        /// Whether this is a folder.
        public var isFolder: Bool { name.hasSuffix("/") }
    }

    /// The mapped file.
    public let file: MappedFile
    /// The entries in the order of the central directory.
    public let entries: [Entry]
    private let positions: [String: Int]

    /// Maps the archive at `path` and reads its directory.
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `ArchiveError` (65) where it is no zip, or its sizes,
    ///   offsets or names cannot be true: past the end, overlapping, twice, leading out of the archive.
    public init(path: String) throws {
        try self.init(file: MappedFile(path: path))
    }

    /// Reads the directory of the mapped archive `file`; see `init(path:)`.
    public init(file: MappedFile) throws {
        self.file = file
        entries = try withExtendedLifetime(file) { try ZipDirectory(file: file).entries() }
        var positions: [String: Int] = [:]
        for (position, entry) in entries.enumerated() where positions.updateValue(position, forKey: entry.name) != nil {
            throw ArchiveError.bad(
                "a name stands twice", path: file.path, place: entry.name, expected: "each name once")
        }
        self.positions = positions
    }

    /// The entry called `name`.
    public subscript(name: String) -> Entry? {
        positions[name].map { entries[$0] }
    }

    /// Calls `body` with the bytes of a stored entry, without a copy; they are not checked against the CRC.
    ///
    /// - Throws: `ArchiveError` (65) where the entry is compressed.
    public func withBytes<Result>(of entry: Entry, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try withExtendedLifetime(file) { try body(view(of: entry)) }
    }

    /// The bytes of a stored entry, without a copy: valid while `file` lives; they are not checked against the CRC.
    ///
    /// - Throws: `ArchiveError` (65) where the entry is compressed.
    public func view(of entry: Entry) throws -> UnsafeRawBufferPointer {
        guard entry.method == 0 else {
            throw ArchiveError.bad(
                "an entry is compressed where it must be stored", path: file.path, place: entry.name,
                found: "method \(entry.method)", expected: "method 0 (stored)")
        }
        return raw(entry)
    }

    /// The inflated bytes of an entry, checked against its size and CRC-32.
    ///
    /// - Parameter limit: the most bytes that are inflated, against bombs; default 1 GiB.
    /// - Throws: `ArchiveError` (65) where size, CRC or stream are wrong, or the size is beyond `limit`.
    /// - Complexity: O(size).
    public func data(of entry: Entry, limit: Int = 1 << 30) throws -> [UInt8] {
        guard entry.size <= limit else {
            throw ArchiveError.bad(
                "an entry is too large", path: file.path, place: entry.name, found: "\(entry.size) bytes",
                expected: "at most \(limit) bytes")
        }
        return try withExtendedLifetime(file) {
            let bytes = try entry.method == 0 ? Array(raw(entry)) : inflate(entry)
            try bytes.withUnsafeBytes { try check($0, of: entry) }
            return bytes
        }
    }

    /// Checks the bytes of a stored entry against its CRC-32.
    ///
    /// - Throws: `ArchiveError` (65) where they differ, or the entry is compressed.
    /// - Complexity: O(size).
    public func verify(_ entry: Entry) throws {
        try withBytes(of: entry) { try check($0, of: entry) }
    }

    private func check(_ bytes: UnsafeRawBufferPointer, of entry: Entry) throws {
        let crc = ZipArchive.crc32(of: bytes)
        guard crc == entry.crc32 else {
            throw ArchiveError.bad(
                "an entry is corrupt", path: file.path, place: entry.name,
                found: "CRC-32 \(String(crc, radix: 16))", expected: "CRC-32 \(String(entry.crc32, radix: 16))")
        }
    }

    static func crc32(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
    }

    private func raw(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[entry.dataOffset..<entry.dataOffset + entry.compressedSize])
    }

    private func inflate(_ entry: Entry) throws -> [UInt8] {
        func broken(_ found: String) -> ArchiveError {
            .bad("an entry does not inflate", path: file.path, place: entry.name, found: found)
        }
        // A deflate stream cannot shrink below 1/1032, so a size beyond that is a lie and is never allocated.
        guard entry.compressedSize < Int(UInt32.max), entry.size <= (entry.compressedSize + 1) * 1032,
            entry.size < Int(UInt32.max)
        else { throw broken("\(entry.size) bytes out of \(entry.compressedSize)") }
        var stream = z_stream()
        let version = ZLIB_VERSION
        guard inflateInit2_(&stream, -MAX_WBITS, version, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw broken("zlib has no memory")
        }
        defer { inflateEnd(&stream) }
        var status = Z_OK
        let bytes = [UInt8](unsafeUninitializedCapacity: entry.size + 1) { buffer, count in
            // zlib reads the input only; the C type lacks the const.
            let source = raw(entry).bindMemory(to: UInt8.self).baseAddress
            stream.next_in = UnsafeMutablePointer(mutating: source)
            stream.avail_in = UInt32(entry.compressedSize)
            stream.next_out = buffer.baseAddress
            stream.avail_out = UInt32(entry.size + 1)
            status = CSystemLibraries.inflate(&stream, Z_FINISH)
            count = Int(stream.total_out)
        }
        guard status == Z_STREAM_END, bytes.count == entry.size, stream.avail_in == 0 else {
            throw broken("\(bytes.count) bytes, zlib status \(status), \(stream.avail_in) bytes left over")
        }
        return bytes
    }
}
