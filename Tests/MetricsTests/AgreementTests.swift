import Dataset
import Geometry
import Metrics
import Testing

/// Agreement of predictions without truth.
@Suite struct AgreementTests {
    private static let options = ScoringOptions(metric: .clevalLeaderboard)

    /// Three images of ten boxes; `dropped` of each are left out, and all moved by `shift` pixels.
    private static func set(dropped: Int = 0, shift: Double = 0) -> AnnotationSet {
        AnnotationSet(
            (0..<3).map { image in
                let words = (dropped..<10).map { row in
                    let (x, y) = (10 + shift, Double(30 * row + 10 * image))
                    let corners = [Point(x, y), Point(x + 100, y), Point(x + 100, y + 20), Point(x, y + 20)]
                    return Word(id: "\(row)", polygon: Polygon(corners))
                }
                return ImageAnnotation(name: "\(image).jpg", words: words)
            })
    }

    @Test func isTheMeanOfBothDirections() async throws {
        let sets = [Self.set(), Self.set(dropped: 4), Self.set(shift: 400)]
        let agreement = try await Agreement(sets, options: Self.options, width: 2)
        for (first, second) in [(0, 1), (0, 2), (1, 2)] {
            let forth = try await scoreSet(
                truth: sets[first], predictions: sets[second], options: Self.options, width: 1)
            let back = try await scoreSet(
                truth: sets[second], predictions: sets[first], options: Self.options, width: 1)
            #expect(agreement.hmean[first][second] == (forth.mean.hmean + back.mean.hmean) / 2)
            #expect(agreement.hmean[second][first] == agreement.hmean[first][second])
            #expect(agreement.identical[first][second] == 0)
        }
        #expect(agreement.hmean[0][0] == 1 && agreement.hmean[0][2] == 0)
        #expect(agreement.hmean[0][1] > 0.6 && agreement.hmean[0][1] < 0.9)
        #expect(agreement.mean(of: 0) == agreement.hmean[0][1] / 2)
        #expect(agreement.nearDuplicates.isEmpty)
    }

    @Test func namesNearDuplicates() async throws {
        let shuffled = AnnotationSet(
            Self.set().images.map { ImageAnnotation(name: $0.name, words: $0.words.reversed()) })
        let agreement = try await Agreement(
            [Self.set(), Self.set(dropped: 5), shuffled], options: Self.options, width: 1)
        #expect(agreement.nearDuplicates.count == 1 && agreement.nearDuplicates[0] == (0, 2))
        #expect(agreement.identical[0][2] == 1)
    }

    @Test func setsWithoutACommonImageAreAnError() async throws {
        var other = Self.set()
        other = AnnotationSet(other.images.map { ImageAnnotation(name: "x" + $0.name, words: $0.words) })
        await #expect(throws: MetricsError.self) {
            try await Agreement([Self.set(), other], options: Self.options, width: 1)
        }
    }
}
