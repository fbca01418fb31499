import ArgumentParser
import Foundation
import Ledger

/// A CSV and its scores -> the ledger.
struct LedgerAdd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Record a CSV and its scores, or more about one that is recorded.",
        discussion: """
            What is not given stays as it is recorded. An entry counts as submitted once it has a public score. \
            Settings, checkpoint and local score come from the sidecar CSV.json where one stands beside the file: an \
            object with settings, checkpoint, local, sha256, each of them optional.

            Examples:
              submit ledger add vote3.csv --public .9653 --local .9710
              submit ledger add vote3.csv --private .9601 --note "five folds"
              submit ledger add fold0.csv --public .9581 --date 2026-03-01T09:30
            """)

    @Argument(help: "The CSV that was submitted.")
    var csv: String

    @Option(name: .customLong("public"), help: ArgumentHelp("Public score, 0 to 1.", valueName: "score"))
    var publicScore: Double?

    @Option(name: .customLong("private"), help: ArgumentHelp("Private score, 0 to 1.", valueName: "score"))
    var privateScore: Double?

    @Option(name: .customLong("local"), help: ArgumentHelp("Score on own truth, 0 to 1.", valueName: "score"))
    var localScore: Double?

    @Option(name: .long, help: ArgumentHelp("Free text; an empty one removes the note.", valueName: "text"))
    var note: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "When it was submitted, ISO 8601, in the ledger's time zone where it names none (default: now).",
            valueName: "time"))
    var date: String?

    @OptionGroup var ledger: LedgerOption

    @Flag(name: .shortAndLong, help: "No notes; errors only.")
    var quiet = false

    @Flag(name: .long, help: "Replace a public score that was mistyped.")
    var force = false

    func validate() throws {
        for (name, score) in [("--public", publicScore), ("--private", privateScore), ("--local", localScore)] {
            if let score, !(0...1).contains(score) {
                throw ValidationError("\(name) must be from 0 to 1, not \(score)")
            }
        }
        if let date { _ = try LedgerTime.read(date, in: .gmt) }
    }

    func run() throws {
        // Everything that can be refused is read before the ledger is touched.
        let file = try SubmittedFile(reading: csv)
        let ledger = ledger.file
        let zone = FileManager.default.fileExists(atPath: ledger.path) ? try ledger.contents().budget.zone : .gmt
        let update = EntryUpdate(
            file: file, date: try date.map { try LedgerTime.read($0, in: zone) }, publicScore: publicScore,
            privateScore: privateScore, localScore: localScore, note: note)
        for recorded in try ledger.record([update], force: force) { try report(recorded, in: ledger) }
    }

    private func report(_ recorded: LedgerFile.Recorded, in ledger: LedgerFile) throws {
        let entry = recorded.entry
        if recorded.before == nil, let twin = recorded.twin {
            Terminal.note("\(entry.path) has the very bytes of \(twin)", quiet: quiet)
        }
        let verb = recorded.before == nil ? "recorded" : recorded.before == entry ? "nothing new" : "updated"
        let contents = try ledger.contents()
        let day = contents.budget.day(of: Date(), in: contents.entries)
        Terminal.say(
            "\(entry.path): \(verb), \(entry.images) images, \(entry.boxes) boxes; \(day.left) of "
                + "\(contents.budget.perDay) submissions left today",
            quiet: quiet)
    }
}
