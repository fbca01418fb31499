import Core
import Ledger
import TestSupport
import Testing

/// The line from local to public scores against NumPy's; Tests/Fixtures/Ledger/make_fits.py.
@Suite struct ScoreFitTests {
    @Test func fitsEqualNumPys() throws {
        let golden = try JSONValue(contentsOf: TestData.fixture("Ledger/fits.json"))
        let cases = try #require(golden.object?["cases"]?.array).compactMap(\.object)
        #expect(cases.count == 7)
        for expected in cases {
            func numbers(_ key: String) throws -> [Double] { try #require(expected[key]?.array).compactMap(\.number) }
            let points = zip(try numbers("local"), try numbers("public"))
            var entries = points.enumerated().map { Entries.entry("\($0)", board: $1.1, local: $1.0) }
            let fit = try ScoreFit(entries)
            #expect(fit.rows == entries.count)
            func expect(_ value: Double?, _ key: String) {
                let number = expected[key]?.number
                let isEqual = value.map { abs($0 - (number ?? .nan)) <= 1e-9 } ?? (number == nil)
                #expect(isEqual, "\(entries.count) rows: \(key) is \(value ?? .nan), not \(number ?? .nan)")
            }
            expect(fit.slope, "slope")
            expect(fit.offset, "offset")
            expect(fit.residualError, "residual_error")
            expect(fit.visiblePublicDifference, "visible_public_difference")
            expect(fit.visibleLocalDifference, "visible_local_difference")
            for (interval, key) in [(fit.slopeInterval, "slope_interval"), (fit.offsetInterval, "offset_interval")] {
                let bounds = try numbers(key)
                #expect(abs(interval.lowerBound - bounds[0]) < 1e-8 && abs(interval.upperBound - bounds[1]) < 1e-8)
            }
            // Half of the scores, and the same bytes again, add nothing.
            entries += [Entries.entry("a", board: 0.1), Entries.entry("b", local: 0.2)]
            entries.append(Entries.entry("c", board: 0.3, local: 0.3, bytes: "0"))
            #expect(try ScoreFit(entries) == fit)
        }
    }

    @Test func aLineHasNoScatter() throws {
        let fit = try ScoreFit((1...5).map { Entries.entry("\($0)", board: Double($0) / 8, local: Double($0) / 8) })
        #expect(fit.slope == 1 && fit.offset == 0 && fit.residualError == 0 && fit.predicted(0.5) == 0.5)
        #expect(fit.slopeInterval == 1...1)
    }

    @Test func tooLittleIsRefused() throws {
        let two = (1...2).map { Entries.entry("\($0)", board: 0.5, local: Double($0) / 8) }
        let few = try LedgerError.thrown { try ScoreFit(two + [Entries.entry("x", board: 0.5)]) }
        #expect(few?.status == .badData && few?.found?.hasPrefix("2 ") == true && few?.expected == "3 or more")
        let same = (1...5).map { Entries.entry("\($0)", board: Double($0) / 8, local: 0.1) }
        #expect(try LedgerError.thrown { try ScoreFit(same) }?.what.contains("one local score") == true)
    }
}
