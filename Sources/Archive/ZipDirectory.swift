import Core

/// Reads the central directory of a zip, nothing trusted.
struct ZipDirectory {
    private let path: String
    private let bytes: UnsafeRawBufferPointer
    private let numbers: LittleEndian

    init(file: MappedFile) {
        path = file.path
        bytes = file.bytes
        numbers = LittleEndian(bytes: file.bytes)
    }

    /// The directory's place in the file.
    private struct Location {
        var count: Int
        var size: Int
        var offset: Int
        /// Where its end record begins: the directory must end at or before it.
        var end: Int
    }

    func entries() throws -> [ZipArchive.Entry] {
        let location = try locate()
        guard location.size <= location.end, location.offset <= location.end - location.size else {
            throw error("the directory lies outside the file", at: location.end)
        }
        // Bytes before the archive (a self-extractor, a prefix) move every offset by the same amount.
        let start = location.end - location.size
        let shift = start - location.offset
        // An entry takes at least 46 bytes, so a lying count is found before anything is reserved for it.
        guard location.count <= location.size / 46 else {
            throw error("the directory counts more entries than it has room for", at: start, found: "\(location.count)")
        }
        var entries: [ZipArchive.Entry] = []
        entries.reserveCapacity(location.count)
        var offset = start
        for _ in 0..<location.count {
            entries.append(try entry(at: &offset, end: location.end, shift: shift))
        }
        return entries
    }

    private func locate() throws -> Location {
        let last = bytes.count - 22
        guard last >= 0 else { throw error("too short for a zip", at: 0, found: "\(bytes.count) bytes") }
        // The end record is the last thing but a comment of at most 65,535 bytes.
        for offset in stride(from: last, through: max(0, last - 0xFFFF), by: -1)
        where numbers.u32(offset) == 0x0605_4B50 && (numbers.u16(offset + 20) ?? -1) <= bytes.count - offset - 22 {
            guard let disk = numbers.u16(offset + 4), let count = numbers.u16(offset + 10),
                let size = numbers.u32(offset + 12), let start = numbers.u32(offset + 16)
            else { break }
            if let wide = try zip64(before: offset) { return wide }
            guard disk == 0 else { throw error("an archive of several disks", at: offset, expected: "one file") }
            return Location(count: count, size: size, offset: start, end: offset)
        }
        throw error("no end-of-directory record", at: bytes.count, expected: "a whole zip file")
    }

    private func zip64(before end: Int) throws -> Location? {
        let locator = end - 20
        guard numbers.u32(locator) == 0x0706_4B50 else { return nil }
        guard let stated = numbers.u64(locator + 8) else { throw error("a broken Zip64 locator", at: locator) }
        // With bytes before the archive the record still stands right before its locator.
        guard
            let record = [stated, locator - 56].first(where: { numbers.u32($0) == 0x0606_4B50 && $0 <= locator - 56 }),
            let count = numbers.u64(record + 32), let size = numbers.u64(record + 40),
            let start = numbers.u64(record + 48)
        else { throw error("a broken Zip64 end record", at: locator) }
        return Location(count: count, size: size, offset: start, end: record)
    }

    private func entry(at offset: inout Int, end: Int, shift: Int) throws -> ZipArchive.Entry {
        let at = offset
        guard at <= end - 46, numbers.u32(at) == 0x0201_4B50, let flags = numbers.u16(at + 8),
            let method = numbers.u16(at + 10), let crc = numbers.u32(at + 16), var compressed = numbers.u32(at + 20),
            var size = numbers.u32(at + 24), let nameLength = numbers.u16(at + 28),
            let extraLength = numbers.u16(at + 30),
            let commentLength = numbers.u16(at + 32), var local = numbers.u32(at + 42)
        else { throw error("a broken directory entry", at: at) }
        offset = at + 46 + nameLength + extraLength + commentLength
        guard offset <= end else { throw error("a directory entry runs past the directory", at: at) }
        let name = String(decoding: bytes[at + 46..<at + 46 + nameLength], as: UTF8.self)
        try widen(&size, &compressed, &local, extra: at + 46 + nameLength, length: extraLength, name: name)
        guard flags & 1 == 0 else { throw error("an encrypted entry", place: name, expected: "no encryption") }
        guard method == 0 || method == 8 else {
            throw error("an entry is compressed in an unknown way", place: name, found: "method \(method)")
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, !name.hasPrefix("/"), !parts.contains(".."), !name.contains("\0") else {
            throw error("a name that leads out of the archive", place: name)
        }
        guard method == 8 || size == compressed else {
            throw error("a stored entry with two sizes", place: name, found: "\(compressed) and \(size) bytes")
        }
        let (header, overflow) = local.addingReportingOverflow(shift)
        guard !overflow, header >= 0, numbers.u32(header) == 0x0403_4B50, let localName = numbers.u16(header + 26),
            let localExtra = numbers.u16(header + 28)
        else { throw error("an entry's header is not where the directory says", place: name, found: "offset \(local)") }
        let data = header + 30 + localName + localExtra
        guard data <= bytes.count, compressed <= bytes.count - data else {
            throw error(
                "an entry runs past the end of the file", place: name,
                found: "\(compressed) bytes from offset \(data) in a file of \(bytes.count)")
        }
        return ZipArchive.Entry(
            name: name, method: method, compressedSize: compressed, size: size,
            crc32: UInt32(truncatingIfNeeded: crc), dataOffset: data)
    }

    /// Replaces 32-bit fields that are all ones by their 64-bit values from the extra field.
    private func widen(
        _ size: inout Int, _ compressed: inout Int, _ local: inout Int, extra: Int, length: Int, name: String
    ) throws {
        guard [size, compressed, local].contains(0xFFFF_FFFF) else { return }
        var offset = extra
        while offset + 4 <= extra + length, let id = numbers.u16(offset), let count = numbers.u16(offset + 2) {
            if id == 1 {
                var field = offset + 4
                func next(_ value: inout Int) throws {
                    guard value == 0xFFFF_FFFF else { return }
                    guard field + 8 <= min(offset + 4 + count, extra + length), let wide = numbers.u64(field) else {
                        throw error("a broken Zip64 field", place: name)
                    }
                    value = wide
                    field += 8
                }
                try next(&size)
                try next(&compressed)
                try next(&local)
                return
            }
            offset += 4 + count
        }
    }

    private func error(
        _ what: String, at offset: Int? = nil, place: String? = nil, found: String? = nil, expected: String? = nil
    ) -> ArchiveError {
        .bad(what, path: path, place: place ?? offset.map { "byte \($0)" }, found: found, expected: expected)
    }
}
