import Dataset
import Geometry
import Metrics
import Testing
import Core

/// What no one should write still gives defined figures.
@Suite struct DegenerateInputTests {
    static func word(_ points: [(Double, Double)], text: String? = "abc", isDontCare: Bool = false) -> Word {
        Word(
            id: "", polygon: Polygon(points.map { Point($0.0, $0.1) }), transcription: text, isDontCare: isDontCare)
    }

    static let plain = word([(10, 10), (90, 10), (90, 30), (10, 30)])

    static let oddCorners: [[(Double, Double)]] = [
        [], [(5, 5)], [(5, 5), (9, 9)], [(5, 5), (9, 9), (5, 9)], [(5, 5), (5, 5), (5, 5), (5, 5)],
        [(5, 5), (6, 6), (7, 7), (8, 8)], [(10, 10), (90, 30), (90, 10), (10, 30)],
        [(-1e9, -1e9), (1e9, -1e9), (1e9, 1e9), (-1e9, 1e9)], [(1e300, 0), (0, 1e300), (5, 5), (7, 1)],
        [(.infinity, 0), (0, 5), (5, 5), (7, 1)], [(.nan, .nan), (0, 5), (5, 5), (7, 1)],
        [(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)],
        [(10, 10), (90, 10), (90, 30), (10, 30), (10, 10), (90, 10), (90, 30), (10, 30)],
    ]

    /// 500 corners whose sides cross each other everywhere.
    static let tangle: [(Double, Double)] = (0..<500).map { index in
        let x = Double((index * 7919) % 97)
        let y = Double((index * 104729) % 89)
        return (50 + 40 * x / 97, 20 + y / 4)
    }

    static let odd: [Word] =
        oddCorners.map { word($0) } + [word(tangle), word([(10, 10), (90, 10), (90, 30), (10, 30)], text: "")]

    static let all = odd.indices.flatMap { index in MetricKind.allCases.map { (index, $0) } }

    static func isDefined(_ score: ImageScore) -> Bool {
        [score.rates.recall, score.rates.precision, score.rates.hmean].allSatisfy { $0 >= 0 && $0 <= 1 }
            && score.counts.truePositives <= score.counts.truth && score.misses <= score.truthBoxes
    }

    @Test(arguments: all) func oddTruthIsDefined(index: Int, metric: MetricKind) {
        for isDontCare in [false, true] {
            var odd = Self.odd[index]
            odd.isDontCare = isDontCare
            let image = ImageAnnotation(name: "a", words: [odd, Self.plain])
            let truth = ImageTruth(image, options: ScoringOptions(metric: metric))
            #expect(Self.isDefined(truth.score([])))
            #expect(Self.isDefined(truth.score([Self.plain])))
            #expect(Self.isDefined(truth.score([odd])))
            #expect(Self.isDefined(truth.score(Self.odd)))
        }
    }

    @Test(arguments: all) func oddDetectionsAreDefined(index: Int, metric: MetricKind) {
        let truth = ImageTruth(
            ImageAnnotation(name: "a", words: [Self.plain]), options: ScoringOptions(metric: metric))
        #expect(Self.isDefined(truth.score([Self.odd[index], Self.plain, Self.odd[index]])))
    }

    @Test(arguments: MetricKind.allCases) func aThousandEqualDetections(metric: MetricKind) {
        var options = ScoringOptions(metric: metric)
        let detections = [Word](repeating: Self.plain, count: 1000)
        let image = ImageAnnotation(name: "a", words: [Self.plain])
        let capped = ImageTruth(image, options: options).score(detections)
        options.maxDetections = nil
        let score = ImageTruth(image, options: options).score(detections)
        #expect(Self.isDefined(score) && Self.isDefined(capped))
        #expect(score.detections == 1000)
        #expect(capped.detections == (metric == .clevalLeaderboard ? 500 : 1000))
        let truths = ImageAnnotation(name: "a", words: [Word](repeating: Self.plain, count: 1000))
        let all = ImageTruth(truths, options: options).score(detections)
        #expect(Self.isDefined(all) && all.truthBoxes == 1000 && all.detections == 1000)
        if metric == .icdarIoU { #expect(score.falsePositives == 999) } else { #expect(score.splits == 1) }
    }

    @Test func nothingAgainstNothing() {
        for metric in MetricKind.allCases {
            let truth = ImageTruth(ImageAnnotation(name: "a"), options: ScoringOptions(metric: metric))
            // The ICDAR script calls an empty image with no detections perfect; CLEval gives it nothing.
            let isCLEval = metric == .clevalLeaderboard || metric == .clevalUpstream
            #expect(truth.score([]).rates.hmean == (isCLEval ? 0 : 1))
            #expect(truth.score([Self.plain]).rates.hmean == 0)
        }
    }

    @Test func aCollinearPolygonCountsAHundredCharacters() {
        let line = Self.word([(5, 5), (6, 6), (7, 7), (8, 8)])
        let options = ScoringOptions(metric: .clevalLeaderboard)
        #expect(ImageTruth(ImageAnnotation(name: "a", words: [line]), options: options).score([]).counts.truth == 100)
        let empty = ImageTruth(ImageAnnotation(name: "a"), options: options)
        #expect(empty.score([line]).counts.falsePositives == 100)
    }
}
