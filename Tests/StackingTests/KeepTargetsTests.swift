import Core
import Dataset
import Geometry
import Metrics
import Stacking
import Testing

/// Which candidates are worth keeping.
@Suite struct KeepTargetsTests {
    static func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Polygon {
        Polygon([Point(x, y), Point(x + width, y), Point(x + width, y + height), Point(x, y + height)])
    }

    /// Both boxes of a word match it; only one of them is worth keeping, and where nothing is no box is.
    @Test(arguments: [MetricKind.clevalLeaderboard, .icdarIoU]) func oneBoxAWord(metric: MetricKind) {
        let truth = [Self.box(10, 10, 80, 20), Self.box(10, 60, 80, 20)]
        let found = [
            (Self.box(11, 10, 80, 20), 0.9), (Self.box(9, 11, 80, 20), 0.6), (Self.box(10, 61, 80, 20), 0.7),
            (Self.box(200, 200, 60, 20), 0.8),
        ]
        let image = ImageTruth(
            ImageAnnotation(name: "x", words: truth.map { Word(id: "", polygon: $0) }),
            options: ScoringOptions(metric: metric))
        let pairs = image.pairs(with: found.map { Word(id: "", polygon: $0.0) })
        let targets = KeepTargets(pairs, scores: found.map(\.1))
        #expect(targets.isKept == [true, false, true, false])
        #expect(targets.weights.allSatisfy { $0 > 0 })
        // Losing a word costs more than a second box on one.
        #expect(targets.weights[2] > targets.weights[1])
    }

    /// On random images: no single change raises H, the weights are what changes cost, and among few candidates no other
    /// choice of all 2^n is better by more than a local optimum may miss.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func noSingleChangeRaisesH(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func number(_ limit: Int) -> Double { Double(generator.next() % UInt64(limit)) }
        let truth = (0..<5).map { Word(id: "\($0)", polygon: Self.box(10, 30 * Double($0), 60 + number(60), 20)) }
        let found = (0..<9).map { index in
            let y = 30 * Double(index % 6) + number(5)
            return Word(id: "", polygon: Self.box(5 + number(40), y, 30 + number(70), 20), score: number(100) / 100)
        }
        let pairs = ImageTruth(
            ImageAnnotation(name: "x", words: truth), options: ScoringOptions(metric: .clevalLeaderboard)
        ).pairs(with: found)
        let targets = KeepTargets(pairs, scores: found.map { $0.score ?? 0 })
        func hmean(_ kept: [Bool]) -> Double { pairs.score(keeping: kept.indices.filter { kept[$0] }).rates.hmean }
        let best = hmean(targets.isKept)
        for index in found.indices {
            var changed = targets.isKept
            changed[index].toggle()
            #expect(hmean(changed) <= best, "seed \(seed)")
            #expect(targets.weights[index] == best - hmean(changed), "seed \(seed)")
        }
        let highest =
            (0..<(1 << found.count)).map { bits in
                hmean(found.indices.map { bits >> $0 & 1 == 1 })
            }.max() ?? 0
        #expect(best > 0 && best <= highest && best >= hmean(found.map { _ in true }), "seed \(seed)")
    }
}
