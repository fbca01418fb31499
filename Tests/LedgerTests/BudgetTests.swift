import Foundation
import Ledger
import Testing

/// Days, zones and times.
@Suite struct BudgetTests {
    @Test(arguments: [
        ("UTC", "2026-03-01T23:59:59Z", 2, "2026-03-02T00:00:00Z"),
        ("UTC", "2026-03-02T00:00:00Z", 1, "2026-03-03T00:00:00Z"),
        ("Asia/Seoul", "2026-03-02T00:00:00Z", 3, "2026-03-03T00:00:00+09:00"),
        ("America/New_York", "2026-03-02T00:00:00Z", 2, "2026-03-02T00:00:00-05:00"),
        // The clocks go on in this night: the day has 23 hours.
        ("America/New_York", "2026-03-08T05:00:00Z", 0, "2026-03-09T00:00:00-04:00"),
        ("Asia/Kathmandu", "2026-03-04T00:00:00Z", 0, "2026-03-05T00:00:00+05:45"),
    ])
    func aDayBeginsAtMidnightOfItsZone(zone: String, now: String, used: Int, reset: String) throws {
        let entries = try ["2026-03-01T20:00:00Z", "2026-03-01T16:00:00Z", "2026-03-02T05:00:00Z"].map { time in
            var entry = Entries.entry(time, board: 0.5)
            entry.date = try #require(LedgerDate.parse(time, in: .gmt))
            return entry
        }
        let budget = Budget(perDay: 2, zone: try Budget.zone(named: zone))
        let time = try #require(LedgerDate.parse(now, in: .gmt))
        let unsubmitted = Entries.entry("x", local: 0.5)
        let day = budget.day(of: time, in: entries + [unsubmitted])
        #expect(day.used == used && day.left == max(0, 2 - used), "\(day)")
        #expect(LedgerDate.text(day.reset, in: budget.zone) == reset)
        #expect(Budget(perDay: 1, zone: budget.zone).day(of: time, in: entries).left == max(0, 1 - used))
    }

    @Test(arguments: [
        ("2026-03-01", "2026-02-28T15:00:00Z"), ("2026-03-01T09:30", "2026-03-01T00:30:00Z"),
        ("2026-03-01 09:30:01", "2026-03-01T00:30:01Z"), ("2026-03-01T09:30Z", "2026-03-01T09:30:00Z"),
        ("2026-03-01T09:30:00-01:30", "2026-03-01T11:00:00Z"), ("2024-02-29", "2024-02-28T15:00:00Z"),
    ])
    func timesAreRead(text: String, expected: String) throws {
        let seoul = try Budget.zone(named: "Asia/Seoul")
        let date = try #require(LedgerDate.parse(text, in: seoul))
        #expect(LedgerDate.text(date) == expected)
        #expect(LedgerDate.parse(LedgerDate.text(date, in: seoul), in: .gmt) == date)
    }

    @Test(arguments: [
        "", "today", "2026-02-30", "2026-13-01", "2026-00-10", "2026-03-01T24:00", "2026-03-01T09:60", "2026-3-1",
        "2026-03-01T09", "2026-03-01T09:30:00+09:99", "2026-03-01Z", "2026-03-01T09:30:00Z ", "2026-03-00",
        "0000-01-01",
    ])
    func noTimeIsMadeUp(text: String) {
        #expect(LedgerDate.parse(text, in: .gmt) == nil)
    }

    @Test func aZoneCanLackADay() throws {
        let samoa = try Budget.zone(named: "Pacific/Apia")
        #expect(LedgerDate.parse("2011-12-30", in: samoa) == nil && LedgerDate.parse("2011-12-31", in: samoa) != nil)
    }

    @Test func anUnknownZoneNamesTheNearest() throws {
        let diagnosis = try LedgerError.thrown { try Budget.zone(named: "Asia/Soul") }
        #expect(diagnosis?.status == .usage && diagnosis?.nextStep == "did you mean Asia/Seoul?")
        for name in ["UTC", "GMT", "Europe/Berlin", "America/Argentina/Buenos_Aires"] {
            #expect(try Budget.zone(named: Budget.zone(named: name).ledgerName) == Budget.zone(named: name))
        }
    }
}
