import ArgumentParser
import Core
import Dataset
import Ensemble
import Foundation
import Maps
import Metrics
import Submission

/// Several predictions or map stores -> combined predictions, CSV; or a ranking of all ways to combine them.
struct EnsembleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ensemble",
        abstract: "Combine the boxes of several predictions or the maps of several stores; rank all ways to.",
        discussion: """
            vote: a group holds at most one box a source, each overlapping the group's best-scored box by --iou; chains \
            cannot form; the box that stands for a group keeps its shape, the medoid. With --truth the curve over 1…n \
            votes is scored.

            --all ranks every method. The differences are paired: each draw resamples the same images for all rows. \
            The first row was chosen on these images, which its interval does not count. A row marked "shrinks" has \
            more than 1% of its merged boxes below 80% of their members' median area.

            Map stores are combined as maps, or their boxes at one setting by any other method; --all ranks both.

            Examples:
              submit ensemble --votes 3 --iou 0.5 fold?.json --truth val.json \\
                --json vote3.json --csv vote3.csv
              submit ensemble --all --truth val.json fold?.json --top 20
              submit ensemble --method wbf --iou 0.6 --votes 2 --weights oof \\
                --truth val.json fold?.json --csv wbf.csv
              submit ensemble test?.json --csv vote.csv --weights oof \\
                --truth val.json --oof-files val?.json
              submit ensemble maps/fold0 maps/fold1 \\
                --thresh 0.22 --box-thresh 0.25 --csv mean.csv
              submit ensemble maps/fold? --all --truth val.json \\
                --thresh 0.22 --box-thresh 0.25 --top 20
            """)

    @Argument(help: ArgumentHelp("What to combine: predictions, JSON or CSV, or map stores.", valueName: "files"))
    var files: [String] = []

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("Map stores to combine, as without --maps.", valueName: "folders"))
    var maps: [String] = []

    @OptionGroup var how: EnsembleFlags
    @OptionGroup var ranking: RankingFlags
    @OptionGroup var outOfFold: OutOfFoldFlags

    @Option(
        name: .long,
        help: ArgumentHelp("Truth that scores the curve over votes, the result or the ranking.", valueName: "file"))
    var truth: String?

    @Option(name: .long, help: ArgumentHelp("maps: keep the combined maps as a store.", valueName: "folder"))
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

    /// The files or stores that are combined, as the user named them.
    var sourcePaths: [String] { maps.isEmpty ? files : maps }

    private static func isStore(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/store.json")
    }

    /// Whether map stores are combined; maps go on the first one's geometry.
    private var areStores: Bool { !maps.isEmpty || how.method == .maps || files.allSatisfy(Self.isStore) }

    func validate() throws {
        if files.isEmpty == maps.isEmpty {
            throw ValidationError("name predictions to combine, or --maps with stores to combine, not both")
        }
        if sourcePaths.count < 2 { throw ValidationError("an ensemble takes at least two sources") }
        if output.json != nil && outputJSON != nil { throw ValidationError("--output and --json name one thing") }
        if !areStores, let store = files.first(where: Self.isStore) {
            throw ValidationError("\(store) is a map store and others are not: extract its boxes first")
        }
        let postprocessing = postprocess.given + (configFile.config == nil ? [] : ["--config"])
        if !areStores, let name = postprocessing.first {
            throw ValidationError("\(name) goes with map stores; predictions have their boxes")
        }
        if ranking.all {
            if truth == nil { throw ValidationError("--all takes --truth") }
            if (output.json ?? output.csv ?? outputJSON) != nil {
                throw ValidationError("--all writes no predictions; name the method to write with --method")
            }
            try how.checkUse(in: .all, keepsMaps: outputMaps != nil)
        } else {
            try how.checkUse(in: .one(how.method ?? (areStores ? .maps : .vote)), keepsMaps: outputMaps != nil)
        }
        try outOfFold.checkUse(weights: how.weights, all: ranking.all, truth: truth, sources: sourcePaths.count)
        switch how.weights {
        case .outOfFold where truth == nil && outOfFold.scores == nil:
            throw ValidationError("--weights oof takes --truth or --oof-scores")
        case .given(let values) where values.count != sourcePaths.count:
            throw ValidationError(
                "--weights takes one number for each of \(sourcePaths.count) sources, not \(values.count)")
        default: break
        }
    }

    func run() async throws {
        let stores = areStores ? try sourcePaths.map { try MapStore.openFilled(at: $0) } : []
        let truth = try truth.map { try AnnotationFile.read(path: $0) }
        if areStores, !ranking.all, how.method ?? .maps == .maps { return try await combineMaps(stores, truth: truth) }
        let sources =
            areStores
            ? try await boxes(of: stores)
            : try await parallelMap(files, width: common.width) { try AnnotationFile.read(path: $1) }
        for (position, source) in sources.enumerated() {
            guard let twin = sources[..<position].firstIndex(of: source) else { continue }
            Terminal.warning(
                "\(sourcePaths[position]) says the same as \(sourcePaths[twin]): the ensemble counts it twice")
        }
        for (file, count) in zip(sourcePaths, sources.map(\.unscoredWordCount)) where count > 0 {
            Terminal.note("\(file): \(count) boxes without a score count as certain", quiet: common.quiet)
        }
        if ranking.all, let truth {
            try await rank(sources, of: stores, truth: truth)
        } else if let method = how.combination {
            try await combine(sources, of: stores, by: method, truth: truth)
        }
    }

    // MARK: All methods

    private func rank(_ sources: [AnnotationSet], of stores: [MapStore], truth: AnnotationSet) async throws {
        let scores = try await score(sources, truth: truth)
        let weights = weights(ownScores: scores)
        let seed = ranking.seed ?? 0
        let maps = try await scoredMaps(of: stores, weights: weights, truth: truth)
        var progress = Progress("rank", total: truth.images.count, quiet: common.quiet)
        let ranked = try await EnsembleRanking(
            sources: sources, scores: scores, methods: how.ranked, maps: maps, weights: weights, truth: truth,
            options: scoring.options, draws: ranking.draws, seed: UInt64(seed), width: common.width
        ) { progress.update($0) }
        progress.finish()
        let table = RankingTable(ranking: ranked, files: sourcePaths, shown: ranking.top ?? ranked.rows.count)
        switch form.format {
        case .json:
            try Output.print(
                table.json(metric: scoring.metric, weights: weights, draws: ranking.draws, seed: seed).text(indent: 2))
        case .csv: try Output.print(table.table.csv)
        case .table: try Output.print(table.table.text)
        }
        Terminal.note(table.summary, quiet: common.quiet)
    }

    // MARK: One method

    private func combine(
        _ sources: [AnnotationSet], of stores: [MapStore], by method: PolygonCombination.Method, truth: AnnotationSet?
    ) async throws {
        let weights = try await weights(of: sources, truth: truth)
        let combination = try await PolygonCombination(
            sources: sources, method: method, weights: weights, roundsCorners: !how.fractional, width: common.width)
        let votes = how.votes(of: sources.count)
        let result = try combination.result(votes: votes)
        report(combination, shrinkage: combination.shrinkage(votes: votes))
        try write(result, madeBy: sidecar(of: method, votes: votes, weights: weights, stores: stores))
        // Truth that weighs other files need not be of these images.
        let truth = outOfFold.isGiven ? nil : truth
        if method.hasVotes {
            try await printCurve(combination, truth: truth)
        } else if let truth {
            try await printScore(of: result, label: method.name, truth: truth)
        }
    }

    /// Says what about the sources and their combination should not pass in silence.
    private func report(_ combination: PolygonCombination, shrinkage: Shrinkage) {
        for (file, missing) in zip(sourcePaths, combination.missingImages) where !missing.isEmpty {
            Terminal.warning("\(file) lacks \(missing.count) images, such as \(missing[0]): it gives no vote there")
        }
        if combination.fallbacks > 0 {
            Terminal.note(
                "\(combination.fallbacks) groups have no such polygon and keep their medoid", quiet: common.quiet)
        }
        if shrinkage.shrunken > 0 {
            let share = 100 * Double(shrinkage.shrunken) / Double(shrinkage.merged)
            Terminal.warning(
                "\(shrinkage.shrunken) of \(shrinkage.merged) merged boxes (\(String(format: "%.2f", share))%) have "
                    + "less than 80% of their members' median area"
                    + (shrinkage.isMarked ? ": this method shrinks boxes here" : ""))
        }
    }

    /// The histogram of votes and, with truth, the curve over the votes that a box needs.
    private func printCurve(_ combination: PolygonCombination, truth: AnnotationSet?) async throws {
        var table = TextTable(
            ["votes", "groups", "boxes with at least"] + (truth == nil ? [] : ["H", "P", "R", "pooled H"]))
        var rows: [JSONValue] = []
        for votes in (1...combination.sourceCount).reversed() {
            let set = try combination.result(votes: votes)
            let groups = combination.histogram[votes - 1]
            var row: JSONObject = ["votes": .int(votes), "groups": .int(groups), "boxes": .int(set.wordCount)]
            var cells = ["\(votes)/\(combination.sourceCount)", "\(groups)", "\(set.wordCount)"]
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
        case .json: try Output.print(JSONValue.object(["schema": 1, "curve": .array(rows)]).text(indent: 2))
        case .csv: try Output.print(table.csv)
        case .table: try Output.print(table.text)
        }
    }

    /// The score of what was combined, as `score` prints it.
    func printScore(of set: AnnotationSet, label: String, truth: AnnotationSet) async throws {
        let score = try await scoreSet(
            truth: truth, predictions: set, options: scoring.options, width: common.width)
        let table = ScoreTable(
            [ScoredFile(path: label, score: score, predictions: set, truth: truth)], metric: scoring.metric,
            bootstrap: BootstrapOptions(draws: 0))
        switch form.format {
        case .json: try Output.print(table.json.text(indent: 2))
        case .csv: try Output.print(table.csv)
        case .table: try Output.print(table.text)
        }
    }

    func write(_ set: AnnotationSet, madeBy sidecar: @autoclosure () throws -> PredictionSidecar) throws {
        var files = output
        files.json = output.json ?? outputJSON
        let made = try files.csv.map { _ in try sidecar() }
        try files.write(set, madeBy: made, overwrite: common.force, quiet: common.quiet)
    }
}
