import ArgumentParser
import Core
import Dataset
import Foundation
import Maps
import Metrics
import Submission
import Sweep

/// Map store + truth + search space -> ranked table, results, candidate CSVs.
struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Score every setting of a search space from kept maps.",
        discussion: """
            Work that points share is done once, so 75 points cost about as much as their five thresholds. The output \
            folder gets results.csv, results.json, a journal (the same command goes on after a kill) and a CSV for each \
            of the best --top points, for the test images where --test-maps is given.

            box_thresh: exact in the YAML finds the best of all numbers for each point of the other parameters; \
            curves.csv then has the figures at every box_thresh.

            --folds gives the honest figure: what is chosen on some images looks better on them than on others.

            The intervals resample the images, all points alike: a point marked ≈ may be as good as the first on other \
            images of the same kind. The winner of many points is flattered: expect less than its H.

            Example:
              submit sweep --maps maps/val/fold0 --truth val.json \\
                --config configs/sweeps/grid75.yaml --output submissions/fold0 \\
                --test-maps maps/test/fold0
            """)

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Map store of the labelled images; may be left out where --folds names stores.", valueName: "folder"))
    var maps: String?

    @OptionGroup var truth: TruthOption

    @Option(
        name: .long, help: ArgumentHelp("Search space (YAML), such as configs/sweeps/grid75.yaml.", valueName: "file"))
    var config: String

    @Option(name: .long, help: ArgumentHelp("Folder for results and candidates.", valueName: "folder"))
    var output: String

    @Option(name: .long, help: "How many of the best points get a CSV.")
    var top = 9

    @Option(
        name: .long,
        help: ArgumentHelp("Map store of the test images: the candidates are written for them.", valueName: "folder"))
    var testMaps: String?

    @Option(
        name: .long, help: "Which point is the choice: peak, or plateau, whose neighbours on the grid are good too.")
    var pick = PickRule.peak

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Folds, by comma: truth files or map stores. Each is scored at the setting that the others choose.",
            valueName: "files"))
    var folds: String?

    @Flag(name: .long, help: "Score the images that have both map and truth, where the truth names more.")
    var onlyCommonImages = false

    @Flag(name: .long, help: "Go ahead with a million points or more.")
    var yes = false

    @Flag(name: .long, help: "Print the points, counts and paths, and stop.")
    var dryRun = false

    @OptionGroup var scoring: ScoringFlags
    @OptionGroup var bootstrap: BootstrapFlags
    @OptionGroup var icdar: ICDARFlags
    @OptionGroup var style: CSVFlags
    @OptionGroup var form: FormatFlag
    @OptionGroup var common: CommonFlags

    func validate() throws {
        if top < 0 { throw ValidationError("--top must be 0 or more, not \(top)") }
        if maps == nil, folds == nil { throw ValidationError("name the maps: --maps FOLDER") }
    }

    func run() async throws {
        let space = try SweepConfiguration(contentsOf: config)
        let folds = try Folds(folds)
        let store: any MapSource = try maps.map { try MapStore.openFilled(at: $0) } ?? folds.joined()
        let truth = try truth.read(icdar: icdar.options(names: store.imageNames))
        try confirmSize(of: space, images: store.imageNames.count)
        let run = try SweepRun(
            space, maps: store, truth: truth, options: scoring.options,
            onlyCommonImages: onlyCommonImages)
        for note in run.notes { Terminal.note(note, quiet: common.quiet) }
        if dryRun {
            return try Output.print(
                "\(run.points.count) points x \(run.imageNames.count) images of \(store.label) -> \(output)")
        }
        let replacesResults = common.force || hasSweepResults
        let result = try await score(run)
        let outOfFold = try await outOfFold(folds, run, result)
        let table = SweepTable(
            result: result, resamples: bootstrap.bootstrap, pick: result.pick(pick), outOfFold: outOfFold,
            resultsPath: output + "/results.csv")
        try await write(table, store: store, truth: truth, overwrite: replacesResults)
        switch form.format {
        case .table where result.ranked.isEmpty: break
        case .table: try Output.print(table.text)
        case .csv: try Output.write(result.writeCSV)
        case .json: try Output.write(table.writeJSON)
        }
        try reportFailures(of: result, store.label)
    }

    /// Whether an earlier sweep wrote the results in the output folder, and no person or other tool.
    private var hasSweepResults: Bool {
        guard let file = try? MappedFile(path: output + "/results.csv") else { return true }
        return file.withBytes { $0.starts(with: "rank,trial,".utf8) }
    }

    private func outOfFold(_ folds: Folds, _ run: SweepRun, _ result: SweepResult) async throws -> OutOfFold? {
        guard !folds.all.isEmpty, !result.ranked.isEmpty else { return nil }
        var progress = Progress("folds", total: folds.all.count, quiet: common.quiet)
        defer { progress.finish() }
        return try await run.outOfFold(folds.all, result: result, width: common.width) { progress.update($0) }
    }

    private func score(_ run: SweepRun) async throws -> SweepResult {
        try AtomicFile.createFolder(at: output)
        var progress = Progress("sweep", total: run.imageNames.count, quiet: common.quiet)
        defer { progress.finish() }
        let result = try await run.run(
            bootstrap: bootstrap.options, journal: output + "/journal.jsonl", replacesJournal: common.force,
            width: common.width
        ) { progress.update($0) }
        progress.finish()
        for note in result.notes.dropFirst(run.notes.count) { Terminal.note(note, quiet: common.quiet) }
        let resumed = result.resumedImages > 0 ? ", \(result.resumedImages) of them from the journal" : ""
        Terminal.say(
            "\(run.points.count) points over \(result.imageCount) images\(resumed) in "
                + String(format: "%.2f s", progress.seconds), quiet: common.quiet)
        return result
    }

    /// Results replace what an earlier sweep left; candidates may have been submitted by now, and are replaced by
    /// --force only.
    private func write(_ table: SweepTable, store: any MapSource, truth: AnnotationSet, overwrite: Bool) async throws {
        let result = table.result
        try AtomicFile.write(to: output + "/results.csv", overwrite: overwrite, pieces: result.writeCSV)
        try AtomicFile.write(to: output + "/results.json", overwrite: overwrite, pieces: table.writeJSON)
        if result.hasCurves {
            try AtomicFile.write(to: output + "/curves.csv", overwrite: overwrite, pieces: result.writeCurves)
        }
        guard top > 0, !result.ranked.isEmpty else { return }
        let testStore = try testMaps.map { try MapStore.openFilled(at: $0) }
        let candidates: any MapSource = testStore ?? store
        let stores = testStore.map { [$0] } ?? (store as? MapStore).map { [$0] } ?? (store as? JoinedMaps)?.stores ?? []
        var points = Array(result.ranked.prefix(top))
        if let picked = table.pick?.point, picked.rank > top { points.append(picked) }
        let scored = Set(store.imageNames)
        let order =
            try style.options().order
            ?? (testMaps == nil ? truth.images.map(\.name).filter(scored.contains) : nil)
        let files = try await CandidateFiles.write(
            points, from: candidates, order: order, to: output,
            style: try style.options().csv, sources: try stores.map(PredictionSidecar.Source.init),
            overwrite: common.force, width: common.width)
        let twins = files.filter { $0.identicalTo != nil }.map { ($0.path as NSString).lastPathComponent }
        if !twins.isEmpty {
            Terminal.note(
                "the same bytes as a better-ranked candidate: \(twins.joined(separator: ", "))", quiet: common.quiet)
        }
        Terminal.say(
            "candidates: \(files.count) CSVs in \(output), \(files.count - twins.count) different", quiet: common.quiet)
    }

    private func confirmSize(of space: SweepConfiguration, images: Int) throws {
        guard space.pointCount >= SweepEstimate.manyPoints else { return }
        let estimate = space.estimate(images: images, width: common.width).text
        if yes { return Terminal.note(estimate, quiet: common.quiet) }
        throw CommandError(
            Diagnosis(
                .configuration, "\(space.pointCount) points, a million or more", path: config,
                found: estimate,
                nextStep: "pass --yes to go ahead, or take method: random with run_cap"))
    }

    private func reportFailures(of result: SweepResult, _ label: String) throws {
        guard let first = result.failed.first else { return }
        let reasons = Dictionary(grouping: result.failed, by: \.reason).sorted { $0.value[0].trial < $1.value[0].trial }
        for (reason, points) in reasons.prefix(5) {
            Terminal.error(
                "trial \(points[0].trial)\(points.count > 1 ? " and \(points.count - 1) more" : ""): \(reason)")
        }
        throw CommandError(
            Diagnosis(
                .badData, "\(result.failed.count) points failed and have no score", path: label, found: first.reason,
                nextStep: "mend what is named and run the same command again"))
    }
}

extension PickRule: ExpressibleByArgument {}
