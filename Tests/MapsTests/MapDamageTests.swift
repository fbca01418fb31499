import Core
import Foundation
import Maps
import TestSupport
import Testing

/// A damaged map file is an error that names it, and never another map.
@Suite struct MapDamageTests {
    /// Runs `body` with a store of one map and the bytes of its file; `check` puts other bytes in their place and
    /// requires that reading fails in the right way, or gives the map that was written.
    private func withMapFile(
        encoding: MapEncoding = .float32,
        _ body: (_ original: [UInt8], _ check: ([UInt8]) throws -> Bool) throws -> Void
    ) throws {
        try withStore { store in
            var map = randomMap("a.jpg", seed: 1)
            if encoding != .float32 {
                let values = map.map.values.map { ($0 * 255).rounded() / 255 }
                map.map = ProbabilityMap(width: map.map.width, height: map.map.height, values: values)
            }
            try store.write(map, encoding: encoding)
            let path = store.path + "/a.jpg.map"
            let original = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            try body(original) { bytes in
                replaceContents(of: path, by: bytes)
                do {
                    let read = try store.read("a.jpg")
                    #expect(read == map, "a wrong map was read")
                    return false
                } catch {
                    let diagnosis = (error as? any DiagnosedError)?.diagnosis
                    #expect(diagnosis?.status == .badData && diagnosis?.path == path, "\(error)")
                    return true
                }
            }
        }
    }

    @Test func everyFlippedBitOfTheHeaderIsFound() throws {
        try withMapFile { original, isRefused in
            // Magic, length, JSON, checksum: see `MapFile`.
            let end = 12 + Int(original[8]) + 256 * Int(original[9]) + 4
            for offset in 0..<end {
                for bit in 0..<8 {
                    var bytes = original
                    bytes[offset] ^= 1 << bit
                    let refused = try isRefused(bytes)
                    #expect(refused, "bit \(bit) of byte \(offset)")
                }
            }
        }
    }

    @Test(arguments: MapEncoding.allCases.filter { $0 != .uint16 }) func flippedBytesNeverGiveAnotherMap(
        _ encoding: MapEncoding
    ) throws {
        try withMapFile(encoding: encoding) { original, isRefused in
            var generator = SeededGenerator(seed: 7)
            var refused = 0
            for _ in 0..<3000 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(
                        in: 1...255, using: &generator)
                }
                if try isRefused(bytes) { refused += 1 }
            }
            // The few others changed nothing that counts, such as an unused bit.
            #expect(refused > 2900)
        }
    }

    @Test func everyCutAndEveryAddedByteIsFound() throws {
        try withMapFile { original, isRefused in
            for count in 0..<original.count {
                let refused = try isRefused(Array(original[..<count]))
                #expect(refused, "cut to \(count)")
            }
            for longer in [original + [0], original + original] {
                let refused = try isRefused(longer)
                #expect(refused)
            }
        }
    }

    @Test func brokenMapsCountAsMissingAndAreReplaced() throws {
        try withStore { store in
            let map = randomMap("a.jpg", seed: 1)
            try store.write(map)
            let path = store.path + "/a.jpg.map"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
            #expect(!store.contains("a.jpg"))
            try store.write(map)
            #expect(try store.read("a.jpg") == map)
        }
    }

    @Test func aRenamedFileIsNotTakenForAnotherImages() throws {
        try withStore { store in
            try store.write(randomMap("a.jpg", seed: 1))
            try FileManager.default.moveItem(atPath: store.path + "/a.jpg.map", toPath: store.path + "/b.jpg.map")
            #expect(!store.contains("b.jpg"))
            #expect { try store.read("b.jpg") } throws: { "\($0)".contains("the map of a.jpg") }
        }
    }
}

/// Writes a new file without syncing: thousands of small ones would wait for the disk.
func replaceContents(of path: String, by bytes: [UInt8]) {
    unlink(path)
    let file = fopen(path, "w")
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    fclose(file)
}
