import ArgumentParser
import Core
import Dataset
import Foundation
import Submission

/// `--weights oof` by other files than those that are combined: sources of test images weighed by what their networks did
/// on validation images.
struct OutOfFoldFlags: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "--weights oof: the scores, one a source in their order, that submit score --format json printed.",
            valueName: "file"))
    var oofScores: String?

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp(
            "--weights oof: out-of-fold predictions, one a source in their order, to score against --truth.",
            valueName: "files"))
    var oofFiles: [String] = []

    var scores: String? { oofScores }

    /// Whether weights come from elsewhere than the sources.
    var isGiven: Bool { oofScores != nil || !oofFiles.isEmpty }

    func checkUse(weights: SourceWeights?, all: Bool, truth: String?, sources: Int) throws {
        guard isGiven else { return }
        let name = oofScores == nil ? "--oof-files" : "--oof-scores"
        if weights != .outOfFold { throw ValidationError("\(name) goes with --weights oof") }
        if all { throw ValidationError("--all weighs the sources by their own H; it goes without \(name)") }
        if oofScores != nil, !oofFiles.isEmpty { throw ValidationError("--oof-scores and --oof-files name one thing") }
        if oofScores != nil, truth != nil {
            throw ValidationError("--oof-scores names the scores; it goes without --truth")
        }
        if !oofFiles.isEmpty, truth == nil { throw ValidationError("--oof-files takes --truth to score them") }
        if !oofFiles.isEmpty, oofFiles.count != sources {
            throw ValidationError("--oof-files takes one file for each of \(sources) sources, not \(oofFiles.count)")
        }
    }

    /// The H of each file in a document of `submit score --format json`, with its name.
    ///
    /// - Throws: `CommandError` (65) where it is none, was made by other rules, or has another number of files.
    static func read(_ path: String, sources: Int, metric: String) throws -> [(path: String, hmean: Double)] {
        func wrong(_ what: String, place: String? = nil, found: String?, expected: String, next: String) -> CommandError
        {
            CommandError(
                Diagnosis(
                    .badData, what, path: path, place: place, found: found, expected: expected, nextStep: next))
        }
        let document = try JSONValue(contentsOf: path)
        guard let files = document.object?["files"]?.array else {
            throw wrong(
                "no scores of submit score", found: document.kind, expected: "an object with \"files\"",
                next: "submit score --truth T --format json FILES… > \((path as NSString).lastPathComponent)")
        }
        guard files.count == sources else {
            throw wrong(
                "the scores are of another number of sources", found: "\(files.count) files",
                expected: "\(sources), one for each that is combined, in the same order",
                next: "score the out-of-fold predictions of these sources, and no others")
        }
        return try files.enumerated().map { number, file in
            let object = file.object
            if let profile = object?["profile"]?.string, profile != metric {
                throw wrong(
                    "the scores were made by other rules", place: "files[\(number)].profile", found: profile,
                    expected: metric, next: "pass --metric \(profile), or score again")
            }
            guard let hmean = object?["mean"]?.object?["hmean"]?.number, (0...1).contains(hmean) else {
                throw wrong(
                    "a file without a mean H", place: "files[\(number)].mean.hmean",
                    found: object?["mean"]?.object?["hmean"]?.text(), expected: "a number from 0 to 1",
                    next: "take what submit score --format json printed")
            }
            return (object?["path"]?.string ?? "file \(number + 1)", hmean)
        }
    }
}
