import ArgumentParser
import Core
import Ledger

/// The ledger -> CSV.
struct LedgerExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write all entries to a CSV that submit ledger import takes back exactly.",
        discussion: """
            The budget (--per-day, --time-zone) is not part of it.

            Example:
              submit ledger export ledger.csv
            """)

    @Argument(help: "The CSV to write.")
    var csv: String

    @OptionGroup var ledger: LedgerOption

    @Flag(name: .shortAndLong, help: "No notes; errors only.")
    var quiet = false

    @Flag(name: .long, help: "Replace the file where it exists.")
    var force = false

    func run() throws {
        let entries = try ledger.file.contents().entries
        try AtomicFile.write(LedgerCSV.text(of: entries), to: csv, overwrite: force)
        Terminal.say("\(csv): \(entries.count) entries", quiet: quiet)
    }
}
