import Dataset
import Foundation
import Geometry
import Maps
import Metrics
import PostProc
import Submission
import Sweep

/// Larger data than the receipts: images of about 110 boxes, 400 of them, and images of thousands.
///
/// Two receipts side by side make an image of about 110 boxes; which two is a matter of the image's number.
struct Dense: MapSource {
    let label = "dense"
    let truth: AnnotationSet
    private let maps: [ImageMap]

    /// - Parameters:
    ///   - maps: of the receipts, all of one size.
    ///   - truth: of the receipts, in the maps' order.
    init(_ maps: [ImageMap], _ truth: AnnotationSet, images: Int) {
        self.maps = maps
        self.truth = AnnotationSet(
            (0..<images).map { number in
                let (left, right) = Self.pair(number, of: maps.count)
                let words =
                    truth.images[left].words
                    + truth.images[right].words.map { word in
                        Self.moved(word, byX: Double(maps[left].imageWidth), y: 0)
                    }
                return ImageAnnotation(
                    name: "\(number).jpg", width: maps[left].imageWidth + maps[right].imageWidth,
                    height: max(maps[left].imageHeight, maps[right].imageHeight), words: words)
            })
    }

    var imageNames: [String] { truth.images.map(\.name) }

    func fingerprint() -> String { label }

    /// Both maps in one, twice as wide, with a scale of one.
    func read(_ name: String) throws -> ImageMap {
        let number = Int(name.dropLast(4)) ?? 0
        let (left, right) = Self.pair(number, of: maps.count)
        let (width, height) = (maps[left].map.width, maps[left].map.height)
        var values = [Float](repeating: 0, count: 2 * width * height)
        for (side, map) in [maps[left], maps[right]].enumerated() {
            for y in 0..<height {
                let row = map.map.values[y * width..<(y + 1) * width]
                values.replaceSubrange((2 * y + side) * width..<(2 * y + side + 1) * width, with: row)
            }
        }
        return ImageMap(
            imageName: name, imageWidth: 2 * width, imageHeight: height, inverse: .identity,
            map: ProbabilityMap(width: 2 * width, height: height, values: values))
    }

    private static func pair(_ number: Int, of count: Int) -> (Int, Int) {
        (number % count, (number * 7 + number / count + 1) % count)
    }

    static func moved(_ word: Word, byX x: Double, y: Double) -> Word {
        var word = word
        word.polygon = Polygon(word.polygon.points.map { Point($0.x + x, $0.y + y) })
        return word
    }

    /// `copies` of an image's words in a row, `step` apart.
    static func tiled(_ words: [Word], copies: Int, step: Double) -> [Word] {
        (0..<copies).flatMap { copy in words.map { moved($0, byX: Double(copy) * step, y: 0) } }
    }
}

extension Bench {
    /// What grows: boxes an image, images, points, draws.
    static func dense(_ maps: [ImageMap], _ truth: AnnotationSet) async throws {
        let options = ScoringOptions(metric: .clevalLeaderboard)
        // The receipt whose number of boxes is nearest 110.
        let found = try maps.map { try detect($0, options: settings(usePolygon: false)) }
        let nearest = found.indices.min { abs(found[$0].count - 110) < abs(found[$1].count - 110) } ?? 0
        for usePolygon in [false, true] {
            let settings = settings(usePolygon: usePolygon)
            let seconds = try best(of: 20) { _ = try detect(maps[nearest], options: settings) }
            report("post-processing, \(usePolygon ? "polygons" : "quads"), \(found[nearest].count) boxes", seconds)
        }
        let words = truth.images[nearest].words
        for metric in MetricKind.allCases {
            let options = ScoringOptions(metric: metric)
            let seconds = best(of: 20) { _ = ImageTruth(truth.images[nearest], options: options).score(found[nearest]) }
            report("\(metric.rawValue), \(words.count) x \(found[nearest].count) boxes", seconds)
            let copies = 2_000 / words.count + 1
            let many = ImageAnnotation(name: "many", words: Dense.tiled(words, copies: copies, step: 5_000))
            let detections = Dense.tiled(found[nearest], copies: copies, step: 5_000)
            var unlimited = options
            unlimited.maxDetections = nil
            let all = best(of: 3) { _ = ImageTruth(many, options: unlimited).score(detections) }
            report("\(metric.rawValue), \(many.words.count) x \(detections.count) boxes", all)
        }

        let none = BootstrapOptions(draws: 0)
        let dense = Dense(maps, truth, images: 400)
        let wide = try SweepConfiguration(
            yaml: """
                parameters:
                  thresh: {min: 0.2, max: 0.29, distribution: q_uniform, q: 0.01}
                  box_unclip_ratio: {values: [1.3, 1.4, 1.5, 1.6, 1.7]}
                  max_candidates: {values: [100, 200, 500, 1000]}
                  box_thresh: {min: 0.3, max: 0.498, distribution: q_uniform, q: 0.002}
                """, path: "dense")
        let grid = try SweepConfiguration(contentsOf: "configs/sweeps/grid75.yaml")
        let thresholds = try SweepConfiguration(
            yaml: "parameters: {thresh: {values: [.20, .22, .24, .26, .28]}, box_thresh: {value: .22}}", path: "five")
        let receipts = Memory(maps)
        var grid75 = 0.0
        for (name, space, source, truth, draws) in [
            (
                "sweep, the grid's 5 thresholds once, \(maps.count) images", thresholds, receipts as any MapSource,
                truth, none
            ),
            ("sweep, 75 points, \(maps.count) images", grid, receipts, truth, none),
            ("sweep, 75 points, 400 images of 110 boxes", grid, dense, dense.truth, none),
            (
                "the same with 10,000 resamples", grid, dense, dense.truth, BootstrapOptions(draws: 10_000)
            ),
            ("sweep, \(wide.pointCount) points, 400 images of 110 boxes", wide, dense, dense.truth, none),
        ] {
            let run = try SweepRun(space, maps: source, truth: truth, options: options)
            let seconds = try await bestAsync(of: space.pointCount > 1_000 ? 1 : 3) {
                _ = try await run.run(bootstrap: draws, width: 2)
            }
            report(name, seconds)
            if space.pointCount > 1_000 {
                report("\(name), an added point", (seconds - grid75) / Double(space.pointCount - grid.pointCount))
            } else if draws.draws == 0 {
                grid75 = seconds
            }
        }
    }
}
