import Core
import Foundation
import Geometry
import Maps
import TestSupport
import Testing

@Suite struct MapStoreTests {
    @Test func everyValueReadsBackEqual() throws {
        try withStore { store in
            var map = randomMap("a.jpg", seed: 1)
            var values = map.map.values
            values.replaceSubrange(
                0..<8, with: [0, -0.0, 1, .leastNonzeroMagnitude, .ulpOfOne, 1 - .ulpOfOne / 2, 0.5, Float(0.3).nextUp])
            map.map = ProbabilityMap(width: map.map.width, height: map.map.height, values: values)
            try store.write(map)
            let read = try MapStore.open(at: store.path).read("a.jpg")
            #expect(read == map)
            #expect(read.map.values.map { ($0 + 0).bitPattern } == values.map { ($0 + 0).bitPattern })
            let entry = try store.entry("a.jpg")
            #expect(entry.imageWidth == 640 && entry.imageHeight == 480 && entry.inverse == map.inverse)
            #expect(entry.mapWidth == 37 && entry.mapHeight == 23 && entry.encoding == .float32)
        }
    }

    @Test(arguments: [(MapEncoding.uint8, 255), (.uint16, 65535)]) func everyLevelReadsBackEqual(
        _ encoding: MapEncoding, highest: Int
    ) throws {
        try withStore { store in
            let values = (0...highest).map { Float($0) / Float(highest) }
            let map = ImageMap(
                imageName: "levels.png", imageWidth: 3, imageHeight: 4, inverse: .identity,
                map: ProbabilityMap(width: highest + 1, height: 1, values: values))
            try store.write(map, encoding: encoding)
            #expect(try store.read("levels.png") == map)
            var between = map
            between.imageName = "between.png"
            between.map = ProbabilityMap(width: 1, height: 1, values: [Float(0.5).nextUp])
            #expect { try store.write(between, encoding: encoding) } throws: {
                "\($0)".contains("between the levels of \(encoding.rawValue)")
            }
            #expect(!store.contains("between.png"))
        }
    }

    @Test(arguments: [
        "plain.jpg", "a.jpg", "a.png", "with space = sign.jpg", "sub/folder/a.jpg", "sub%2Ffolder", ".hidden.jpg", "..",
        "영수증_01.jpg", "e\u{301}.jpg", "100%.jpg", "line\nfeed", "a.jpg.map", "store.json", "a~b'\"\\.jpg",
        String(repeating: "é", count: 120) + "1.jpg", String(repeating: "é", count: 120) + "2.jpg",
    ]) func anyNameIsKept(_ name: String) throws {
        try withStore { store in
            for other in ["a.jpg", "a.png", "sub/folder/a.jpg"] where other != name {
                try store.write(randomMap(other, seed: 5))
            }
            let map = randomMap(name, seed: 9)
            #expect(!store.contains(name))
            try store.write(map)
            #expect(store.contains(name))
            let reopened = try MapStore.open(at: store.path)
            #expect(reopened.imageNames.contains { Array($0.utf8) == Array(name.utf8) })
            #expect(try reopened.read(name) == map)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: store.path).count == reopened.imageNames.count + 1)
        }
    }

    @Test func namesAreOrderedAndTakenAtOpening() throws {
        try withStore { store in
            for name in ["b", "a10", "a9", "Z", "é"] { try store.write(randomMap(name, seed: 2)) }
            #expect(store.imageNames == [])
            #expect(try MapStore.open(at: store.path).imageNames == ["Z", "a10", "a9", "b", "é"])
        }
    }

    @Test func noProbabilitiesAreRefusedWithTheirPlace() throws {
        try withStore { store in
            for (bad, text) in [(Float.nan, "nan"), (1.5, "1.5"), (-0.25, "-0.25"), (.infinity, "inf")] {
                var map = randomMap("bad.jpg", seed: 3)
                var values = map.map.values
                values[2 * 37 + 5] = bad
                values[3 * 37] = bad
                map.map = ProbabilityMap(width: 37, height: 23, values: values)
                #expect { try store.write(map) } throws: {
                    let diagnosis = ($0 as? MapsError)?.diagnosis
                    return diagnosis?.place == "x 5, y 2" && diagnosis?.found == text && diagnosis?.status == .badData
                }
                #expect(!store.contains("bad.jpg"))
            }
        }
    }

    @Test func anotherMapOfAnImageNeedsOverwrite() throws {
        try withStore { store in
            let (first, second) = (randomMap("a", seed: 1), randomMap("a", seed: 2))
            try store.write(first)
            try store.write(first)
            #expect { try store.write(second) } throws: { ($0 as? MapsError)?.diagnosis.status == .cannotCreate }
            #expect(try store.read("a") == first)
            try store.write(second, overwrite: true)
            #expect(try store.read("a") == second)
        }
    }

    @Test func mapsOfAnotherSizeAreRefused() throws {
        try TestData.withTemporaryFolder { folder in
            var provenance = provenance
            provenance.size = 64
            let store = try MapStore.create(at: folder + "/maps", provenance: provenance)
            #expect { try store.write(randomMap("a", seed: 1)) } throws: { "\($0)".contains("37 x 23") }
        }
    }

    // MARK: Opening

    @Test func otherMakesAreRefusedByName() throws {
        try withStore { store in
            try store.write(randomMap("a", seed: 1))
            #expect(try MapStore.openForAppending(at: store.path, provenance: provenance).imageNames == ["a"])
            var moved = provenance
            moved.checkpoint = "elsewhere/fold=0.ckpt"
            #expect(try MapStore.openForAppending(at: store.path, provenance: moved).provenance == provenance)
            let changes: [(String, (inout MapProvenance) -> Void)] = [
                ("checkpoint_sha256", { $0.checkpointSHA256 = "cd" }),
                ("architecture", { $0.architecture = "resnet34" }),
                ("size", { $0.size = 1024 }), ("preprocessing", { $0.preprocessing = "stretch" }),
                ("precision", { $0.precision = "bf16" }), ("tta", { $0.tta = ["hflip"] }),
            ]
            func text(_ provenance: MapProvenance, _ key: String) -> String { provenance.json[key]?.text() ?? "" }
            for (key, change) in changes {
                var other = provenance
                change(&other)
                #expect { try MapStore.openForAppending(at: store.path, provenance: other) } throws: {
                    let diagnosis = ($0 as? MapsError)?.diagnosis
                    // One key, with both values.
                    return diagnosis?.status == .badData && diagnosis?.found == "\(key) \(text(provenance, key))"
                        && diagnosis?.expected == "\(key) \(text(other, key))"
                }
            }
        }
    }

    @Test func foldersThatAreNoStoreAreNamed() throws {
        try TestData.withTemporaryFolder { folder in
            func status(_ body: () throws -> MapStore) -> Core.ExitStatus? {
                do {
                    _ = try body()
                    return nil
                } catch {
                    #expect("\(error)".contains(folder))
                    return (error as? any DiagnosedError)?.diagnosis.status
                }
            }
            #expect(status { try MapStore.open(at: folder + "/missing") } == .noInput)
            #expect(status { try MapStore.open(at: folder) } == .noInput)
            try AtomicFile.write("{}", to: folder + "/full/other.json")
            #expect(status { try MapStore.create(at: folder + "/full", provenance: provenance) } == .cannotCreate)
            #expect(
                status { try MapStore.openForAppending(at: folder + "/full", provenance: provenance) } == .cannotCreate)
            for text in ["", "{", "{}", #"{"format": "maps", "schema": 2}"#, #"{"format": "maps", "schema": 1}"#] {
                try AtomicFile.write(text, to: folder + "/broken/store.json", overwrite: true)
                #expect(status { try MapStore.open(at: folder + "/broken") } == .badData, "\(text)")
            }
            let empty = try MapStore.openForAppending(at: folder + "/new/store", provenance: provenance)
            #expect(empty.imageNames.isEmpty)
            #expect(try MapStore.open(at: folder + "/new/store").imageNames.isEmpty)
            #expect { try empty.read("a.jpg") } throws: { ($0 as? FileError)?.diagnosis.status == .noInput }
        }
    }

    @Test func leftoversOfTheDeadAreRemovedAndOthersKept() throws {
        try withStore { store in
            try store.write(randomMap("a", seed: 1))
            // No process has the highest possible id; the parent of this one lives.
            let dead = store.path + "/b.map.4194304.partial"
            let alive = store.path + "/c.map.\(getppid()).partial"
            for path in [dead, alive] { try AtomicFile.write("half", to: path) }
            #expect(try MapStore.open(at: store.path).imageNames == ["a"])
            #expect(FileManager.default.fileExists(atPath: dead))
            #expect(try MapStore.openForAppending(at: store.path, provenance: provenance).imageNames == ["a"])
            #expect(!FileManager.default.fileExists(atPath: dead))
            #expect(FileManager.default.fileExists(atPath: alive))
        }
    }

    @Test func aStoreKilledAtBirthIsBornAgain() throws {
        try TestData.withTemporaryFolder { folder in
            try AtomicFile.write("{", to: folder + "/maps/store.json.4194304.partial")
            let store = try MapStore.openForAppending(at: folder + "/maps", provenance: provenance)
            try store.write(randomMap("a", seed: 1))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: store.path).sorted() == ["a.map", "store.json"])
        }
    }

    @Test func writersSideBySideLoseNothing() async throws {
        try await TestData.withTemporaryFolder { folder in
            let path = folder + "/maps"
            _ = try await parallelMap(Array(0..<8), width: 8) { _, writer in
                let store = try MapStore.openForAppending(at: path, provenance: provenance)
                for index in 0..<20 { try store.write(randomMap("\(writer)/\(index)", seed: UInt64(index))) }
            }
            let store = try MapStore.open(at: path)
            #expect(store.imageNames.count == 160)
            for name in store.imageNames {
                let index = try #require(UInt64(name.split(separator: "/")[1]))
                #expect(try store.read(name) == randomMap(name, seed: index))
            }
        }
    }

    /// A store whose headers have SHA-256 of the values, written by the version before XXH128, and what it was made of.
    @Test func olderStoresAreRead() throws {
        let store = try MapStore.open(at: TestData.fixture("Maps/older"))
        #expect(store.imageNames == ["receipt.jpg"])
        #expect(
            try store.entry("receipt.jpg").valuesDigest
                == "ba5ac2043470ba0163661b6cfcabb499b8931b263e7efe6fb01198442a85af37")
        // (32,32) Float32 behind a header of 128 bytes.
        let values = try MappedFile(path: TestData.fixture("Maps/older/receipt.npy")).withBytes { bytes in
            (0..<32 * 32).map { bytes.loadUnaligned(fromByteOffset: 128 + 4 * $0, as: Float.self) }
        }
        #expect(try store.read("receipt.jpg").map.values == values)
    }

    // MARK: Fingerprint

    @Test func fingerprintFollowsContentsOnly() throws {
        try TestData.withTemporaryFolder { folder in
            func fingerprint(_ name: String, _ maps: [ImageMap], _ provenance: MapProvenance) throws -> String {
                let store = try MapStore.create(at: folder + "/" + name, provenance: provenance)
                for map in maps { try store.write(map) }
                return try MapStore.open(at: store.path).fingerprint()
            }
            let (a, b) = (randomMap("a", seed: 1), randomMap("b", seed: 2))
            let first = try fingerprint("first", [a, b], provenance)
            #expect(first.count == 64)
            var moved = provenance
            moved.checkpoint = "elsewhere"
            #expect(try fingerprint("second", [b, a], moved) == first)
            #expect(try fingerprint("fewer", [a], provenance) != first)
            #expect(try fingerprint("other map", [a, randomMap("b", seed: 3)], provenance) != first)
            var shifted = b
            shifted.inverse.offsetX += 1
            #expect(try fingerprint("other place", [a, shifted], provenance) != first)
            var precise = provenance
            precise.precision = "bf16"
            #expect(try fingerprint("other make", [a, b], precise) != first)
        }
    }
}

let provenance = MapProvenance(
    checkpoint: "fold=0.ckpt", checkpointSHA256: "ab", architecture: "resnet50", size: nil,
    preprocessing: "letterbox, imagenet", precision: "fp32")

/// Runs `body` with an empty store.
func withStore(_ body: (MapStore) throws -> Void) throws {
    try TestData.withTemporaryFolder { folder in
        try body(MapStore.create(at: folder + "/maps", provenance: provenance))
    }
}

/// 37 x 23 values like a network's: mostly near 0, some near 1.
func randomMap(_ name: String, seed: UInt64) -> ImageMap {
    var generator = SeededGenerator(seed: seed)
    let values = (0..<37 * 23).map { index in
        let value = generator.nextUnitFloat()
        return index % 37 < 20 ? value * 0.01 : 1 - value * 0.1
    }
    return ImageMap(
        imageName: name, imageWidth: 640, imageHeight: 480,
        inverse: MapToImageTransform(scaleX: 17.3, offsetX: -0.1, scaleY: 21, offsetY: 0),
        map: ProbabilityMap(width: 37, height: 23, values: values))
}
