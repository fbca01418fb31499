import ArgumentParser
import Core
import Dataset
import Ensemble
import Foundation
import Maps
import Metrics
import Submission

/// Several predictions or map stores -> voted predictions, CSV.
struct EnsembleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ensemble",
        abstract: "Vote on the boxes of several predictions, or average the maps of several stores.",
        discussion: """
            A group holds at most one box a source, each overlapping the group's best-scored box by --iou; chains cannot \
            form. The box that stands for a group keeps its shape: the medoid. With --truth the curve over 1…n votes is \
            scored.

            Examples:
              submit ensemble --votes 3 --iou 0.5 fold?.json --truth val.json \\
                --json vote3.json --csv vote3.csv
              submit ensemble --maps maps/fold0 maps/fold1 \\
                --thresh 0.22 --box-thresh 0.25 --csv mean.csv
            """)

    @Argument(help: ArgumentHelp("Predictions to vote: JSON or CSV.", valueName: "files"))
    var files: [String] = []

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("Map stores to average instead; they must have the same geometry.", valueName: "folders"))
    var maps: [String] = []

    @Option(name: .long, help: "Votes that a box needs (default: more than half of the sources).")
    var votes: Int?

    @Option(name: .long, help: "Least polygon IoU with the group's best-scored box.")
    var iou = 0.5

    @Option(name: .long, help: "One weight a source, by comma, such as 1,1,0.5 (default: equal).")
    var weights: String?

    @Option(
        name: .long,
        help: "What stands for a group: medoid, mean (matched corners; polygons along the arc), best or union.")
    var representative = PolygonCombination.Representative.medoid

    @Option(
        name: .long,
        help: ArgumentHelp("Truth that scores the curve over votes, or the averaged maps.", valueName: "file"))
    var truth: String?

    @Option(name: .long, help: ArgumentHelp("Keep the averaged maps as a store.", valueName: "folder"))
    var outputMaps: String?

    @OptionGroup var scoring: ScoringFlags
    @OptionGroup var output: OutputFiles
    @OptionGroup var postprocess: PostProcFlags
    @OptionGroup var configFile: ConfigFileOption
    @OptionGroup var form: FormatFlag
    @OptionGroup var common: CommonFlags

    /// `--output X.json` is `--json X.json`.
    @Option(name: .customLong("output"), help: ArgumentHelp("The same as --json.", visibility: .hidden))
    var outputJSON: String?

    func validate() throws {
        if files.isEmpty == maps.isEmpty {
            throw ValidationError("name predictions to vote, or --maps with stores to average, not both")
        }
        if max(files.count, maps.count) < 2 { throw ValidationError("an ensemble takes at least two sources") }
        if maps.isEmpty && outputMaps != nil { throw ValidationError("--output-maps goes with --maps") }
        if !maps.isEmpty && votes != nil { throw ValidationError("--votes goes with files; maps are averaged") }
        if output.json != nil && outputJSON != nil { throw ValidationError("--output and --json name one thing") }
        _ = try parsedWeights()
    }

    func run() async throws {
        try await maps.isEmpty ? vote() : average()
    }

    // MARK: Votes

    private func vote() async throws {
        let sources = try files.map { try AnnotationFile.read(path: $0) }
        let vote = try await PolygonCombination(
            sources: sources, method: .vote(iou: iou, representative: representative), weights: try parsedWeights(),
            width: common.width)
        for (file, missing) in zip(files, vote.missingImages) where !missing.isEmpty {
            Terminal.warning("\(file) lacks \(missing.count) images, such as \(missing[0]): it gives no vote there")
        }
        for (file, count) in zip(files, vote.unscoredWords) where count > 0 {
            Terminal.note("\(file): \(count) boxes without a score count as certain", quiet: common.quiet)
        }
        if vote.fallbacks > 0 {
            Terminal.note("\(vote.fallbacks) groups have no such polygon and keep their medoid", quiet: common.quiet)
        }
        let result = try vote.result(votes: votes ?? files.count / 2 + 1)
        try write(result)
        try await printCurve(vote)
    }

    /// The histogram of votes and, with truth, the curve over the votes that a box needs.
    private func printCurve(_ vote: PolygonCombination) async throws {
        let truth = try truth.map { try AnnotationFile.read(path: $0) }
        var table = TextTable(
            ["votes", "groups", "boxes with at least"] + (truth == nil ? [] : ["H", "P", "R", "pooled H"]))
        var rows: [JSONValue] = []
        for votes in (1...vote.sourceCount).reversed() {
            let set = try vote.result(votes: votes)
            var row: JSONObject = [
                "votes": .int(votes), "groups": .int(vote.histogram[votes - 1]), "boxes": .int(set.wordCount),
            ]
            var cells = ["\(votes)/\(vote.sourceCount)", "\(vote.histogram[votes - 1])", "\(set.wordCount)"]
            if let truth {
                let score = try await scoreSet(
                    truth: truth, predictions: set, options: scoring.options, width: common.width)
                cells += ScoreTable.cells(score.mean) + [String(format: "%.6f", score.pooled.hmean)]
                row["mean"] = ScoreTable.json(score.mean)
                row["pooled"] = ScoreTable.json(score.pooled)
            }
            table.add(cells)
            rows.append(.object(row))
        }
        switch form.format {
        case .json: Output.print(JSONValue.object(["schema": 1, "curve": .array(rows)]).text(indent: 2))
        case .csv: Output.print(table.csv)
        case .table: Output.print(table.text)
        }
    }

    // MARK: Maps

    private func average() async throws {
        let stores = try maps.map { try MapStore.open(at: $0) }
        let mean = try MapCombination(of: stores, rule: .mean, weights: try parsedWeights())
        var settings = try configFile.load()
        try postprocess.apply(to: &settings)
        if let outputMaps { try await keep(mean, of: stores, at: outputMaps) }
        let set = try await detections(in: mean, options: settings.resolvedPostprocess, common: common)
        try write(set)
        guard let truth else { return }
        let score = try await scoreSet(
            truth: AnnotationFile.read(path: truth), predictions: set, options: scoring.options,
            width: common.width)
        switch form.format {
        case .json: Output.print(ScoreTable.json([(mean.label, score)], metric: scoring.metric).text(indent: 2))
        case .csv: Output.print(ScoreTable.csv([(mean.label, score)]))
        case .table: Output.print(ScoreTable.table([(mean.label, score)]))
        }
    }

    private func keep(_ mean: MapCombination, of stores: [MapStore], at path: String) async throws {
        var provenance = stores[0].provenance
        provenance.checkpoint = mean.label
        provenance.checkpointSHA256 = try mean.fingerprint()
        provenance.architecture = Set(stores.map(\.provenance.architecture)).sorted().joined(separator: "+")
        let store = try MapStore.openForAppending(at: path, provenance: provenance)
        _ = try await parallelMap(mean.imageNames, width: common.width) { _, name in
            if !store.contains(name) { try store.write(mean.read(name)) }
        }
        Terminal.say("maps: \(path) (\(mean.imageNames.count) images)", quiet: common.quiet)
    }

    private func write(_ set: AnnotationSet) throws {
        var files = output
        files.json = output.json ?? outputJSON
        try files.write(set, overwrite: common.force, quiet: common.quiet)
    }

    private func parsedWeights() throws -> [Double]? {
        guard let weights else { return nil }
        let values = weights.split(separator: ",", omittingEmptySubsequences: false).map {
            Double($0.trimmingCharacters(in: .whitespaces))
        }
        guard values.count == max(files.count, maps.count),
            values.allSatisfy({ $0.map { $0 >= 0 && $0.isFinite } ?? false })
        else {
            throw ValidationError("--weights takes one number of 0 or more for each source, by comma, not '\(weights)'")
        }
        return values.compactMap { $0 }
    }
}

extension PolygonCombination.Representative: ExpressibleByArgument {}
