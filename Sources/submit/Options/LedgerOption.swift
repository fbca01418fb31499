import ArgumentParser
import Ledger

/// `--ledger`, for the verbs of `ledger`.
struct LedgerOption: ParsableArguments {
    @Option(name: .customLong("ledger"), help: ArgumentHelp("The ledger, an SQLite file.", valueName: "file"))
    var path = "submissions/ledger.sqlite"

    var file: LedgerFile { LedgerFile(path: path) }
}
