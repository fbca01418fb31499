import Ledger
import Testing

/// Which submissions are handed in.
@Suite struct FinalChoiceTests {
    private let entries = [
        Entries.entry("low", board: 0.94, local: 0.95), Entries.entry("lucky", board: 0.97, local: 0.96),
        Entries.entry("solid", board: 0.965, local: 0.98),
        Entries.entry("twin", board: 0.97, local: 0.96, bytes: "lucky"),
        Entries.entry("never", local: 0.99), Entries.entry("blind", board: 0.966),
    ]

    private func names(_ choice: FinalChoice) -> [String] { choice.picks.map(\.entry.path) }

    @Test func theFitHasItsSay() throws {
        let fit = try ScoreFit(entries)
        #expect(fit.slope > 0)
        let choice = FinalChoice(of: entries, count: 2, fit: fit)
        #expect(names(choice) == ["lucky", "solid"])
        #expect(choice.picks[0].reason == .publicScore(rank: 1, lead: 0.97 - 0.966))
        #expect(choice.picks[1].reason == .localPrediction(rank: 1, predicted: fit.predicted(0.98)))
        #expect(names(FinalChoice(of: entries, count: 9, fit: fit)) == ["lucky", "solid", "blind", "low"])
    }

    @Test func withoutAFitThePublicScoreDecides() {
        let choice = FinalChoice(of: entries, count: 9, fit: nil)
        #expect(names(choice) == ["lucky", "blind", "solid", "low"])
        #expect(choice.picks.last?.reason == .publicScore(rank: 4, lead: nil))
        #expect(FinalChoice(of: [entries[4]], count: 2, fit: nil).picks == [])
    }

    @Test func aFallingFitHasNone() throws {
        let falling = [(0.97, 0.95), (0.96, 0.96), (0.95, 0.97)].enumerated()
            .map { Entries.entry("\($0)", board: $1.0, local: $1.1) }
        let fit = try ScoreFit(falling)
        #expect(fit.slope < 0 && names(FinalChoice(of: falling, count: 2, fit: fit)) == ["0", "1"])
    }

    @Test func ofEqualScoresTheEarlierStandsFirst() {
        let equal = ["b", "a", "c"].map { Entries.entry($0, board: 0.5) }
        #expect(names(FinalChoice(of: equal, count: 2, fit: nil)) == ["b", "a"])
    }
}
