import ArgumentParser
import Core
import Dataset
import Ensemble
import Foundation
import Maps
import Metrics
import PostProc
import Stacking
import Submission

/// Map stores and truth -> a model that keeps or drops each candidate, and what it is worth; that model on other stores.
struct StackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stack",
        abstract: "Learn which candidates of several map stores to keep; use what was learned on others.",
        discussion: """
            Boxes of all stores at a low --box-thresh are candidates; those of one region count as one. Logistic \
            regression and boosted trees learn from their scores, each map's mean and spread inside, shape, votes and \
            neighbours which of them raise an image's H. Every figure is out of fold: nothing that chose or trained has \
            seen the image's fold. A model is adopted where the 95% interval of its paired difference to the best single \
            source lies above 0; that of one deal of the folds counts the images, that of --repeats the deals too.

            Examples:
              submit stack --maps maps/val/fold0 maps/val/fold1 maps/val/fold2 \\
                --truth val.json --use-polygon --thresh 0.2 --output stack.json
              submit stack --apply stack.json \\
                --maps maps/test/fold0 maps/test/fold1 maps/test/fold2 --csv stack.csv
            """)

    /// Which model `--output` keeps.
    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case best, logistic, trees
    }

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("Map stores, the sources; with --apply in the order of the model's.", valueName: "folders"))
    var maps: [String]

    @Option(name: .long, help: ArgumentHelp("Truth to learn from.", valueName: "file"))
    var truth: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Folds, by comma: truth files or map stores (default: --k of the truth).", valueName: "files"))
    var folds: String?

    @Option(
        name: .customLong("k"), help: ArgumentHelp("How many folds the truth is dealt to (default: 5).", valueName: "n")
    )
    var count: Int?

    @Option(name: .long, help: ArgumentHelp("Seed of the folds and the resamples (default: 42).", valueName: "n"))
    var seed: Int?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Deals of the folds, each by the next seed; verdicts are on their mean (default: 1).", valueName: "n"))
    var repeats: Int?

    @OptionGroup var grouping: GroupFlags

    @Option(name: .long, help: "Resamples of the images behind the 95% intervals (default: 2000).")
    var bootstrap: Int?

    @Option(
        name: .long, help: "Polygon IoU with the best-scored box from which a box is the same candidate (default: 0.5)."
    )
    var iou: Double?

    @Option(name: .long, help: "The model that --output keeps: best, by its out-of-fold H, logistic or trees.")
    var model = Choice.best

    @Option(name: .customLong("output"), help: ArgumentHelp("Write the model of all images.", valueName: "file"))
    var modelPath: String?

    @Option(name: .long, help: ArgumentHelp("Use a model that --output wrote.", valueName: "model"))
    var apply: String?

    @OptionGroup var output: OutputFiles
    @OptionGroup var postprocess: PostProcFlags
    @OptionGroup var configFile: ConfigFileOption
    @OptionGroup var scoring: ScoringFlags
    @OptionGroup var form: FormatFlag
    @OptionGroup var common: CommonFlags

    /// Below this a region is no candidate, unless `--box-thresh` says otherwise.
    static let defaultFloor = 0.1

    func validate() throws {
        let training: [(String, Bool)] =
            [
                ("--truth", truth != nil), ("--folds", folds != nil), ("--k", count != nil), ("--seed", seed != nil),
                ("--repeats", repeats != nil),
                ("--groups", grouping.groups != nil), ("--bootstrap", bootstrap != nil), ("--iou", iou != nil),
                ("--output", modelPath != nil), ("--config", configFile.config != nil), ("--model", model != .best),
                ("--metric", scoring.metric != .clevalLeaderboard), ("--format", form.format != .table),
            ] + postprocess.given.map { ($0, true) }
        if apply != nil {
            if let (name, _) = training.first(where: \.1) {
                throw ValidationError("\(name) goes with training; --apply takes all that from the model")
            }
            if (output.json ?? output.csv) == nil { throw ValidationError("--apply writes --csv, --json or both") }
        } else {
            if truth == nil { throw ValidationError("name the --truth to learn from, or with --apply a model to use") }
            if let name = output.json.map({ _ in "--json" }) ?? output.csv.map({ _ in "--csv" }) {
                throw ValidationError("\(name) goes with --apply; training writes a model, --output")
            }
        }
        if folds != nil,
            let name = count.map({ _ in "--k" }) ?? repeats.map({ _ in "--repeats" })
                ?? grouping.groups.map({ _ in "--groups" })
        {
            throw ValidationError("\(name) deals the truth to folds; --folds names them")
        }
        if let count, count < 3 { throw ValidationError("--k must be 3 or more, not \(count)") }
        if let repeats, repeats < 1 { throw ValidationError("--repeats must be 1 or more, not \(repeats)") }
        if let seed, seed < 0 { throw ValidationError("--seed must be 0 or more, not \(seed)") }
        if let bootstrap, bootstrap < 1 { throw ValidationError("--bootstrap must be 1 or more, not \(bootstrap)") }
        if let iou, !(iou > 0 && iou <= 1) { throw ValidationError("--iou must be above 0, at most 1, not \(iou)") }
    }

    func run() async throws {
        let stores = try maps.map { try MapStore.openFilled(at: $0) }
        if let apply { return try await use(StackModel(contentsOf: apply), path: apply, on: stores) }
        guard let truth else { return }
        try await train(on: stores, truth: try AnnotationFile.read(path: truth), path: truth)
    }

    // MARK: Training

    private func train(on stores: [MapStore], truth: AnnotationSet, path: String) async throws {
        try warnOfTwins(stores)
        let present = Set(stores[0].imageNames)
        guard truth.images.contains(where: { present.contains($0.name) }) else {
            throw CommandError(
                Diagnosis(
                    .badData, "the truth names no image of the maps", path: stores[0].path,
                    found: stores[0].imageNames.prefix(3).joined(separator: ", "),
                    expected: truth.images.prefix(3).map(\.name).joined(separator: ", "),
                    nextStep: "name the maps of the images that \(path) is of"))
        }
        let unused = stores[0].imageNames.count { truth[$0] == nil }
        if unused > 0 { Terminal.note("\(unused) maps have no truth and train nothing", quiet: common.quiet) }
        var dealt: [[(name: String, images: [String])]] = []
        for deal in 0..<(repeats ?? 1) {
            dealt.append(try await dealtFolds(truth, path: path, seed: (seed ?? 42) + deal, isFirst: deal == 0))
        }
        let options = try candidateOptions()
        let pool = try await pool(of: stores, names: truth.images.map(\.name), options: options)
        if pool.images.allSatisfy(\.words.isEmpty) {
            throw CommandError(
                Diagnosis(
                    .badData, "there are no candidates", path: stores[0].path,
                    found: "no region that scores \(options.postprocess.boxThresh) or more",
                    nextStep: "lower --box-thresh or --thresh"))
        }
        let trainings = StackRun.trainingCount(folds: dealt[0].count)
        var progress = Progress("train", total: dealt.count * trainings, quiet: common.quiet)
        let draws = BootstrapOptions(draws: bootstrap ?? 2_000, seed: UInt64(seed ?? 42))
        var runs: [StackRun] = []
        for folds in dealt {
            let before = runs.count * trainings
            runs.append(
                try await StackRun(
                    pool, truth: truth, folds: folds, options: scoring.options, bootstrap: draws, width: common.width
                ) { progress.update(before + $0) })
        }
        progress.finish()
        let (run, deals) = (runs[0], RepeatedDeals(runs, draws))
        let table = StackTable(run: run, deals: deals, files: maps)
        if let modelPath {
            let model = StackModel(
                chosen(of: deals), of: run, deals: deals, pool: pool, options: options, stores: stores,
                folds: dealt[0].count, seed: seed ?? 42, metric: scoring.metric.rawValue)
            try AtomicFile.write(model.json.text(indent: 1) + "\n", to: modelPath, overwrite: common.force)
        }
        switch form.format {
        case .json:
            try Output.print(
                table.json(metric: scoring.metric, draws: draws.draws, seed: seed ?? 42, folds: dealt[0].count)
                    .text(indent: 2))
        case .csv: try Output.print(table.table.csv)
        case .table: try Output.print(table.table.text)
        }
        Terminal.note(
            "\(run.candidateCount) candidates on \(pool.images.count) images, \(run.targetCount) of them worth keeping",
            quiet: common.quiet)
        for line in table.verdicts { Terminal.say(line, quiet: common.quiet) }
        if let modelPath {
            Terminal.say("model:       \(modelPath) (\(chosen(of: deals).rawValue))", quiet: common.quiet)
        }
    }

    private func chosen(of deals: RepeatedDeals) -> Classifier.Kind {
        switch model {
        case .logistic: .logistic
        case .trees: .trees
        case .best: deals.rows[0].kind
        }
    }

    private func dealtFolds(
        _ truth: AnnotationSet, path: String, seed: Int, isFirst: Bool
    ) async throws -> [(name: String, images: [String])] {
        if let folds { return try Folds(folds).all }
        let (split, groups) = try await grouping.split(
            truth, path: path, count: count ?? 5, seed: seed, stratified: true, common: common)
        if isFirst, !groups.isEmpty {
            Terminal.note(
                "\(groups.count) groups of \(groups.reduce(0) { $0 + $1.count }) images stay together",
                quiet: common.quiet)
        }
        return split.folds.enumerated().map { ("fold \($0)", $1) }
    }

    private func candidateOptions() throws -> CandidatePool.Options {
        var settings = try configFile.load()
        settings.postprocess.boxThresh = Self.defaultFloor
        try postprocess.apply(to: &settings)
        return CandidatePool.Options(postprocess: settings.resolvedPostprocess, iou: iou ?? 0.5)
    }

    private func warnOfTwins(_ stores: [MapStore]) throws {
        let prints = try stores.map { try $0.fingerprint() }
        for (position, print) in prints.enumerated() {
            guard let twin = prints[..<position].firstIndex(of: print) else { continue }
            Terminal.warning(
                "\(maps[position]) holds the same maps as \(maps[twin]): they are one source counted twice")
        }
    }

    private func pool(
        of stores: [MapStore], names: [String], options: CandidatePool.Options
    ) async throws -> CandidatePool {
        var progress = Progress("candidates", total: names.count, quiet: common.quiet)
        defer { progress.finish() }
        return try await CandidatePool(of: stores, names: names, options: options, width: common.width) {
            progress.update($0)
        }
    }

    // MARK: Use

    private func use(_ model: StackModel, path: String, on stores: [MapStore]) async throws {
        try model.check(stores, path: path)
        if stores.contains(where: { $0.provenance.checkpointSHA256.isEmpty }) {
            let order = model.sources.map(\.path).joined(separator: ", ")
            Terminal.note(
                "imported maps do not say which network made them: --maps must be in the order of \(order)",
                quiet: common.quiet)
        }
        if !model.evidence.isAdopted {
            Terminal.warning(
                "\(path) was not adopted: its paired difference to the best single source is \(Self.text(model.evidence))"
            )
        }
        let names = stores[0].imageNames
        let seen = Set(model.images).intersection(names).count
        if seen > 0 {
            Terminal.warning(
                "\(path) was trained on \(seen) of these \(names.count) images, by name: what their boxes score tells "
                    + "nothing of others; out of fold it scored \(String(format: "%.6f", model.evidence.hmean))")
        }
        let pool = try await pool(of: stores, names: names, options: model.candidates)
        for store in stores.dropFirst() {
            let more = store.imageNames.count { !stores[0].imageNames.contains($0) }
            if more > 0 {
                Terminal.warning("\(store.path): \(more) images that \(stores[0].path) lacks are left out")
            }
        }
        var settings: JSONObject = [
            "model": .string(path), "model_sha256": .string(try MappedFile(path: path).sha256()),
            "kind": .string(model.classifier.kind.rawValue), "threshold": .number(model.threshold),
            "adopted": .bool(model.evidence.isAdopted), "images_trained_on": .int(seen),
        ]
        for (key, value) in model.candidates.json { settings[key] = value }
        let sidecar = PredictionSidecar(
            command: "stack", settings: settings, sources: try stores.map(PredictionSidecar.Source.init))
        try output.write(
            model.detections(in: pool), madeBy: sidecar, overwrite: common.force, quiet: common.quiet)
    }

    private static func text(_ evidence: StackModel.Evidence) -> String {
        String(
            format: "%+.6f [%+.6f, %+.6f]", evidence.difference, evidence.interval.lowerBound,
            evidence.interval.upperBound)
    }
}
