import ArgumentParser
import Core
import Dataset
import Foundation
import Imaging
import Submission

/// Truth -> k folds of it, groups kept together.
struct FoldsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "folds",
        abstract: "Split truth into folds for training and honest scores.",
        discussion: """
            Writes fold0.json, fold1.json, …: the held-out images of each fold, in the form of the truth. Images of a \
            group are never parted: what a network has seen in training says nothing on its twin.

            Examples:
              submit folds --truth train.json --k 5 --seed 42 --output folds
              submit folds --truth train.json --output folds \\
                --groups near-duplicates --images train
              submit folds --truth train.json --output folds --groups stores.csv
            """)

    enum Stratum: String, ExpressibleByArgument, CaseIterable {
        case boxes, none
    }

    @OptionGroup var truth: TruthOption

    @Option(name: .customLong("k"), help: ArgumentHelp("How many folds.", valueName: "n"))
    var count = 5

    @Option(name: .long, help: ArgumentHelp("Seed of the draw.", valueName: "n"))
    var seed = 42

    @Option(name: .long, help: "What every fold gets its share of: images with few and many boxes.")
    var stratify = Stratum.boxes

    @Option(
        name: .long,
        help: ArgumentHelp(
            "near-duplicates (needs --images), or a CSV with a row an image: its name, its group.", valueName: "what"))
    var groups: String?

    @Option(name: .long, help: ArgumentHelp("Folder of the images, for near-duplicates.", valueName: "folder"))
    var images: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Bits of 256 in which near-duplicates differ at most.", valueName: "n"))
    var distance = 24

    @Option(name: .long, help: ArgumentHelp("Folder of the folds.", valueName: "folder"))
    var output: String

    @OptionGroup var common: CommonFlags

    private static let nearDuplicates = "near-duplicates"

    func validate() throws {
        if count < 2 { throw ValidationError("--k must be 2 or more, not \(count)") }
        if seed < 0 { throw ValidationError("--seed must be 0 or more, not \(seed)") }
        if !(0...256).contains(distance) { throw ValidationError("--distance must be from 0 to 256, not \(distance)") }
        if (groups == Self.nearDuplicates) != (images != nil) {
            throw ValidationError("--groups near-duplicates and --images go together")
        }
    }

    func run() async throws {
        let truth = try AnnotationFile.read(path: truth.truth)
        let groups = try await groups(of: truth)
        let grouped = groups.reduce(0) { $0 + $1.count }
        let units = truth.images.count - grouped + groups.count
        guard count <= units else {
            throw CommandError(
                Diagnosis(
                    .badData, "more folds than groups of images", path: self.truth.truth, found: "\(units) groups",
                    expected: "\(count) or more", nextStep: "ask for fewer folds with --k"))
        }
        let split = FoldSplit(
            truth.images.map { (name: $0.name, measure: stratify == .boxes ? Double($0.words.count) : 0) },
            groups: groups, count: count, seed: UInt64(seed))
        let sets = split.folds.map { names in AnnotationSet(names.compactMap { truth[$0] }) }
        let paths = split.folds.indices.map { "\(output)/fold\($0).json" }
        if !common.force {
            for (set, path) in zip(sets, paths) { try AtomicFile.stands(AnnotationJSON.text(of: set), at: path) }
        }
        var table = TextTable("fold", "images", "boxes", "boxes an image")
        for (set, path) in zip(sets, paths) {
            try AnnotationFile.write(set, to: path, as: .json, overwrite: common.force)
            let mean = Double(set.wordCount) / Double(max(1, set.images.count))
            table.add(path, "\(set.images.count)", "\(set.wordCount)", String(format: "%.1f", mean))
        }
        Terminal.note(
            "\(groups.count) groups of \(grouped) images stay together", quiet: common.quiet || groups.isEmpty)
        try Output.print(table.text)
    }

    private func groups(of truth: AnnotationSet) async throws -> [[String]] {
        guard let groups else { return [] }
        let names = truth.images.map(\.name)
        guard groups == Self.nearDuplicates, let images else {
            return try Self.groups(fromCSV: groups, names: Set(names))
        }
        var progress = Progress("images", total: names.count, quiet: common.quiet)
        defer { progress.finish() }
        let hashes = try await parallelMap(names, width: common.width, completed: { progress.update($0) }) { _, name in
            PerceptualHash(try ImageFile.decode(path: (images as NSString).appendingPathComponent(name)))
        }
        return PerceptualHash.groups(hashes, limit: distance).map { $0.map { names[$0] } }
    }

    /// Rows of an image's name and its group, with or without a header.
    private static func groups(fromCSV path: String, names: Set<String>) throws -> [[String]] {
        let text = try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
        var members: [String: [String]] = [:]
        for (number, line) in text.split(whereSeparator: \.isNewline).enumerated() {
            guard let comma = line.lastIndex(of: ",") else {
                throw CommandError(
                    Diagnosis(
                        .badData, "not a row of an image and its group", path: path, place: "\(number + 1):1",
                        found: String(line.prefix(60)), expected: "name.jpg,group"))
            }
            let name = String(line[..<comma]).trimmingCharacters(in: CharacterSet(charactersIn: "\" "))
            guard names.contains(name) else {
                // A header names no image.
                if number == 0 { continue }
                throw CommandError(
                    Diagnosis(
                        .badData, "an image that the truth does not name", path: path, place: "\(number + 1):1",
                        found: name))
            }
            members[String(line[line.index(after: comma)...]), default: []].append(name)
        }
        return members.sorted { $0.key < $1.key }.map(\.value).filter { $0.count > 1 }
    }
}
