import ArgumentParser
import Core
import Foundation
import Ledger

/// The ledger -> how many submissions the day still takes.
struct LedgerLeft: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "left",
        abstract: "Tell how many submissions are left today and when the budget resets.",
        discussion: """
            Entries with a public score count, each on the day of its time in the leaderboard's time zone. --per-day \
            and --time-zone stay in the ledger.

            Examples:
              submit ledger left --per-day 10 --time-zone Asia/Seoul
              submit ledger left
            """)

    @Option(name: .long, help: ArgumentHelp("Set the submissions a day (a new ledger has 10).", valueName: "n"))
    var perDay: Int?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Set the zone whose midnight resets the budget, such as Asia/Seoul (a new ledger has UTC).",
            valueName: "name"))
    var timeZone: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Tell it for this time, ISO 8601, instead of now.", valueName: "time"))
    var date: String?

    @OptionGroup var ledger: LedgerOption
    @OptionGroup var form: FormatFlag

    func validate() throws {
        if let perDay, perDay < 1 { throw ValidationError("--per-day must be 1 or more, not \(perDay)") }
        if let date { _ = try LedgerTime.read(date, in: .gmt) }
    }

    func run() throws {
        let zone = try timeZone.map { try Budget.zone(named: $0) }
        if perDay != nil || zone != nil { try ledger.file.setBudget(perDay: perDay, zone: zone) }
        let contents = try ledger.file.contents()
        let budget = contents.budget
        let now = try date.map { try LedgerTime.read($0, in: budget.zone) } ?? Date()
        let day = budget.day(of: now, in: contents.entries)
        let reset = LedgerDate.text(day.reset, in: budget.zone)
        let seconds = Int(day.reset.timeIntervalSince(now).rounded(.up))
        if form.format == .json {
            return try Output.print(
                JSONValue.object([
                    "schema": 1, "left": .int(day.left), "used": .int(day.used), "per_day": .int(budget.perDay),
                    "time_zone": .string(budget.zone.ledgerName), "resets_at": .string(reset),
                    "resets_in_seconds": .int(seconds),
                ]).text(indent: 2))
        }
        var table = TextTable("left", "used", "per day", "time zone", "resets at", "in")
        let minutes = String(format: "%d:%02d h", seconds / 3600, seconds / 60 % 60)
        table.add("\(day.left)", "\(day.used)", "\(budget.perDay)", budget.zone.ledgerName, reset, minutes)
        try Output.print(form.format == .csv ? table.csv : table.text)
    }
}
