import Core
import Foundation

/// How many submissions a day the leaderboard takes, and where its day begins.
public struct Budget: Sendable, Hashable {
    /// Submissions a day, 1 or more; default 10.
    public var perDay: Int
    /// The zone whose midnight begins a day; default UTC.
    public var zone: TimeZone

    /// A budget, by default ten a day of UTC.
    public init(perDay: Int = 10, zone: TimeZone = .gmt) {
        self.perDay = perDay
        self.zone = zone
    }

    /// What is left of a day.
    public struct Day: Sendable, Hashable {
        /// Submissions of the day so far.
        public let used: Int
        /// Submissions that the day still takes; 0 where more were recorded than it takes.
        public let left: Int
        /// When the next day begins.
        public let reset: Date
    }

    /// What is left of the day that `now` lies in: entries with a public score count.
    public func day(of now: Date, in entries: [LedgerEntry]) -> Day {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let start = calendar.startOfDay(for: now)
        // A day of 25 hours still ends at midnight.
        let reset = calendar.startOfDay(for: calendar.date(byAdding: .day, value: 1, to: start) ?? start + 86_400)
        let used = entries.count { $0.publicScore != nil && $0.date >= start && $0.date < reset }
        return Day(used: used, left: max(0, perDay - used), reset: reset)
    }

    /// The zone of an identifier such as `Asia/Seoul`.
    ///
    /// - Throws: `LedgerError` (64) that names the nearest one.
    public static func zone(named name: String) throws -> TimeZone {
        let names = TimeZone.knownTimeZoneIdentifiers
        if ["UTC", "GMT"].contains(name) { return .gmt }
        guard names.contains(name), let zone = TimeZone(identifier: name) else {
            throw LedgerError(
                Diagnosis(
                    .usage, "the time zone is not known", found: name,
                    expected: "an identifier such as Asia/Seoul or UTC",
                    nextStep: NearestName.hint(for: name, among: names + ["UTC"])))
        }
        return zone
    }
}

extension TimeZone {
    /// What `Budget.zone(named:)` takes for this zone.
    public var ledgerName: String { self == .gmt ? "UTC" : identifier }
}
