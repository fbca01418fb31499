import ArgumentParser
import Core
import Dataset
import Foundation
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

    @OptionGroup var grouping: GroupFlags

    @Option(name: .long, help: ArgumentHelp("Folder of the folds.", valueName: "folder"))
    var output: String

    @OptionGroup var common: CommonFlags

    func validate() throws {
        if count < 2 { throw ValidationError("--k must be 2 or more, not \(count)") }
        if seed < 0 { throw ValidationError("--seed must be 0 or more, not \(seed)") }
    }

    func run() async throws {
        let truth = try AnnotationFile.read(path: truth.truth)
        let (split, groups) = try await grouping.split(
            truth, path: self.truth.truth, count: count, seed: seed, stratified: stratify == .boxes, common: common)
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
            "\(groups.count) groups of \(groups.reduce(0) { $0 + $1.count }) images stay together",
            quiet: common.quiet || groups.isEmpty)
        try Output.print(table.text)
    }
}
