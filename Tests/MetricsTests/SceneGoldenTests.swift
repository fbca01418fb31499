import Core
import Dataset
import Geometry
import Metrics
import TestSupport
import Testing

/// Random scenes, odd polygons among them, against the counts of the Python scorers.
@Suite struct SceneGoldenTests {
    @Test(arguments: [
        ("upstream_scenes", MetricKind.clevalUpstream, ScoringOptions.RatioPrecision.single),
        ("leaderboard_scenes", .clevalLeaderboard, .single),
        ("leaderboard_scenes_numpy1", .clevalLeaderboard, .double),
    ])
    func countsEqual(file: String, metric: MetricKind, precision: ScoringOptions.RatioPrecision) throws {
        let scenes = try #require(
            JSONValue(contentsOf: TestData.fixture("Metrics/\(file).json")).object?["scenes"]?.array)
        #expect(scenes.count == 250)
        for (index, scene) in scenes.enumerated() {
            let scene = try #require(scene.object)
            let options = try Self.options(scene, metric, precision)
            let (truth, detections) = Self.words(scene)
            let score = ImageTruth(truth, options: options).score(detections)
            let counts = score.counts
            let found = [
                Double(counts.truth), Double(counts.detected), Double(counts.truePositives),
                Double(counts.falsePositives), counts.recallPenalty, counts.precisionPenalty, Double(score.splits),
                Double(score.merges), Double(score.overlaps),
            ]
            #expect(found == scene["counts"]?.array?.compactMap(\.number), "scene \(index)")
            #expect(score.rates.hmean >= 0 && score.rates.hmean <= 1, "scene \(index)")
        }
    }

    static func options(
        _ scene: JSONObject, _ metric: MetricKind, _ precision: ScoringOptions.RatioPrecision
    ) throws -> ScoringOptions {
        let object = try #require(scene["options"]?.object)
        var options = ScoringOptions(metric: metric)
        options.honoursDontCares = true
        options.ratioPrecision = precision
        options.areaPrecisionConstraint = try #require(object["ap_constraint"]?.number)
        options.recallGranularityPenaltyWeight = try #require(object["recall_gran_penalty"]?.number)
        options.precisionGranularityPenaltyWeight = try #require(object["precision_gran_penalty"]?.number)
        options.verticalAspectRatioThreshold = try #require(object["vertical_aspect_ratio_thresh"]?.number)
        return options
    }

    static func words(_ scene: JSONObject) -> (truth: ImageAnnotation, detections: [Word]) {
        let letters = scene["letters"]?.array
        let dontCares = scene["dont_care"]?.array ?? []
        let truth = (scene["truth"]?.array ?? []).enumerated().map { index, points in
            Word(
                id: "\(index)", polygon: Scenes.polygon(points), transcription: letters?[index].string,
                isDontCare: dontCares[index].bool == true)
        }
        let detections = (scene["detections"]?.array ?? []).map { Word(id: "", polygon: Scenes.polygon($0)) }
        return (ImageAnnotation(name: "scene", words: truth), detections)
    }
}
