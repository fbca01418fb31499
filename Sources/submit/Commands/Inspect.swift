import ArgumentParser
import Checkpoint
import Core
import DBHead
import Foundation
import Maps
import Submission

/// What is in a checkpoint, a map store, predictions.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is in a checkpoint, a map store, or a file of predictions or truth.",
        discussion: """
            Nothing in a checkpoint is run.

            Examples:
              submit inspect fold0.ckpt
              submit inspect maps/val/fold0 --format json
            """)

    @Argument(help: "Checkpoint, map store, JSON, CSV or zip.")
    var path: String

    @Flag(name: .long, help: "List a checkpoint's tensors, or a store's maps, too.")
    var all = false

    @Option(name: .long, help: "What stdout carries.")
    var format = Form.table

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    func run() throws {
        let facts = try facts()
        if format == .json {
            var object: JSONObject = ["schema": 1, "path": .string(path)]
            for (key, value) in facts { object[key] = value }
            return try Output.print(JSONValue.object(object).text(indent: 2))
        }
        var table = TextTable("what", "value")
        for (key, value) in facts { Inspect.flatten(value, key, into: &table) }
        try Output.print(table.text)
    }

    private func facts() throws -> JSONObject {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError(Diagnosis(.noInput, "no such file or folder", path: path))
        }
        if isFolder.boolValue, FileManager.default.fileExists(atPath: path + "/store.json") { return try storeFacts() }
        if isFolder.boolValue { return try annotationFacts() }
        switch (path as NSString).pathExtension.lowercased() {
        case "json", "csv", "zip", "txt": return try annotationFacts()
        default: return try checkpointFacts()
        }
    }

    private func checkpointFacts() throws -> JSONObject {
        let checkpoint = try Checkpoint(path: path)
        var facts: JSONObject = ["kind": .string("checkpoint, \(checkpoint.format.rawValue)")]
        do {
            let architecture = try Architecture(recognising: checkpoint)
            facts["architecture"] = .string(architecture.description)
            if !architecture.notes.isEmpty { facts["notes"] = .array(architecture.notes.map(JSONValue.string)) }
        } catch let error as DetectorError {
            // A checkpoint of another network is worth looking at all the same.
            facts["architecture"] = .string(error.diagnosis.what)
            let misfits = error.misfits.isEmpty ? [error.diagnosis.found ?? ""] : error.misfits
            facts["misfits"] = .array(misfits.map(JSONValue.string))
        }
        for (key, value) in CheckpointSummary(checkpoint).json.object ?? [:] { facts[key] = value }
        facts["prefix"] = .string(checkpoint.prefix)
        facts["bytes"] = .int(checkpoint.tensors.file.bytes.count)
        facts["sha256"] = .string(checkpoint.sha256)
        if all {
            var tensors = JSONObject()
            for name in checkpoint.tensors.names {
                guard let info = checkpoint.tensors[name] else { continue }
                tensors[name] = .string("\(info.dtype.rawValue) \(info.shape)")
            }
            facts["tensors"] = .object(tensors)
        }
        return facts
    }

    private func storeFacts() throws -> JSONObject {
        let store = try MapStore.open(at: path)
        var facts: JSONObject = ["kind": "map store", "maps": .int(store.imageNames.count)]
        for (key, value) in store.provenance.json { facts[key] = value }
        facts["fingerprint"] = .string(try store.fingerprint())
        if all {
            var maps = JSONObject()
            for name in store.imageNames {
                let entry = try store.entry(name)
                maps[name] = .string(
                    "\(entry.mapWidth)x\(entry.mapHeight) \(entry.encoding.rawValue) for \(entry.imageWidth)x\(entry.imageHeight)"
                )
            }
            facts["images"] = .object(maps)
        }
        return facts
    }

    private func annotationFacts() throws -> JSONObject {
        let contents = try AnnotationFile.contents(path: path)
        let counts = contents.set.images.map(\.words.count).sorted()
        var facts: JSONObject = [
            "kind": .string("annotations, \(contents.format.rawValue)"), "images": .int(contents.set.images.count),
            "boxes": .int(contents.set.wordCount), "empty images": .int(counts.count { $0 == 0 }),
        ]
        if !counts.isEmpty {
            facts["boxes an image"] = .string(
                "\(counts[0]) to \(counts[counts.count - 1]), median \(counts[counts.count / 2])")
        }
        let scores = contents.set.images.flatMap { $0.words.compactMap(\.score) }
        if let least = scores.min(), let most = scores.max() { facts["scores"] = .string("\(least) to \(most)") }
        let quads = contents.set.images.reduce(0) { $0 + $1.words.count { $0.polygon.points.count == 4 } }
        facts["quads"] = .int(quads)
        if !contents.notes.isEmpty { facts["notes"] = .array(contents.notes.map(JSONValue.string)) }
        return facts
    }

    private static func flatten(_ value: JSONValue, _ key: String, into table: inout TextTable) {
        switch value {
        case .object(let members): for (inner, value) in members { flatten(value, key + "." + inner, into: &table) }
        case .array(let values): for value in values { flatten(value, key, into: &table) }
        case .string(let text): table.add(key, text)
        default: table.add(key, value.text())
        }
    }
}
