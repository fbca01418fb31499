import Core
import Metrics
import Sweep
import TestSupport
import Testing

/// Which candidates to spend submissions on.
@Suite("Budget selection")
struct BudgetSelectionTests {
    private static func candidate(_ rank: Int, _ draws: [Int]) -> BudgetSelection.Candidate {
        BudgetSelection.Candidate(rank: rank, settings: [:], hmean: 0.9, bestDraws: draws)
    }

    @Test("the likeliest first, then what adds most; twins are never taken")
    func greedy() {
        let candidates = [
            Self.candidate(1, [0, 1, 2, 3]), Self.candidate(2, [0, 1, 2, 3]), Self.candidate(3, [3, 4]),
            Self.candidate(4, [5, 6, 2]), Self.candidate(5, [7]), Self.candidate(6, []),
        ]
        let choices = BudgetSelection(candidates, draws: 10, budget: 9).choices
        #expect(choices.map(\.candidate.rank) == [1, 4, 3, 5])
        #expect(choices.map(\.alone) == [0.4, 0.3, 0.2, 0.1])
        #expect(choices.map(\.added) == [0.4, 0.2, 0.1, 0.1])
        #expect(choices.map(\.together) == [0.4, 0.6, 0.7, 0.8])
        #expect(BudgetSelection(candidates, draws: 10, budget: 2).choices.map(\.candidate.rank) == [1, 4])
    }

    @Test("results.json says what the sweep found")
    func results() async throws {
        let random = RandomSweep(images: 6, seed: 72)
        let run = try SweepRun(
            SweepRunTests.configuration(
                "parameters: {thresh: {values: [0.25, 0.3, 0.35, 0.4]}, box_thresh: {values: [0.4, 0.45, 0.5, 0.55]}}"),
            maps: random.maps, truth: random.truth,
            options: SweepRunTests.leaderboard)
        let result = try await run.run(bootstrap: BootstrapOptions(draws: 200, seed: 5), width: 2)
        let candidates = result.ranked.map {
            BudgetSelection.Candidate(
                rank: $0.rank, settings: [:], hmean: $0.mean.hmean, bestDraws: $0.confidence?.bestDraws ?? [])
        }
        let expected = BudgetSelection(candidates, draws: 200, budget: 4)
        #expect(expected.choices.count > 1)
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/results.json"
            try AtomicFile.write(to: path) { try result.writeJSON($0) }
            let found = try BudgetSelection(resultsAt: path, budget: 4)
            #expect(found.choices.map(\.candidate.rank) == expected.choices.map(\.candidate.rank))
            #expect(found.choices.map(\.together) == expected.choices.map(\.together))
            // Together they hold the best in as many resamples as the sweep says, counted anew.
            let taken = Set(found.choices.map(\.candidate.rank))
            let covered = (0..<200).count { draw in
                result.ranked.contains { taken.contains($0.rank) && $0.confidence?.bestDraws.contains(draw) == true }
            }
            #expect(found.choices.last?.together == Double(covered) / 200)
        }
    }

    @Test(
        "what is no result of a resampled sweep is refused",
        arguments: [
            "{}", #"{"schema": 1, "points": []}"#, #"{"schema": 1, "bootstrap": 0, "points": []}"#,
            #"{"schema": 1, "bootstrap": 9, "points": [{"rank": 1}]}"#,
        ])
    func refusals(text: String) throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/results.json"
            try AtomicFile.write(text, to: path)
            let error = #expect(throws: SweepError.self) { try BudgetSelection(resultsAt: path, budget: 1) }
            #expect(error?.diagnosis.path == path)
        }
    }
}
