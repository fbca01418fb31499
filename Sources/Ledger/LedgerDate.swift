import Foundation

/// Times in the ledger: ISO 8601, whole seconds.
public enum LedgerDate {
    /// The seconds since 1970 that four digits of a year can name.
    static let seconds = -62_135_596_800...253_402_300_799

    /// `date` in UTC, such as `2026-03-01T09:30:00Z`.
    public static func text(_ date: Date) -> String {
        date.formatted(.iso8601)
    }

    /// `date` in `zone` with its distance from UTC, such as `2026-03-01T18:30:00+09:00`.
    public static func text(_ date: Date, in zone: TimeZone) -> String {
        let seconds = zone.secondsFromGMT(for: date)
        if seconds == 0 { return text(date) }
        let distance = abs(seconds) / 60
        return text(date.addingTimeInterval(Double(seconds))).dropLast() + (seconds < 0 ? "-" : "+")
            + digits(distance / 60) + ":" + digits(distance % 60)
    }

    /// The time that `text` names: `2026-03-01`, then optionally `T09:30` or `T09:30:00`, then optionally `Z` or a
    /// distance such as `+09:00`; nil where it names none.
    ///
    /// - Parameter zone: the zone of a text that names none; a day alone is its first second.
    public static func parse(_ text: String, in zone: TimeZone) -> Date? {
        let form = /(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:\d\d)?)?/
        guard let match = text.wholeMatch(of: form)?.output else { return nil }
        func number(_ digits: Substring?) -> Int { digits.flatMap { Int($0) } ?? 0 }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        if let named = match.7, named != "Z" {
            let (hours, minutes) = (number(named.dropFirst().prefix(2)), number(named.suffix(2)))
            let seconds = (hours * 60 + minutes) * 60 * (named.hasPrefix("-") ? -1 : 1)
            guard minutes < 60, let fixed = TimeZone(secondsFromGMT: seconds) else { return nil }
            calendar.timeZone = fixed
        } else if match.7 != nil {
            calendar.timeZone = .gmt
        }
        let parts = DateComponents(
            calendar: calendar, year: number(match.1), month: number(match.2), day: number(match.3),
            hour: number(match.4), minute: number(match.5), second: number(match.6))
        // A calendar would take 30 February for 2 March; an hour that a change of clocks skips is moved on.
        guard (1...12).contains(number(match.2)), number(match.4) < 24, number(match.5) < 60, number(match.6) < 60,
            let date = parts.date, calendar.component(.day, from: date) == number(match.3),
            seconds.contains(Int(date.timeIntervalSince1970))
        else { return nil }
        return date
    }

    private static func digits(_ value: Int) -> String {
        (value < 10 ? "0" : "") + String(value)
    }
}
