import Dataset
import Geometry
import Metrics
import TestSupport
import Testing

/// Groups of images, and that their scores are those of the images alone.
@Suite struct StrataTests {
    /// Image `i` has `i + 1` boxes of height `10 * (i + 1)`, one don't-care, and `5000 * (i + 1)` pixels.
    static func truth(_ count: Int) -> AnnotationSet {
        AnnotationSet(
            (0..<count).map { index in
                let height = Double(10 * (index + 1))
                var words = (0...index).map { row in
                    let top = Double(row) * 2 * height
                    let corners = [(0.0, top), (200, top), (200, top + height), (0, top + height)]
                    return Word(id: "\(row)", polygon: Polygon(corners.map { Point($0.0, $0.1) }))
                }
                words.append(Word(id: "x", polygon: words[0].polygon, isDontCare: true))
                return ImageAnnotation(
                    name: "\(index).jpg", width: 50, height: 100 * (index + 1), words: words)
            })
    }

    @Test(arguments: Strata.Figure.allCases) func quartilesOfEight(figure: Strata.Figure) throws {
        let groups = try Strata(figure, of: Self.truth(8)).groups
        #expect(groups.map(\.images) == [[0, 1], [2, 3], [4, 5], [6, 7]])
        let unit = [Strata.Figure.boxes: 1, .height: 10, .size: 5_000][figure] ?? 0
        #expect(groups.map(\.name) == [1, 3, 5, 7].map { "\($0 * unit) … \(($0 + 1) * unit)" })
    }

    @Test func equalFiguresStayTogether() throws {
        let images = Self.truth(3).images
        let same = AnnotationSet(
            (0..<9).map { index in
                var image = images[index < 7 ? 0 : 2]
                image.name = "\(index)"
                return image
            } + [ImageAnnotation(name: "empty")])
        let groups = try Strata(.height, of: same).groups
        #expect(groups.map(\.name) == ["10", "30", "none"])
        #expect(groups.map(\.images) == [Array(0..<7), [7, 8], [9]])
        #expect(throws: MetricsError.self) { try Strata(.size, of: same) }
    }

    @Test func labelsAndNumbersOfATable() {
        let truth = Self.truth(12)
        let names = truth.images.map(\.name)
        let labels = Dictionary(
            uniqueKeysWithValues: names.dropLast(2).enumerated().map { ($1, $0 % 2 == 0 ? "b" : "a") })
        let byLabel = Strata(values: labels, of: truth).groups
        #expect(byLabel.map(\.name) == ["a", "b", "none"])
        #expect(byLabel.map(\.images) == [[1, 3, 5, 7, 9], [0, 2, 4, 6, 8], [10, 11]])
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, "\(Double($0) / 2)") })
        #expect(Strata(values: numbers, of: truth).groups.map(\.name) == ["0 … 1", "1.5 … 2.5", "3 … 4", "4.5 … 5.5"])
    }

    @Test(arguments: MetricKind.allCases) func aPartIsTheScoreOfItsImagesAlone(metric: MetricKind) async throws {
        let truth = Self.truth(9)
        let predictions = AnnotationSet(
            truth.images.enumerated().map { index, image in
                ImageAnnotation(name: image.name, words: Array(image.words.dropFirst(index % 3)))
            })
        let options = ScoringOptions(metric: metric)
        let whole = try await scoreSet(truth: truth, predictions: predictions, options: options, width: 2)
        let strata = try Strata(.boxes, of: truth)
        let parts = strata.parts(of: whole, options: options)
        #expect(parts.count == 4)
        for (part, group) in zip(parts, strata.groups) {
            let alone = try await scoreSet(
                truth: AnnotationSet(group.images.map { truth.images[$0] }),
                predictions: AnnotationSet(group.images.map { predictions.images[$0] }), options: options, width: 1)
            #expect(part.name == group.name && part.score.mean == alone.mean && part.score.pooled == alone.pooled)
        }
        #expect(parts.reduce(0) { $0 + $1.score.counts.truth } == whole.counts.truth)
    }
}
