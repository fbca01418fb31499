import Core
import TestSupport
import Testing

@Suite struct DigestTests {
    @Test func hashesWithSHA256() throws {
        // FIPS 180-4's examples.
        #expect(SHA256.hexDigest(of: "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.hexDigest(of: "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        try TestData.withTemporaryFolder { folder in
            try AtomicFile.write("abc", to: folder + "/abc")
            #expect(try MappedFile(path: folder + "/abc").sha256() == SHA256.hexDigest(of: "abc"))
        }
    }

    /// As PyPI's xxhash 4.1 tells them: `xxh3_128_hexdigest`.
    @Test(
        arguments: [
            ([], "99aa06d3014798d86001c324468d497f"),
            (Array("abc".utf8), "06b05ab6733a618578af5f94892f3950"),
            ((0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7) }, "4fb78cd2670dad5801271d2740e5fca3"),
        ] as [([UInt8], String)]) func hashesWithXXH128(_ bytes: [UInt8], _ expected: String)
    {
        #expect(bytes.withUnsafeBytes { XXH128.hexDigest(of: $0) } == expected)
    }
}
