import ArgumentParser

/// What was submitted, what it scored, and what follows from that.
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Keep what was submitted and what it scored; fit, budget, final pick.",
        discussion: """
            One SQLite file that several processes may write at once. Each file is recorded with its SHA-256: a score \
            for a file that has changed since is refused.

            Examples:
              submit ledger add vote3.csv --public .9653 --local .9710
              submit ledger left --per-day 10 --time-zone Asia/Seoul
              submit ledger fit
              submit ledger select --final 2
            """,
        subcommands: [
            LedgerAdd.self, LedgerList.self, LedgerLeft.self, LedgerFit.self, LedgerSelect.self, LedgerExport.self,
            LedgerImport.self,
        ])
}
