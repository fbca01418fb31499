import Archive
import Core
import Foundation
import Geometry
import Maps
import TestSupport
import Testing

/// Expected values: Tests/Fixtures/Maps/make_foreign.py, by NumPy.
@Suite struct MapImportTests {
    static let goldens: JSONObject =
        (try? JSONValue(contentsOf: TestData.fixture("Maps/foreign.json")))?.object?["maps"]?.object ?? [:]

    private static func foreign(_ name: String) -> String { TestData.fixture("Maps/foreign/" + name) }

    @Test func goldensAreThere() {
        #expect(MapImportTests.goldens.count == 25)
    }

    @Test(arguments: goldens.keys) func equalsNumPy(_ name: String) async throws {
        let golden = try #require(MapImportTests.goldens[name]?.object)
        let map = try await importOne(MapImportTests.foreign(name), geometry: .stretch)
        #expect(map.map.width == golden["width"]?.int && map.map.height == golden["height"]?.int)
        #expect(map.map.values.map(Double.init) == golden["values"]?.array?.compactMap(\.number))
    }

    @Test(.enabled(if: TestData.shared != nil)) func realMapsComeWithTheReferencesInverse() async throws {
        for network in ["resnet50", "efficientnet_b4"] {
            let path = TestData.shared("goldens/\(network)/sroie_000_960.npz")
            let image = MapImport.Image(name: "sroie_000.jpg", width: 463, height: 1013)
            let letterboxed = try await importOne(path, image: image, geometry: .letterbox)
            let stored = try await importOne(path, image: image, geometry: .inverse)
            #expect(letterboxed == stored)
            #expect(stored.map.width == 960 && stored.map.height == 960)
        }
    }

    @Test(.enabled(if: TestData.shared != nil)) func realGreyMapsKeepTheirLevels() async throws {
        try await TestData.withTemporaryFolder { folder in
            let source = TestData.shared("maps/fold0")
            let store = try MapStore.create(
                at: folder + "/maps", provenance: .imported(from: source, geometry: .letterbox))
            let names = try FileManager.default.contentsOfDirectory(atPath: source).sorted().prefix(3)
            let images = names.map {
                MapImport.Image(name: $0.replacing(".png", with: ".jpg"), width: 463, height: 1013)
            }
            let report = try await MapImport.run(images: images, from: source, into: store, width: 2)
            #expect(report.imported == images.map(\.name) && report.imagesWithoutMap.isEmpty)
            #expect(report.mapsWithoutImage.count == 60)
            for (name, image) in zip(names, images) {
                let grey = try GreyImage(pngAt: source + "/" + name)
                let map = try store.read(image.name)
                #expect(map.map.values == grey.levels.map { Float($0) / 255 })
                #expect(try store.entry(image.name).encoding == .uint8)
            }
        }
    }

    @Test func geometriesPlaceTheMap() async throws {
        let image = MapImport.Image(name: "stored.jpg", width: 15, height: 20)
        let path = MapImportTests.foreign("stored.npz")
        let expected = MapToImageTransform(scaleX: 2.5, offsetX: -2.5, scaleY: 2.5, offsetY: 0)
        #expect(try await importOne(path, image: image, geometry: .letterbox).inverse == expected)
        #expect(try await importOne(path, image: image, geometry: .inverse).inverse == expected)
        let stretched = MapToImageTransform(scaleX: 15.0 / 8, offsetX: 0, scaleY: 2.5, offsetY: 0)
        #expect(try await importOne(path, image: image, geometry: .stretch).inverse == stretched)
        let turned = MapImport.Image(name: "stored.jpg", width: 20, height: 15)
        await expectError("not the letterbox's") { try await importOne(path, image: turned, geometry: .letterbox) }
        let plain = MapImportTests.foreign("any_name.npz")
        await expectError("says not how") { try await importOne(plain, geometry: .inverse) }
        let oblong = MapImportTests.foreign("version_2.npy")
        await expectError("is square") { try await importOne(oblong, geometry: .letterbox) }
    }

    @Test func whatIsMissingIsReported() async throws {
        try await TestData.withTemporaryFolder { folder in
            let (source, store) = try layOut(
                ["a.npy", "sub/b.npz", "c.jpg.npy", "c.npy", "left over.png", "notes.txt"], in: folder)
            let images = ["c.jpg", "a.jpg", "sub/b.png", "b.png", "d.jpg"].map {
                MapImport.Image(name: $0, width: 30, height: 30)
            }
            for _ in 0..<2 {
                let report = try await MapImport.run(images: images, from: source, into: store, geometry: .stretch)
                #expect(report.imported == ["c.jpg", "a.jpg", "sub/b.png"])
                #expect(report.imagesWithoutMap == ["b.png", "d.jpg"])
                #expect(report.mapsWithoutImage == [source + "/c.npy", source + "/left over.png"])
            }
            #expect(try MapStore.open(at: store.path).imageNames == ["a.jpg", "c.jpg", "sub/b.png"])
        }
    }

    @Test func ambiguousNamesAreRefused() async throws {
        try await TestData.withTemporaryFolder { folder in
            let (source, store) = try layOut(["a.npy"], in: folder)
            let both = ["a.jpg", "a.png"].map { MapImport.Image(name: $0, width: 9, height: 9) }
            await expectError("two images claim this map") {
                try await MapImport.run(images: both, from: source, into: store, geometry: .stretch)
            }
            try FileManager.default.copyItem(atPath: source + "/a.npy", toPath: source + "/a.npz")
            await expectError("two files for one map") {
                try await MapImport.run(images: [both[0]], from: source, into: store, geometry: .stretch)
            }
        }
    }

    @Test func changedMapsNeedOverwrite() async throws {
        try await TestData.withTemporaryFolder { folder in
            let (source, store) = try layOut(["a.npy"], in: folder)
            let images = [MapImport.Image(name: "a.jpg", width: 9, height: 9)]
            _ = try await MapImport.run(images: images, from: source, into: store, geometry: .stretch)
            try FileManager.default.removeItem(atPath: source + "/a.npy")
            try FileManager.default.copyItem(
                atPath: MapImportTests.foreign("levels_u1.npy"), toPath: source + "/a.npy")
            await expectError("another map of this image") {
                try await MapImport.run(images: images, from: source, into: store, geometry: .stretch)
            }
            _ = try await MapImport.run(images: images, from: source, into: store, geometry: .stretch, overwrite: true)
            #expect(try store.entry("a.jpg").encoding == .uint8)
        }
    }

    // MARK: Bad files

    struct BadArray: Sendable, CustomTestStringConvertible {
        let header: String
        var data: [UInt8] = []
        var version: UInt8 = 1
        let message: String
        var testDescription: String { message }

        var bytes: [UInt8] {
            let text = Array(header.utf8)
            return [0x93] + Array("NUMPY".utf8) + [version, 0, UInt8(text.count % 256), UInt8(text.count / 256)] + text
                + data
        }
    }

    private static func heading(_ descr: String = "'<f4'", order: String = "False", shape: String = "(1, 2)") -> String
    {
        "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
    }

    private static func floats(_ values: Float...) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }

    @Test(arguments: [
        BadArray(header: heading(), data: floats(0, .nan), message: "x 1, y 0"),
        BadArray(header: heading(shape: "(2, 1)"), data: floats(0, 1.01), message: "x 0, y 1"),
        BadArray(header: heading(), data: floats(-1, 2), message: "x 0, y 0"),
        BadArray(header: heading("'<f8'", shape: "(1, 1)"), data: [1, 0, 0, 0, 0, 0, 0xF0, 0x3F], message: "x 0, y 0"),
        BadArray(header: heading(), data: floats(0), message: "cut short"),
        BadArray(header: heading(), data: floats(0, 0, 0), message: "bytes behind the array"),
        BadArray(header: heading(), data: [], message: "cut short"),
        BadArray(header: heading(shape: "(2,)"), data: floats(0, 0), message: "not the shape of one map"),
        BadArray(header: heading(shape: "(2, 1, 1)"), data: floats(0, 0), message: "not the shape of one map"),
        BadArray(header: heading(shape: "()"), data: floats(0), message: "not the shape of one map"),
        BadArray(header: heading(shape: "(0, 3)"), message: "empty or too large"),
        BadArray(header: heading(shape: "(4294967296, 4294967296)"), message: "empty or too large"),
        BadArray(header: heading(shape: "(99999999999999999999, 1)"), message: "not a NumPy array"),
        BadArray(header: heading("'|O'"), message: "type |O"),
        BadArray(header: heading("'<i8'"), message: "type <i8"),
        BadArray(header: heading("'<c8'"), message: "type <c8"),
        BadArray(header: heading("[('a', '<f4')]"), message: "not a NumPy array"),
        BadArray(header: heading(order: "Maybe"), message: "not a NumPy array"),
        BadArray(header: "{'descr': '<f4'}", message: "expected: fortran_order and shape"),
        BadArray(header: "{", message: "not a NumPy array"),
        BadArray(header: "", message: "not a NumPy array"),
        BadArray(header: heading(), version: 4, message: "version 4"),
    ]) func badArraysAreNamed(_ bad: BadArray) async throws {
        try await expectRefused(bad.bytes, as: "bad.npy", bad.message)
    }

    @Test func otherFilesAreRefused() async throws {
        try await expectRefused([], as: "empty.npy", "not a NumPy array")
        try await expectRefused(Array("PK rubbish".utf8), as: "rubbish.npz", "rubbish.npz")
        var archive = ZipWriter()
        archive.add("readme.txt", [65])
        try await expectRefused(archive.finish(), as: "nothing.npz", "found:    no array")
        archive = ZipWriter()
        for name in ["left.npy", "right.npy"] { archive.add(name, try bytes("version_2.npy")) }
        try await expectRefused(archive.finish(), as: "two.npz", "left, right")
        archive = ZipWriter()
        archive.add("prob.npy", try bytes("version_2.npy"))
        archive.add("inverse.npy", try bytes("version_2.npy"))
        try await expectRefused(archive.finish(), as: "inverse.npz", "no 3x3 matrix")
    }

    @Test func otherPicturesAreRefused() async throws {
        for (name, message) in [
            ("rgb_8.png", "3 channels of 8 bits"), ("palette_8.png", "a palette of 8 bits"),
            ("grey_4.png", "1 channels of 4 bits"), ("grey_alpha_8.png", "2 channels"),
        ] {
            let path = TestData.fixture("Imaging/images/" + name)
            await expectError(message) { try await importOne(path, geometry: .stretch) }
        }
        let whole = try bytes("grey_16.png")
        try await expectRefused(Array(whole[..<70]), as: "cut.png", "the file ends inside the picture")
    }

    @Test func damagedFilesNeverCrash() async throws {
        var generator = SeededGenerator(seed: 23)
        try await TestData.withTemporaryFolder { folder in
            let store = try MapStore.create(at: folder + "/maps", provenance: provenance)
            let image = MapImport.Image(name: "one.jpg", width: 40, height: 30)
            for name in ["version_2.npy", "fortran_1x5x7.npy", "stored.npz", "deflated.npz", "grey_16.png"] {
                let original = try bytes(name)
                let path = folder + "/" + name
                for _ in 0..<100 {
                    var damaged = original
                    let offset = Int.random(in: 0..<min(300, damaged.count), using: &generator)
                    damaged[offset] = .random(in: 0...255, using: &generator)
                    replaceContents(of: path, by: damaged)
                    _ = try? await MapImport.run(
                        images: [image], from: path, into: store, geometry: .stretch, overwrite: true)
                }
            }
        }
    }

    // MARK: Help

    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: MapImportTests.foreign(name))))
    }

    /// A folder of maps called `names`, all of the same array, and an empty store beside it.
    private func layOut(_ names: [String], in folder: String) throws -> (source: String, store: MapStore) {
        let source = folder + "/source"
        for name in names {
            let origin = name.hasSuffix("npz") ? "stored.npz" : name.hasSuffix("png") ? "grey_8.png" : "version_2.npy"
            try AtomicFile.write(try bytes(origin), to: source + "/" + name)
        }
        return (source, try MapStore.create(at: folder + "/maps", provenance: provenance))
    }

    private func importOne(
        _ path: String, image: MapImport.Image = .init(name: "one.jpg", width: 40, height: 30),
        geometry: MapImport.Geometry
    ) async throws -> ImageMap {
        try await TestData.withTemporaryFolder { folder in
            let store = try MapStore.create(at: folder + "/maps", provenance: provenance)
            let report = try await MapImport.run(images: [image], from: path, into: store, geometry: geometry)
            #expect(report.imported == [image.name])
            return try store.read(image.name)
        }
    }

    private func expectRefused(_ bytes: [UInt8], as name: String, _ message: String) async throws {
        try await TestData.withTemporaryFolder { folder in
            try AtomicFile.write(bytes, to: folder + "/" + name)
            await expectError(message) { try await importOne(folder + "/" + name, geometry: .stretch) }
        }
    }

    private func expectError<Result>(_ message: String, _ body: () async throws -> Result) async {
        do {
            _ = try await body()
            Issue.record("no error that says '\(message)'")
        } catch {
            #expect("\(error)".contains(message))
            #expect((error as? any DiagnosedError)?.diagnosis.status == .badData || message.contains("another map"))
        }
    }
}
