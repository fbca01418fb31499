import Archive
import Core
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

    @Test(arguments: [("zip64.zip", "wide.bin", raw), ("descriptor.zip", "text.txt", text)])
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

    /// What a lie in the directory must lead to: an error that names the file and tells the lie.
    @Test(arguments: [
        ("size of the entry", 20, UInt32(0x7FFF_FFF0), "stored.bin"),
        ("offset of the entry", 42, 0x00FF_FFFF, "not where"),
        ("stored size", 24, 0x10, "two sizes"),
    ])
    func refusesLies(what: String, field: Int, value: UInt32, message: String) throws {
        var bytes = try MappedFile(path: TestData.fixture("Archive/mixed.zip")).withBytes { Array($0) }
        let signature: [UInt8] = [0x50, 0x4B, 0x01, 0x02]
        let starts = bytes.indices.filter { bytes[$0...].starts(with: signature) }
        let entry = starts[2] + field
        for byte in 0..<4 { bytes[entry + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/lie.zip"
            try AtomicFile.write(bytes, to: path)
            let error = #expect(throws: ArchiveError.self) { try ZipArchive(path: path) }
            #expect(error?.description.contains(message) == true, "\(what): \(error?.description ?? "")")
            #expect(error?.diagnosis.path == path)
        }
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
                try AtomicFile.write(broken, to: path, overwrite: true)
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
