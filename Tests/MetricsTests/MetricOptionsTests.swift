import Dataset
import Geometry
import Metrics
import Testing

/// What options change, on scenes small enough to reckon by hand.
@Suite struct MetricOptionsTests {
    static func word(from left: Double, to right: Double, _ text: String? = nil) -> Word {
        Word(
            id: "",
            polygon: Polygon([Point(left, 0), Point(right, 0), Point(right, 20), Point(left, 20)]),
            transcription: text, isDontCare: false)
    }

    static func score(_ truth: [Word], _ detections: [Word], _ options: ScoringOptions) throws
        -> ImageScore
    {
        try options.validate()
        return ImageTruth(ImageAnnotation(name: "a.jpg", words: truth), options: options).score(
            detections)
    }

    /// The first truth box takes the detection that is the only one for the second.
    @Test func maxMatchingFindsWhatGreedyLoses() throws {
        let truth = [Self.word(from: 40, to: 140), Self.word(from: 60, to: 160)]
        let detections = [Self.word(from: 50, to: 150), Self.word(from: 20, to: 120)]
        var options = ScoringOptions(metric: .icdarIoU)
        #expect(try Self.score(truth, detections, options).counts.truePositives == 1)
        options.maxMatching = true
        #expect(try Self.score(truth, detections, options).counts.truePositives == 2)
        #expect(try Self.score(truth, detections.reversed(), options).counts.truePositives == 2)
        #expect(try Self.score(truth, [detections[0]], options).counts.truePositives == 1)
    }

    @Test func caseCountsUnlessSwitchedOff() throws {
        let truth = [Self.word(from: 40, to: 140, "Total")]
        let detections = [Self.word(from: 40, to: 140, "TOTAl")]
        var options = ScoringOptions(metric: .clevalUpstream)
        options.endToEnd = true
        #expect(try Self.score(truth, detections, options).counts.truePositives == 2)
        options.caseSensitive = false
        #expect(try Self.score(truth, detections, options).counts.truePositives == 5)
    }

    @Test func endToEndIsOfThePackageOnly() {
        var options = ScoringOptions(metric: .icdarIoU)
        options.endToEnd = true
        #expect(throws: MetricsError.self) { try options.validate() }
    }
}
