import Core
import Foundation
import TestSupport
import Testing

/// A fresh folder with two images, their truth and the samples' checkpoint, in which `submit` is run.
struct Workplace {
    static let checkpoint = TestData.repository("samples/checkpoints/efficientnet_b0_synthetic.safetensors")
    static let smart9 = TestData.repository("configs/sweeps/smart9.yaml")
    static let imageNames = ["receipt_7_000.jpg", "receipt_7_001.jpg"]
    /// Small, so that the network takes a tenth of a second.
    static let size = ["--size", "320"]
    /// Settings that find boxes at that size.
    static let settings = ["--thresh", "0.22", "--box-thresh", "0.25"]

    let folder: String

    /// Runs `body` in a new workplace and removes it afterwards.
    static func with(_ body: (Workplace) throws -> Void) throws {
        try TestData.withTemporaryFolder { folder in
            let place = Workplace(folder: folder)
            try FileManager.default.createDirectory(atPath: place.path("images"), withIntermediateDirectories: true)
            for name in imageNames {
                try FileManager.default.copyItem(
                    atPath: TestData.repository("samples/images/" + name), toPath: place.path("images/" + name))
            }
            let truth = try JSONValue(contentsOf: TestData.repository("samples/truth.json"))
            var images = JSONObject()
            for name in imageNames { images[name] = truth.object?["images"]?.object?[name] }
            try place.write(JSONValue.object(["images": .object(images)]).text(), to: "truth.json")
            try body(place)
        }
    }

    /// A workplace whose `maps` holds the two images' maps.
    static func withMaps(_ body: (Workplace) throws -> Void) throws {
        try with { place in
            try place.expectDone(place.predict)
            try body(place)
        }
    }

    /// A workplace with maps and the predictions `a.json` and `a.csv` from them.
    static func withPredictions(_ body: (Workplace) throws -> Void) throws {
        try withMaps { place in
            try place.expectDone(["extract", "--maps", "maps", "--json", "a.json", "--csv", "a.csv"] + settings)
            try body(place)
        }
    }

    /// The command that fills `maps`.
    var predict: [String] {
        ["predict", "--checkpoint", Self.checkpoint, "--images", "images", "--maps", "maps", "--threads", "1"]
            + Self.size
    }

    func path(_ name: String) -> String { folder + "/" + name }

    func bytes(_ name: String) throws -> [UInt8] {
        try MappedFile(path: path(name)).withBytes { Array($0) }
    }

    func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    func write(_ text: String, to name: String) throws {
        try AtomicFile.write(text, to: path(name), overwrite: true)
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try AtomicFile.write(bytes, to: path(name), overwrite: true)
    }

    /// Every file's SHA-256 by its path here, folders with an empty one; below `name` where given.
    func tree(_ name: String = "") throws -> [String: String] {
        let top = name.isEmpty ? folder : path(name)
        var tree: [String: String] = [:]
        for entry in try FileManager.default.subpathsOfDirectory(atPath: top) {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: top + "/" + entry, isDirectory: &isFolder)
            tree[entry] = isFolder.boolValue ? "" : try MappedFile(path: top + "/" + entry).sha256()
        }
        return tree
    }

    /// Runs `submit` here.
    func run(_ arguments: [String]) throws -> SubmitProcess {
        try SubmitProcess.run(arguments, in: folder)
    }

    /// Runs `submit` here and expects exit 0.
    @discardableResult
    func expectDone(
        _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> SubmitProcess {
        let process = try run(arguments)
        try #require(process.status == 0, "\(arguments): \(process.stderr)", sourceLocation: sourceLocation)
        return process
    }

    /// Runs `submit` here and expects a refusal: this status, each of `parts` in one message on stderr, nothing on
    /// stdout, and every file of the workplace as it was, none added.
    @discardableResult
    func expectRefusal(
        _ arguments: [String], _ status: Core.ExitStatus, _ parts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> SubmitProcess {
        let before = try tree()
        let process = try run(arguments)
        #expect(process.status == status.rawValue, "\(arguments): \(process.stderr)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(
                process.stderr.contains(part), "no \(part.debugDescription) in: \(process.stderr)",
                sourceLocation: sourceLocation)
        }
        #expect(process.stdout == "", sourceLocation: sourceLocation)
        let after = try tree()
        let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
        #expect(changed.isEmpty, "a refusal changes nothing", sourceLocation: sourceLocation)
        return process
    }
}
