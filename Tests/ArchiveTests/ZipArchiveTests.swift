import Archive
import Core
import Foundation
import TestSupport
import Testing

/// Archives written by Python's zipfile: Fixtures/Archive/make_archives.py.
@Suite struct ZipArchiveTests {
    private static let text = Array((0..<500).map { "\($0),\($0 * $0),line\n" }.joined().utf8)
    private static let raw = (0..<1024).map { UInt8($0 % 256) }

    @Test(arguments: ["mixed.zip", "prefixed.zip"])
    func readsWhatPythonWrote(name: String) throws {
        let archive = try ZipArchive(path: TestData.fixture("Archive/" + name))
        #expect(
            archive.entries.map(\.name) == ["folder/", "folder/deflated.txt", "stored.bin", "영수증.txt", "empty"])
        #expect(try archive.data(of: #require(archive["folder/deflated.txt"])) == Self.text)
        #expect(try archive.data(of: #require(archive["stored.bin"])) == Self.raw)
        #expect(try archive.withBytes(of: #require(archive["stored.bin"])) { Array($0) } == Self.raw)
        #expect(try archive.data(of: #require(archive["영수증.txt"])) == Array("값".utf8))
        #expect(try archive.data(of: #require(archive["empty"])).isEmpty)
        #expect(archive["absent"] == nil)
        let deflated = try #require(archive["folder/deflated.txt"])
        #expect(throws: ArchiveError.self) { try archive.view(of: deflated) }
        #expect(throws: ArchiveError.self) { try archive.data(of: deflated, limit: 100) }
    }

    @Test(arguments: [
        ("zip64.zip", "wide.bin", raw), ("zip64_directory.zip", "first", raw), ("zip64_directory.zip", "second", text),
        ("descriptor.zip", "text.txt", text),
    ])
    func readsOtherForms(name: String, entry: String, bytes: [UInt8]) throws {
        let archive = try ZipArchive(path: TestData.fixture("Archive/" + name))
        #expect(try archive.data(of: #require(archive[entry])) == bytes)
    }

    @Test func roundTripsAndRepeats() throws {
        var generator = SeededGenerator(seed: 7)
        let noise = (0..<5000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let files = [("gt_img_1.txt", Self.text), ("noise", noise), ("빈", [])]
        func write() -> [UInt8] {
            var writer = ZipWriter()
            for (name, bytes) in files { writer.add(name, bytes) }
            return writer.finish()
        }
        #expect(write() == write())
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/out.zip"
            try AtomicFile.write(write(), to: path)
            let archive = try ZipArchive(path: path)
            #expect(archive.entries.map(\.name) == files.map(\.0))
            for (name, bytes) in files { #expect(try archive.data(of: #require(archive[name])) == bytes) }
        }
    }

    /// Fixtures/Archive/make_lies.py: a lie in the directory is found when the archive is opened.
    @Test(arguments: [
        ("name_twice", "first", "stands twice"), ("name_parent", "folder/../../a", "out of the archive"),
        ("name_windows", "folder\\..\\..\\a", "out of the archive"), ("name_absolute", "/a", "out of the archive"),
        ("name_drive", "C:\\a", "out of the archive"), ("name_empty", "", "out of the archive"),
        ("name_header", "first", "another name"), ("nested", "inner", "share bytes"),
        ("into_directory", "first", "into the directory"), ("past_end", "first", "past the end"),
        ("count_low", "byte 3781", "more than the entries it counts"),
        ("count_high", "byte 3730", "more entries than it has room for"),
        ("directory_size", "", "outside the file"), ("disk", "", "several disks"),
        ("stored_sizes", "first", "two sizes"), ("zip64_size", "a", "past the end"),
        ("zip64_offset", "a", "broken Zip64 field"), ("zip64_short", "a", "broken Zip64 field"),
        ("zip64_count", "", "more entries than it has room for"), ("zip64_record", "", "outside the file"),
        ("method", "first", "unknown way"), ("encrypted", "first", "encrypted"),
    ])
    func refusesLies(name: String, place: String, what: String) throws {
        let path = TestData.fixture("Archive/bad_\(name).zip")
        let error = #expect(throws: ArchiveError.self) { try ZipArchive(path: path) }
        #expect(error?.diagnosis.what.contains(what) == true, "\(error?.description ?? "")")
        #expect(place.isEmpty || error?.diagnosis.place == place, "\(error?.description ?? "")")
        #expect(error?.diagnosis.path == path && error?.diagnosis.status == .badData)
    }

    /// Lies that show only when an entry's bytes are read.
    @Test(arguments: [
        ("crc", "corrupt"), ("crc_deflated", "corrupt"), ("short", "does not inflate"), ("long", "does not inflate"),
        ("bomb", "too large"), ("left_over", "does not inflate"), ("stream", "does not inflate"),
    ])
    func refusesToRead(name: String, what: String) throws {
        let archive = try ZipArchive(path: TestData.fixture("Archive/bad_read_\(name).zip"))
        let entry = try #require(archive["first"])
        let error = #expect(throws: ArchiveError.self) { try archive.data(of: entry) }
        #expect(error?.diagnosis.what.contains(what) == true, "\(error?.description ?? "")")
        #expect(error?.diagnosis.place == "first")
        #expect(throws: ArchiveError.self) { try archive.data(of: entry, limit: .max) }
    }

    @Test func verifiesStoredEntries() throws {
        let whole = try ZipArchive(path: TestData.fixture("Archive/mixed.zip"))
        try whole.verify(#require(whole["stored.bin"]))
        let broken = try ZipArchive(path: TestData.fixture("Archive/bad_read_crc.zip"))
        let entry = try #require(broken["first"])
        #expect(throws: ArchiveError.self) { try broken.verify(entry) }
    }

    @Test func truncationsAndFlipsNeverCrash() throws {
        let bytes = try MappedFile(path: TestData.fixture("Archive/mixed.zip")).withBytes { Array($0) }
        var generator = SeededGenerator(seed: 11)
        var refused = 0
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/broken.zip"
            for round in 0..<600 {
                var broken = bytes
                if round.isMultiple(of: 3) {
                    broken.removeLast(Int.random(in: 1...bytes.count, using: &generator))
                } else {
                    for _ in 0..<Int.random(in: 1...4, using: &generator) {
                        broken[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                            in: 0...255, using: &generator)
                    }
                }
                try Data(broken).write(to: URL(fileURLWithPath: path))
                do {
                    let archive = try ZipArchive(path: path)
                    for entry in archive.entries { _ = try archive.data(of: entry) }
                } catch is ArchiveError {
                    refused += 1
                }
            }
        }
        #expect(refused > 300, "only \(refused) of 600 broken archives were refused")
    }
}
