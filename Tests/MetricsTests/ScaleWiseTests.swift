import Core
import Dataset
import Geometry
import Metrics
import TestSupport
import Testing

/// Scores by the size of boxes against the package's `SCALE_WISE`.
@Suite struct ScaleWiseTests {
    /// What the package counts in a bin, and what `part` has in its place.
    static func expectEqual(_ part: ScorePart, _ bin: JSONObject) {
        let counts = part.score.counts
        let sums = [\ImageScore.splits, \.merges, \.overlaps]
            .map { count in part.score.images.reduce(0) { $0 + $1.score[keyPath: count] } }
        let found = [
            counts.truth, counts.detected, counts.truePositives, counts.falsePositives, sums[0], sums[1], sums[2],
            Int(counts.recallPenalty), Int(counts.precisionPenalty),
        ]
        let names = [
            "truth", "detected", "true_positives", "false_positives", "splits", "merges", "overlaps",
            "recall_penalty", "precision_penalty",
        ]
        #expect(found == names.map { bin[$0]?.int }, "scale \(part.name)")
    }

    static func quad(_ value: JSONValue) throws -> Polygon {
        let numbers = try #require(value.array).compactMap(\.number)
        return Polygon(stride(from: 0, to: 8, by: 2).map { Point(numbers[$0], numbers[$0 + 1]) })
    }

    @Test func drawnWordsCountAsInThePackage() async throws {
        let fixture = try #require(JSONValue(contentsOf: TestData.fixture("Metrics/scale_scenes.json")).object)
        let scenes = try #require(fixture["scenes"]?.array).compactMap(\.object)
        let truth = try scenes.enumerated().map { index, scene in
            let words = try #require(scene["truth"]?.array).enumerated().map { position, points in
                Word(
                    id: "", polygon: try Self.quad(points), transcription: scene["letters"]?.array?[position].string,
                    isDontCare: scene["dont_care"]?.array?[position].bool == true)
            }
            return ImageAnnotation(name: "\(index)", width: 1, height: scene["longer"]?.int, words: words)
        }
        let detections = try scenes.enumerated().map { index, scene in
            let words = try #require(scene["detections"]?.array).map { Word(id: "", polygon: try Self.quad($0)) }
            return ImageAnnotation(name: "\(index)", words: words)
        }
        let options = ScoringOptions(metric: .clevalUpstream)
        let parts = try await scoreScaleWise(
            truth: AnnotationSet(truth), predictions: AnnotationSet(detections), options: options, width: 2)
        let bins = try #require(fixture["bins"]?.array).compactMap(\.object)
        #expect(parts.count == 8 && bins.count == 8 && scenes.count == 60)
        for (part, bin) in zip(parts, bins) { Self.expectEqual(part, bin) }
        #expect(parts[7].score.images.isEmpty && parts[7].score.mean == .zero)
    }

    /// The package's own set; an image's longer side is the largest coordinate of its truth, since nobody knows its size
    /// (`make_scales.py gt_eval_doc_v1_kr.zip res_eval_doc_v1_kr.zip`).
    @Test(.enabled(if: TestData.shared != nil)) func thePackagesOwnSet() async throws {
        let truth = try PublishedFiguresTests.read("cleval/gt_eval_doc_v1_kr.zip", .quad, transcribed: true)
        let predictions = try PublishedFiguresTests.read("cleval/res_eval_doc_v1_kr.zip", .quad, transcribed: true)
        let sized = AnnotationSet(
            truth.images.map { image in
                var image = image
                let reach = image.words.flatMap(\.polygon.points).map { max($0.x, $0.y) }.max() ?? 1
                (image.width, image.height) = (Int(reach), 1)
                return image
            })
        let parts = try await scoreScaleWise(
            truth: sized, predictions: predictions, options: ScoringOptions(metric: .clevalUpstream), width: 2)
        let published = [
            [69, 108, 30, 78, 0, 0, 0, 0, 0], [556, 518, 433, 82, 4, 9, 3, 4, 11],
            [5272, 5330, 5146, 78, 62, 51, 106, 76, 127], [18666, 18669, 18441, 91, 136, 129, 137, 143, 194],
            [12286, 12203, 12049, 116, 65, 50, 38, 69, 58], [9649, 9650, 9511, 107, 58, 93, 32, 63, 99],
            [0, 78, 0, 78, 0, 0, 0, 0, 0], [0, 78, 0, 78, 0, 0, 0, 0, 0],
        ]
        let names = [
            "truth", "detected", "true_positives", "false_positives", "splits", "merges", "overlaps",
            "recall_penalty", "precision_penalty",
        ]
        for (part, figures) in zip(parts, published) {
            var bin = JSONObject()
            for (name, figure) in zip(names, figures) { bin[name] = .int(figure) }
            Self.expectEqual(part, bin)
        }
    }

    @Test func whatHasNoScale() async throws {
        let words = [MetricOptionsTests.word(from: 0, to: 100)]
        let unsized = AnnotationSet([ImageAnnotation(name: "a.jpg", words: words)])
        let sized = AnnotationSet([ImageAnnotation(name: "a.jpg", width: 100, height: 100, words: words)])
        await #expect(throws: MetricsError.self) {
            try await scoreScaleWise(
                truth: unsized, predictions: unsized, options: ScoringOptions(metric: .clevalLeaderboard), width: 1)
        }
        await #expect(throws: MetricsError.self) {
            try await scoreScaleWise(
                truth: sized, predictions: sized, options: ScoringOptions(metric: .icdarIoU), width: 1)
        }
    }
}
