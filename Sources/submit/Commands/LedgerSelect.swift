import ArgumentParser
import Core
import Ledger

/// The ledger -> the final submissions.
struct LedgerSelect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "select",
        abstract: "Choose the final submissions and say why.",
        discussion: """
            Of the entries with a public score, in turn the best by public score and the best by what submit ledger \
            fit predicts from the local one; without a fit that rises, by public score alone. Files of the same bytes \
            count once.

            Example:
              submit ledger select --final 2
            """)

    @Option(name: .customLong("final"), help: ArgumentHelp("How many are handed in.", valueName: "n"))
    var count = 2

    @OptionGroup var ledger: LedgerOption
    @OptionGroup var form: FormatFlag

    func validate() throws {
        if count < 1 { throw ValidationError("--final must be 1 or more, not \(count)") }
    }

    func run() throws {
        let entries = try ledger.file.contents().entries
        let fit: ScoreFit?
        do {
            fit = try ScoreFit(entries)
            if let slope = fit?.slope, slope <= 0 {
                Terminal.note("public scores fall as local ones rise: chosen by public score alone")
            }
        } catch let error as LedgerError {
            fit = nil
            Terminal.note("chosen by public score alone: \(error.diagnosis.what)")
        }
        let choice = FinalChoice(of: entries, count: count, fit: fit)
        if choice.picks.isEmpty {
            throw CommandError(
                Diagnosis(
                    .badData, "nothing was submitted yet", path: ledger.path,
                    found: "\(entries.count) entries without a public score",
                    nextStep: "submit ledger add CSV --public SCORE"))
        }
        if choice.picks.count < count {
            Terminal.note("\(choice.picks.count) different files were submitted, \(count) are asked for")
        }
        switch form.format {
        case .table: try Output.print(LedgerTable.table(choice, fit).text)
        case .csv: try Output.print(LedgerTable.table(choice, fit).csv)
        case .json: try Output.print(LedgerTable.json(choice, fit).text(indent: 2))
        }
    }
}
