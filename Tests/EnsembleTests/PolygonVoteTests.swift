import Core
import Dataset
import Ensemble
import Geometry
import Testing

@Suite("Votes on polygons")
struct PolygonVoteTests {
    static func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Polygon {
        Polygon([Point(x, y), Point(x + width, y), Point(x + width, y + height), Point(x, y + height)])
    }

    static func source(_ words: [(Polygon, Double?)], image: String = "a.jpg") -> AnnotationSet {
        AnnotationSet([
            ImageAnnotation(
                name: image, words: words.enumerated().map { Word(id: "\($0)", polygon: $1.0, score: $1.1) })
        ])
    }

    static func vote(
        _ sources: [AnnotationSet], iou: Double = 0.5, weights: [Double]? = nil,
        representative: PolygonCombination.Representative = .medoid, width: Int = 1
    ) async throws -> PolygonCombination {
        try await PolygonCombination(
            sources: sources, method: .vote(iou: iou, representative: representative), weights: weights, width: width)
    }

    /// Sources that see the same boxes, each with its own shifts, misses and false alarms; all scores differ.
    static func folds(_ count: Int, images: Int, boxes: Int, seed: UInt64) -> [AnnotationSet] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            AnnotationSet(
                (0..<images).map { image in
                    let words = (0..<boxes).compactMap { box -> Word? in
                        guard Int.random(in: 0..<5, using: &generator) > 0 else { return nil }
                        let shift = { Double(Int.random(in: -6...6, using: &generator)) }
                        let x = Double(box % 10) * 90 + shift()
                        let y = Double(box / 10) * 30 + shift()
                        return Word(
                            id: "\(box)", polygon: Self.box(x, y, 70 + shift(), 20 + shift()),
                            score: Double.random(in: 0.3...1, using: &generator))
                    }
                    return ImageAnnotation(name: "\(image).jpg", words: words)
                })
        }
    }

    @Test("identical sources agree n of n and give their polygons in their order")
    func identical() async throws {
        // One polygon has no area, two are the same.
        let words: [(Polygon, Double?)] = [
            (Self.box(0, 300, 50, 20), 0.9), (Self.box(0, 10, 50, 20), 0.4), (Self.box(5, 5, 0, 0), 0.7),
            (Self.box(0, 300, 50, 20), 0.9), (Polygon([Point(100, 0), Point(150, 0), Point(120, 40)]), nil),
        ]
        let source = Self.source(words)
        #expect(source.unscoredWordCount == 1)
        for representative in PolygonCombination.Representative.allCases {
            let vote = try await Self.vote([source, source, source], iou: 1, representative: representative)
            #expect(vote.histogram == [0, 0, 5])
            let result = try vote.result(votes: 3)
            #expect(result.images[0].words.map(\.polygon) == words.map(\.0))
            #expect(result.images[0].words.map(\.id) == ["0001", "0002", "0003", "0004", "0005"])
            for (word, expected) in zip(result.images[0].words, words) {
                #expect(abs((word.score ?? 0) - (expected.1 ?? 1)) < 1e-12)
                #expect(word.extras["votes"] == 3)
            }
        }
    }

    @Test("the order of the sources changes nothing", arguments: [1, 2, 3] as [UInt64])
    func permutations(seed: UInt64) async throws {
        let folds = Self.folds(4, images: 3, boxes: 40, seed: seed)
        let weights = [1, 2, 0.5, 1.25]
        for representative in PolygonCombination.Representative.allCases {
            for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
                let straight = try await Self.vote(folds, weights: weights, representative: representative)
                let permuted = try await Self.vote(
                    order.map { folds[$0] },
                    weights: order.map { weights[$0] }, representative: representative)
                #expect(straight.histogram == permuted.histogram, "seed \(seed)")
                for votes in 1...4 {
                    let (a, b) = (try straight.result(votes: votes), try permuted.result(votes: votes))
                    #expect(a.images == b.images, "seed \(seed), order \(order), votes \(votes)")
                }
            }
        }
    }

    @Test("every detection is in one group, at most one a source", arguments: [4, 5] as [UInt64])
    func groups(seed: UInt64) async throws {
        let folds = Self.folds(5, images: 4, boxes: 50, seed: seed)
        let vote = try await Self.vote(folds, iou: 0.3)
        let detections = folds.reduce(0) { $0 + $1.wordCount }
        #expect(zip(1..., vote.histogram).reduce(0) { $0 + $1.0 * $1.1 } == detections, "seed \(seed)")
        #expect(vote.histogram[4] > 0)
        for votes in 1...5 {
            let expected = vote.histogram[(votes - 1)...].reduce(0, +)
            #expect(try vote.result(votes: votes).wordCount == expected)
        }
        let alone = try await Self.vote([folds[0]], iou: 0.01)
        #expect(alone.histogram == [folds[0].wordCount])
    }

    /// The rule as `VoteGrouping` states it, without an index: each group's score sum and founder.
    static func plainGroups(_ sources: [AnnotationSet], image: String, iou: Double) -> [(
        founder: Polygon, scores: [Double]
    )] {
        struct Entry { let source: Int, polygon: Polygon, score: Double }
        var free = sources.enumerated().flatMap { source, set in
            (set[image]?.words ?? []).map { Entry(source: source, polygon: $0.polygon, score: $0.score ?? 1) }
        }
        free.sort { $0.score > $1.score }
        var groups: [(founder: Polygon, scores: [Double])] = []
        while !free.isEmpty {
            let founder = free.removeFirst()
            var scores = [founder.score]
            for source in sources.indices where source != founder.source {
                let overlaps = free.indices.filter { free[$0].source == source }
                    .map { (position: $0, iou: founder.polygon.iou(with: free[$0].polygon)) }
                guard let best = overlaps.max(by: { $0.iou < $1.iou }), best.iou >= iou else { continue }
                scores.append(free.remove(at: best.position).score)
            }
            groups.append((founder.polygon, scores))
        }
        return groups
    }

    @Test("groups are those of the plain rule", arguments: [6, 7, 8] as [UInt64])
    func plainRule(seed: UInt64) async throws {
        let folds = Self.folds(4, images: 3, boxes: 60, seed: seed)
        for iou in [0.2, 0.5, 0.7] {
            let vote = try await Self.vote(folds, iou: iou, representative: .best)
            for image in try vote.result(votes: 1).images {
                let plain = Self.plainGroups(folds, image: image.name, iou: iou)
                // Founders are the representatives; each group has its votes and its score.
                func key(_ polygon: Polygon, _ votes: Int, _ score: Double) -> String {
                    "\(polygon) \(votes) \((score * 1e9).rounded())"
                }
                let expected = plain.map { key($0.founder, $0.scores.count, $0.scores.sorted(by: >).reduce(0, +) / 4) }
                let found = image.words.map { key($0.polygon, $0.extras["votes"]?.int ?? 0, $0.score ?? 0) }
                #expect(Set(found) == Set(expected) && found.count == expected.count, "seed \(seed), IoU \(iou)")
            }
        }
    }

    @Test("a chain is no group: the outer two of three do not meet")
    func chain() async throws {
        // Each step of 30 leaves IoU 70/130 = 0.54 with the next box and 40/160 = 0.25 with the one after.
        let sources = [
            Self.source([(Self.box(0, 0, 100, 10), 0.9)]), Self.source([(Self.box(30, 0, 100, 10), 0.8)]),
            Self.source([(Self.box(60, 0, 100, 10), 0.7)]),
        ]
        let vote = try await Self.vote(sources)
        #expect(vote.histogram == [1, 1, 0])
        // Founded from the middle, all three belong together.
        let middle = try await Self.vote([
            sources[0], Self.source([(Self.box(30, 0, 100, 10), 0.95)]), sources[2],
        ])
        #expect(middle.histogram == [0, 0, 1])
    }

    @Test("the best partner of a source joins, not its first or surest")
    func bestPartner() async throws {
        let vote = try await Self.vote([
            Self.source([(Self.box(0, 0, 100, 10), 0.9)]),
            Self.source([(Self.box(30, 0, 100, 10), 0.8), (Self.box(10, 0, 100, 10), 0.5)]),
        ])
        let pair = try vote.result(votes: 2).images[0].words
        #expect(pair.count == 1)
        #expect(abs((pair[0].score ?? 0) - (0.9 + 0.5) / 2) < 1e-12)
    }

    @Test("boxes that repeat, within a source too, are detections of their own", arguments: [1, 2] as [UInt64])
    func repeated(seed: UInt64) async throws {
        // Boxes of which there are few, so that most repeat; no two scores are the same.
        var generator = SeededGenerator(seed: seed)
        let sources = (0..<3).map { _ in
            Self.source(
                (0..<40).map { _ in
                    (
                        Self.box(
                            Double(Int.random(in: 0..<3, using: &generator)) * 15,
                            Double(Int.random(in: 0..<2, using: &generator)) * 4, 40, 10),
                        Double.random(in: 0.3...1, using: &generator)
                    )
                })
        }
        let plain = Self.plainGroups(sources, image: "a.jpg", iou: 0.5)
        let vote = try await Self.vote(sources, representative: .best)
        let words = try vote.result(votes: 1).images[0].words
        func key(_ polygon: Polygon, _ score: Double) -> String { "\(polygon) \((score * 1e9).rounded())" }
        let expected = plain.map { key($0.founder, $0.scores.sorted(by: >).reduce(0, +) / 3) }
        #expect(words.map { key($0.polygon, $0.score ?? 0) }.sorted() == expected.sorted() && words.count < 80)
        // Suppression: the best of all that is left stays, and all that it overlaps goes.
        var left = sources.flatMap { $0.images[0].words }.sorted { ($0.score ?? 0) > ($1.score ?? 0) }
        var best: [Double?] = []
        while let first = left.first {
            best.append(first.score)
            left.removeAll { $0.polygon.iou(with: first.polygon) > 0.5 }
        }
        let suppressed = try await PolygonCombination(sources: sources, method: .nms(iou: 0.5)).result()
        #expect(Set(suppressed.images[0].words.map(\.score)) == Set(best) && suppressed.wordCount == best.count)
    }

    @Test("IoU is the polygons', not their bounding boxes'")
    func polygonsNotBoxes() async throws {
        // Two diagonal bars that cross: the boxes are the same, the bars share a seventh.
        let rising = Polygon([Point(0, 90), Point(10, 100), Point(100, 10), Point(90, 0)])
        let falling = Polygon([Point(10, 0), Point(0, 10), Point(90, 100), Point(100, 90)])
        let vote = try await Self.vote([Self.source([(rising, 0.9)]), Self.source([(falling, 0.8)])])
        #expect(vote.histogram == [2, 0])
    }

    @Test("a weighted mean of scores over all sources, silent ones too")
    func scores() async throws {
        let vote = try await Self.vote(
            [
                Self.source([(Self.box(0, 0, 50, 10), 0.8)]), Self.source([(Self.box(0, 0, 50, 10), 0.5)]),
                Self.source([]),
            ], weights: [3, 1, 4])
        let word = try vote.result(votes: 2).images[0].words[0]
        #expect(abs((word.score ?? 0) - (3 * 0.8 + 1 * 0.5) / 8) < 1e-12)
    }

    @Test("the mean matches corners whatever corner and sense a quad starts with")
    func mean() async throws {
        let a = Self.box(0, 0, 100, 20)
        let turned = Polygon([Point(104, 22), Point(4, 22), Point(4, 2), Point(104, 2)])
        let flipped = Polygon([Point(1, 21), Point(101, 21), Point(101, 1), Point(1, 1)])
        let vote = try await Self.vote(
            [Self.source([(a, 0.5)]), Self.source([(turned, 0.6)]), Self.source([(flipped, 0.7)])],
            representative: .mean)
        let polygon = try vote.result(votes: 3).images[0].words[0].polygon
        // (0 + 4 + 1) / 3 = 1.67 and (0 + 2 + 1) / 3 = 1, and the size stays.
        #expect(Set(polygon.points) == [Point(2, 1), Point(102, 1), Point(102, 21), Point(2, 21)])
        #expect(polygon.area == 2000)
        #expect(vote.fallbacks == 0)
    }

    @Test("polygons of other than four corners are averaged along the arc")
    func meanOfPolygons() async throws {
        let hexagon = { (x: Double) in
            Polygon([
                Point(x, 0), Point(x + 50, 0), Point(x + 100, 0), Point(x + 100, 20), Point(x + 50, 20), Point(x, 20),
            ])
        }
        let vote = try await Self.vote(
            [Self.source([(hexagon(0), 0.5)]), Self.source([(Self.box(10, 0, 100, 20), 0.4)])],
            representative: .mean)
        #expect(vote.fallbacks == 0)
        #expect(vote.shrinkage().shrunken == 0)
        let mean = try vote.result(votes: 2).images[0].words[0].polygon
        #expect(mean.points.count == 32)
        #expect(mean.iou(with: Self.box(5, 0, 100, 20)) > 0.95)
    }

    @Test("the union covers all members, and identical ones give themselves")
    func union() async throws {
        let sources = [0.0, 10, 20].map { Self.source([(Self.box($0, 0, 100, 20), 0.5)]) }
        let vote = try await Self.vote(sources, representative: .union)
        #expect(vote.fallbacks == 0)
        let polygon = try vote.result(votes: 3).images[0].words[0].polygon
        #expect(polygon.area == 2400)
        #expect(polygon.boundingBox == Self.box(0, 0, 120, 20).boundingBox)
    }

    @Test("a polygon below 80% of its members' median area is counted")
    func shrunken() async throws {
        let sources = [(10.0, 0.9), (16, 0.5), (16, 0.4)].map { Self.source([(Self.box(0, 0, 100, $0.0), $0.1)]) }
        for (representative, expected) in [(PolygonCombination.Representative.best, 1), (.medoid, 0)] {
            let vote = try await Self.vote(sources, representative: representative)
            #expect(vote.shrinkage().shrunken == expected)
        }
    }

    @Test("the medoid is the member nearest to all")
    func medoid() async throws {
        let sources = [0.0, 10, 12].enumerated().map {
            Self.source([(Self.box($1, 0, 100, 20), 0.9 - 0.1 * Double($0))])
        }
        let medoid = try await Self.vote(sources).result(votes: 3)
        #expect(medoid.images[0].words[0].polygon == Self.box(10, 0, 100, 20))
        let best = try await Self.vote(sources, representative: .best).result(votes: 3)
        #expect(best.images[0].words[0].polygon == Self.box(0, 0, 100, 20))
    }

    @Test("of two the medoid is the one of more weight, at equal weights the surer")
    func medoidOfTwo() async throws {
        let sources = [Self.source([(Self.box(0, 0, 100, 20), 0.9)]), Self.source([(Self.box(9, 0, 100, 20), 0.8)])]
        for (weights, x) in [([1.0, 1.0], 0.0), ([1, 3], 9), ([3, 1], 0)] {
            let vote = try await Self.vote(sources, weights: weights)
            #expect(try vote.result(votes: 2).images[0].words[0].polygon == Self.box(x, 0, 100, 20))
        }
    }

    @Test("images that a source lacks are named, and the others still vote")
    func missingImages() async throws {
        let both = AnnotationSet([
            ImageAnnotation(name: "a.jpg", width: 7, height: 9, words: [Word(id: "1", polygon: Self.box(0, 0, 9, 9))]),
            ImageAnnotation(name: "b.jpg", words: [Word(id: "1", polygon: Self.box(0, 0, 9, 9))]),
        ])
        let one = AnnotationSet([
            ImageAnnotation(name: "b.jpg", words: [Word(id: "1", polygon: Self.box(0, 0, 9, 9))]),
            ImageAnnotation(name: "c.jpg"),
        ])
        let vote = try await Self.vote([one, both])
        #expect(vote.missingImages == [["a.jpg"], ["c.jpg"]])
        #expect(vote.histogram == [1, 1])
        let result = try vote.result(votes: 1)
        #expect(result.images.map(\.name) == ["b.jpg", "c.jpg", "a.jpg"])
        #expect(result["a.jpg"]?.width == 7)
        #expect(try vote.result(votes: 2).images.map(\.words.count) == [1, 0, 0])
    }

    @Test("the number of threads changes nothing")
    func threads() async throws {
        let folds = Self.folds(5, images: 20, boxes: 30, seed: 9)
        let one = try await Self.vote(folds, width: 1)
        let many = try await Self.vote(folds, width: 7)
        #expect(try one.result(votes: 2) == many.result(votes: 2))
    }

    @Test("bad options are refused")
    func badOptions() async throws {
        let source = Self.source([(Self.box(0, 0, 9, 9), 0.5)])
        await #expect(throws: EnsembleError.self) { try await Self.vote([]) }
        for iou in [0, -1, 1.01, .nan] {
            await #expect(throws: EnsembleError.self) {
                try await Self.vote([source], iou: iou)
            }
        }
        for weights in [[], [1, 1], [0], [-1], [.nan], [.infinity]] as [[Double]] {
            await #expect(throws: EnsembleError.self) {
                try await Self.vote([source], weights: weights)
            }
        }
        await #expect(throws: EnsembleError.self) {
            try await Self.vote([Self.source([(Self.box(0, 0, 9, 9), .nan)])])
        }
        let vote = try await Self.vote([source])
        #expect(throws: EnsembleError.self) { try vote.result(votes: 0) }
        #expect(throws: EnsembleError.self) { try vote.result(votes: 2) }
    }
}
