import ArgumentParser
import Ledger

/// CSV -> the ledger.
struct LedgerImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Record the entries of a CSV that submit ledger export made.",
        discussion: """
            All rows or, where one is refused, none. An entry that is there takes what the row says; another hash or \
            another public score than the recorded one is refused, as by submit ledger add.

            Example:
              submit ledger import ledger.csv --ledger submissions/ledger.sqlite
            """)

    @Argument(help: "The CSV to read.")
    var csv: String

    @OptionGroup var ledger: LedgerOption

    @Flag(name: .shortAndLong, help: "No notes; errors only.")
    var quiet = false

    @Flag(name: .long, help: "Replace public scores that were mistyped.")
    var force = false

    func run() throws {
        let recorded = try ledger.file.record(LedgerCSV.read(path: csv), force: force)
        let new = recorded.count { $0.before == nil }
        let same = recorded.count { $0.before == $0.entry }
        Terminal.say(
            "\(ledger.path): \(new) entries are new, \(recorded.count - new - same) updated, \(same) the same",
            quiet: quiet)
    }
}
