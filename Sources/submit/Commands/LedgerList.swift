import ArgumentParser
import Ledger

/// The ledger's entries.
struct LedgerList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show what is recorded, the earliest first.",
        discussion: """
            Times are in UTC. The CSV is that of submit ledger export; CSV and JSON also have hashes and settings.

            Example:
              submit ledger list --format csv
            """)

    @OptionGroup var ledger: LedgerOption
    @OptionGroup var form: FormatFlag

    func run() throws {
        let entries = try ledger.file.contents().entries
        switch form.format {
        case .table: try Output.print(LedgerTable.table(entries).text)
        case .csv: try Output.print(String(LedgerCSV.text(of: entries).dropLast()))
        case .json: try Output.print(LedgerTable.json(entries).text(indent: 2))
        }
    }
}
