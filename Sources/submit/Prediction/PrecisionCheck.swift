import Augmentation
import Checkpoint
import Core
import DBHead
import Dataset
import Foundation
import Imaging
import Inference
import Maps
import Metrics
import PostProc
import Submission
import Sweep

/// A precision beside fp32 on the same images: maps, boxes and, with truth, the score with its interval.
struct PrecisionCheck {
    let checkpointPath: String
    let folder: ImageFolder
    let truth: String?
    let settings: Configuration
    let quiet: Bool

    /// Runs both networks over all images.
    ///
    /// - Throws: `CommandError` where the precision to check is fp32 itself; an image's errors.
    func run() async throws -> PrecisionTable {
        guard settings.precision != .fp32 else {
            throw CommandError(
                Diagnosis(
                    .usage, "--check-precision compares a precision with fp32", found: "precision fp32",
                    nextStep: "name the one to check, such as --precision bf16"))
        }
        var plain = settings
        plain.precision = .fp32
        let checkpoint = try Checkpoint(path: checkpointPath)
        let size = settings.size
        let averages = try [plain, settings].map { settings in
            let detector = try settings.detector(for: checkpoint)
            return ViewAverage(views: settings.tta, size: size) { input, batch, side, output in
                try detector.probabilityMap(input: input, batch: batch, height: side, width: side, output: output)
            }
        }
        // All candidates: what box_thresh leaves of them is a matter of their scores.
        var options = settings.resolvedPostprocess
        options.boxThresh = 0
        var progress = Progress("check", total: folder.names.count, quiet: quiet)
        var difference = PrecisionTable.Difference()
        var candidates: [[ImageAnnotation]] = [[], []]
        for (index, name) in folder.names.enumerated() {
            try Task.checkCancellation()
            let canvases = try ViewCanvases(
                ImageFile.decode(path: folder.path(of: name)), size: size, views: settings.tta)
            let (maps, letterbox) = (
                try averages.map { average in
                    var images = [canvases]
                    return try average.run(&images)[0]
                }, canvases.plain
            )
            difference.add(maps[0], maps[1], thresh: Float(options.thresh))
            for (position, map) in maps.enumerated() {
                let map = ImageMap(
                    imageName: name, imageWidth: letterbox.imageWidth, imageHeight: letterbox.imageHeight,
                    inverse: letterbox.inverse, map: ProbabilityMap(width: size, height: size, values: map))
                let words = try detect(map, options: options)
                candidates[position].append(
                    ImageAnnotation(name: name, width: map.imageWidth, height: map.imageHeight, words: words))
            }
            progress.update(index + 1)
        }
        progress.finish()
        return try await report(difference, candidates.map { AnnotationSet($0) })
    }

    private func report(_ difference: PrecisionTable.Difference, _ candidates: [AnnotationSet]) async throws
        -> PrecisionTable
    {
        let sets = Self.boxes(of: candidates, boxThresh: settings.postprocess.boxThresh)
        let width = settings.resolvedThreads
        let agreement = try await scoreSet(
            truth: sets[0], predictions: sets[1], options: ScoringOptions(metric: .clevalLeaderboard), width: width)
        let counts = sets.map { $0.images.reduce(0) { $0 + $1.words.count } }
        let equal = zip(sets[0].images, sets[1].images).reduce(0) { sum, pair in
            let polygons = Set(pair.0.words.map(\.polygon))
            return sum + pair.1.words.count { polygons.contains($0.polygon) }
        }
        return PrecisionTable(
            checkpointPath: checkpointPath, precision: settings.precision.rawValue,
            thresh: settings.postprocess.thresh, images: folder.names.count, difference: difference,
            plainBoxes: counts[0], boxes: counts[1], equalBoxes: equal, hmean: agreement.pooled.hmean,
            comparisons: try await comparisons(candidates, width))
    }

    private static func boxes(of candidates: [AnnotationSet], boxThresh: Double) -> [AnnotationSet] {
        candidates.map { set in
            AnnotationSet(
                set.images.map { image in
                    var image = image
                    image.words.removeAll { ($0.score ?? 1) < boxThresh }
                    return image
                })
        }
    }

    /// At the `box_thresh` of the settings and at the best one for fp32; none without truth.
    private func comparisons(
        _ candidates: [AnnotationSet], _ width: Int
    ) async throws -> [PrecisionTable.Comparison] {
        guard let truth = try commonTruth() else { return [] }
        let options = ScoringOptions(metric: .clevalLeaderboard)
        let steps = try await parallelMap(truth.images, width: width) { _, image in
            let words = candidates[0][image.name]?.words ?? []
            let pairs = ImageTruth(image, options: options).pairs(with: words)
            return ImageSteps(words.map { $0.score ?? 1 }, pairs)
        }
        let best = BoxThreshCurve(steps, options: options, target: .hmean).plateau.boxThresh
        var comparisons: [PrecisionTable.Comparison] = []
        for (boxThresh, isBest) in [(settings.postprocess.boxThresh, false), (best, true)] {
            let sets = Self.boxes(of: candidates, boxThresh: boxThresh)
            comparisons.append(
                .init(boxThresh: boxThresh, isBest: isBest, table: try await comparison(sets, truth, width)))
        }
        return comparisons
    }

    /// The truth of the images that were run.
    private func commonTruth() throws -> AnnotationSet? {
        guard let path = truth else { return nil }
        let all = try AnnotationFile.read(path: path)
        let names = Set(folder.names)
        let common = all.images.filter { names.contains($0.name) }
        guard !common.isEmpty else {
            throw MetricsError.nothingInCommon(truth: all.images.map(\.name), predictions: folder.names)
        }
        if common.count < max(all.images.count, names.count) {
            Terminal.note("\(common.count) images have truth and were run; these are scored", quiet: quiet)
        }
        return AnnotationSet(common)
    }

    private func comparison(
        _ sets: [AnnotationSet], _ truth: AnnotationSet, _ width: Int
    ) async throws -> ComparisonTable {
        var files: [ScoredFile] = []
        for (label, set) in zip(["fp32", settings.precision.rawValue], sets) {
            let score = try await scoreSet(
                truth: truth, predictions: set, options: ScoringOptions(metric: .clevalLeaderboard), width: width)
            files.append(ScoredFile(path: label, score: score, predictions: set, truth: truth))
        }
        return ComparisonTable(
            files, metric: .clevalLeaderboard, bootstrap: BootstrapOptions(draws: 2_000, seed: 0), moved: 5)
    }
}

extension PrecisionTable.Difference {
    fileprivate mutating func add(_ one: [Float], _ other: [Float], thresh: Float) {
        for (first, second) in zip(one, other) {
            let apart = abs(first - second)
            most = max(most, apart)
            sum += Double(apart)
            if (first > thresh) != (second > thresh) { crossing += 1 }
        }
        pixels += one.count
    }
}
