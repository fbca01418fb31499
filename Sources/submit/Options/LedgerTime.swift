import ArgumentParser
import Foundation
import Ledger

/// `--date` of the ledger's verbs.
enum LedgerTime {
    /// - Throws: `ValidationError` where `text` is no time in `zone`.
    static func read(_ text: String, in zone: TimeZone) throws -> Date {
        guard let date = LedgerDate.parse(text, in: zone) else {
            throw ValidationError(
                "--date must be a time such as 2026-03-01 or 2026-03-01T09:30:00Z, not \(text) in \(zone.ledgerName)")
        }
        return date
    }
}
