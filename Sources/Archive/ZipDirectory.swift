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

    /// The entries in directory order.
    ///
    /// - Throws: `ArchiveError` (65) where sizes, offsets, counts or names cannot be true.
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
        var places: [(range: Range<Int>, name: String)] = []
        var offset = start
        for _ in 0..<location.count {
            let (entry, header) = try entry(at: &offset, end: location.end, shift: shift)
            entries.append(entry)
            places.append((header..<entry.dataOffset + entry.compressedSize, entry.name))
        }
        guard offset == location.end else {
            throw error(
                "the directory holds more than the entries it counts", at: offset,
                found: "\(location.end - offset) bytes after \(location.count) entries")
        }
        try checkOverlaps(places, directory: start)
        return entries
    }

    /// No byte of a header or of data belongs to two entries, or to the directory.
    private func checkOverlaps(_ places: [(range: Range<Int>, name: String)], directory: Int) throws {
        var end = 0
        for (range, name) in places.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            guard range.lowerBound >= end else { throw error("two entries share bytes", place: name) }
            end = range.upperBound
            guard end <= directory else { throw error("an entry runs into the directory", place: name) }
        }
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

    private func entry(
        at offset: inout Int, end: Int, shift: Int
    ) throws -> (entry: ZipArchive.Entry, header: Int) {
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
        try check(name)
        guard method == 8 || size == compressed else {
            throw error("a stored entry with two sizes", place: name, found: "\(compressed) and \(size) bytes")
        }
        let (header, overflow) = local.addingReportingOverflow(shift)
        guard !overflow, header >= 0, numbers.u32(header) == 0x0403_4B50, let localName = numbers.u16(header + 26),
            let localExtra = numbers.u16(header + 28), header + 30 + localName <= bytes.count
        else { throw error("an entry's header is not where the directory says", place: name, found: "offset \(local)") }
        guard bytes[header + 30..<header + 30 + localName].elementsEqual(bytes[at + 46..<at + 46 + nameLength]) else {
            throw error("an entry's header has another name than the directory", place: name)
        }
        let data = header + 30 + localName + localExtra
        guard data <= bytes.count, compressed <= bytes.count - data else {
            throw error(
                "an entry runs past the end of the file", place: name,
                found: "\(compressed) bytes from offset \(data) in a file of \(bytes.count)")
        }
        let entry = ZipArchive.Entry(
            name: name, method: method, compressedSize: compressed, size: size,
            crc32: UInt32(truncatingIfNeeded: crc), dataOffset: data)
        return (entry, header)
    }

    /// Nobody extracts to disk here, but a name that would lead elsewhere marks an archive made to mislead.
    private func check(_ name: String) throws {
        // A backslash separates folders where Windows unpacks.
        let parts = name.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }
        let isAbsolute = parts.first?.isEmpty != false || parts.first?.hasSuffix(":") == true
        guard !isAbsolute, !parts.contains(".."), !name.contains("\0") else {
            throw error("a name that leads out of the archive", place: name)
        }
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
