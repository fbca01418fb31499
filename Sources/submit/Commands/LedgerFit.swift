import ArgumentParser
import Ledger

/// Local and public scores -> the line between them, and what it can tell.
struct LedgerFit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Fit public scores to local ones; tell which differences the board can show.",
        discussion: """
            Ordinary least squares over the entries with both scores, three or more: public = slope * local + offset, \
            with 95% intervals by Student's t. The residual error is the scatter about the line; two public scores \
            differ by more than 1.96 * sqrt(2) of it by chance in one of twenty pairs. Divided by the slope, that is \
            the local difference below which the public board shows nothing.

            Example:
              submit ledger fit --format json
            """)

    @OptionGroup var ledger: LedgerOption
    @OptionGroup var form: FormatFlag

    func run() throws {
        let fit = try ScoreFit(ledger.file.contents().entries)
        switch form.format {
        case .table: try Output.print(LedgerTable.text(fit))
        case .csv: try Output.print(LedgerTable.csv(fit))
        case .json: try Output.print(LedgerTable.json(fit).text(indent: 2))
        }
    }
}
