import Dataset
import Foundation
import Geometry
import Maps
import Metrics
import PostProc
import Submission
import Sweep

/// Larger data than the receipts: 400 images of about 110 boxes, and images of thousands.
///
/// The middles of two narrow receipts' maps side by side make one 960x960 map; which two is a matter of the image's
/// number. peers.py makes the same.
struct Dense: MapSource {
    let label = "dense"
    /// In the maps' pixels.
    let truth: AnnotationSet
    private let maps: [ImageMap]

    /// - Parameters:
    ///   - maps: of the receipts, all of one size.
    ///   - truth: of the receipts, in the maps' order.
    init(_ maps: [ImageMap], _ truth: AnnotationSet, images: Int) {
        let narrow = zip(maps, truth.images).filter { 2 * $0.0.imageWidth <= $0.0.imageHeight }
        let side = narrow[0].0.map.width
        let words = narrow.map { map, image in image.words.map { Self.inMap($0, map.inverse) } }
        self.maps = (0..<images).map { number in
            let (left, right) = Self.pair(number, of: narrow.count)
            var values: [Float] = []
            for y in 0..<side {
                let middle = y * side + side / 4..<y * side + side / 4 * 3
                values += narrow[left].0.map.values[middle] + narrow[right].0.map.values[middle]
            }
            return ImageMap(
                imageName: "\(number).jpg", imageWidth: side, imageHeight: side, inverse: .identity,
                map: ProbabilityMap(width: side, height: side, values: values))
        }
        self.truth = AnnotationSet(
            (0..<images).map { number in
                let (left, right) = Self.pair(number, of: narrow.count)
                let quarter = Double(side / 4)
                return ImageAnnotation(
                    name: "\(number).jpg", width: side, height: side,
                    words: words[left].map { Self.moved($0, byX: -quarter) }
                        + words[right].map { Self.moved($0, byX: quarter) })
            })
    }

    var imageNames: [String] { maps.map(\.imageName) }

    func fingerprint() -> String { label }

    func read(_ name: String) -> ImageMap { maps[Int(name.dropLast(4)) ?? 0] }

    private static func pair(_ number: Int, of count: Int) -> (Int, Int) {
        (number % count, (number * 7 + number / count + 1) % count)
    }

    private static func inMap(_ word: Word, _ inverse: MapToImageTransform) -> Word {
        var word = word
        word.polygon = Polygon(
            word.polygon.points.map {
                Point(($0.x - inverse.offsetX) / inverse.scaleX, ($0.y - inverse.offsetY) / inverse.scaleY)
            })
        return word
    }

    private static func moved(_ word: Word, byX x: Double) -> Word {
        var word = word
        word.polygon = Polygon(word.polygon.points.map { Point($0.x + x, $0.y) })
        return word
    }

    /// `copies` of an image's words in a row, `step` apart.
    static func tiled(_ words: [Word], copies: Int, step: Double) -> [Word] {
        (0..<copies).flatMap { copy in words.map { moved($0, byX: Double(copy) * step) } }
    }
}

extension Bench {
    /// What grows: boxes an image, images, points, draws.
    static func dense(_ maps: [ImageMap], _ truth: AnnotationSet) async throws {
        let options = ScoringOptions(metric: .clevalLeaderboard)
        let dense = Dense(maps, truth, images: 400)
        // The first image whose number of boxes is nearest 110.
        let found = try dense.imageNames.map { try detect(dense.read($0), options: settings(usePolygon: false)) }
        let nearest = found.indices.min { abs(found[$0].count - 110) < abs(found[$1].count - 110) } ?? 0
        let (map, annotation) = (dense.read("\(nearest).jpg"), dense.truth.images[nearest])
        for usePolygon in [false, true] {
            let settings = settings(usePolygon: usePolygon)
            let seconds = try best(of: 20) { _ = try detect(map, options: settings) }
            report("post-processing, \(usePolygon ? "polygons" : "quads"), \(found[nearest].count) boxes", seconds)
        }
        let words = annotation.words
        for metric in MetricKind.allCases {
            let options = ScoringOptions(metric: metric)
            let seconds = best(of: 20) { _ = ImageTruth(annotation, options: options).score(found[nearest]) }
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
