import Metrics
import Sweep
import TestSupport
import Testing

/// The sweep's intervals and chances against each point scored and resampled by itself.
@Suite("Sweep confidence")
struct SweepConfidenceTests {
    @Test("equals points resampled one by one", arguments: SweepConfiguration.Target.allCases)
    func bruteForce(target: SweepConfiguration.Target) async throws {
        let random = RandomSweep(images: 7, seed: 5)
        // More points than are resampled side by side.
        var configuration = try SweepRunTests.configuration(
            "method: random\nrun_cap: 150\nparameters:\n  thresh: {min: 0.2, max: 0.5}\n  box_thresh: {min: 0.2, max: 0.7}"
        )
        configuration.target = target
        let bootstrap = BootstrapOptions(draws: 60, seed: 3)
        let options = SweepRunTests.leaderboard
        let result = try await SweepRun(configuration, maps: random.maps, truth: random.truth, options: options)
            .run(bootstrap: bootstrap, width: 2)
        var rates: [[ClosedRange<Double>]] = []
        let values = try result.ranked.map { point in
            let score = try SweepRunTests.alone(point.setting, random, options).0
            let rows = score.images.map {
                [$1.rates.recall, $1.rates.precision, $1.rates.hmean] + $1.counts.resampled(options.metric)
            }
            let drawn = Bootstrap(rows: rows, draws: bootstrap.draws, seed: bootstrap.seed)
            rates.append((0..<3).map { drawn.interval(of: $0) })
            return (0..<bootstrap.draws).map { draw in
                let pooled = Rates { drawn.mean(of: 3 + $0, in: draw) }
                return switch target {
                case .recall: drawn.mean(of: 0, in: draw)
                case .precision: drawn.mean(of: 1, in: draw)
                case .hmean: drawn.mean(of: 2, in: draw)
                case .pooledRecall: pooled.recall
                case .pooledPrecision: pooled.precision
                case .pooledHmean: pooled.hmean
                }
            }
        }
        for ((point, drawn), rates) in zip(zip(result.ranked, values), rates) {
            let confidence = try #require(point.confidence)
            #expect([confidence.rates.recall, confidence.rates.precision, confidence.rates.hmean] == rates)
            #expect(confidence.interval == Bootstrap.interval(of: drawn))
            #expect(confidence.difference == Bootstrap.interval(of: zip(drawn, values[0]).map { $0 - $1 }))
            let wins = drawn.indices.count { draw in values.allSatisfy { $0[draw] <= drawn[draw] } }
            #expect(confidence.chance == Double(wins) / 60)
        }
        #expect(result.ranked.contains { $0.confidence?.isSeparable == true })
        #expect(result.ranked.count { ($0.confidence?.chance ?? 0) > 0 } > 1)
    }

    @Test("is left out where no draws are asked for, and does not depend on the width")
    func draws() async throws {
        let random = RandomSweep(seed: 6)
        let run = try SweepRun(
            SweepRunTests.configuration(SweepRunTests.grid), maps: random.maps, truth: random.truth,
            options: SweepRunTests.leaderboard)
        let without = try await run.run(bootstrap: BootstrapOptions(draws: 0), width: 2)
        #expect(without.ranked.allSatisfy { $0.confidence == nil })
        #expect(try await run.run(width: 1).json() == run.run(width: 3).json())
    }
}
