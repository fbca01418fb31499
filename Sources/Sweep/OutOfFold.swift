import Core
import Dataset
import Metrics
import PostProc

/// The honest figure of a sweep: each fold's images are scored at the setting that the other folds choose.
public struct OutOfFold: Sendable {
    /// One fold held out.
    public struct Fold: Sendable {
        /// The fold's file.
        public let name: String
        /// How many images it has.
        public let imageCount: Int
        /// The best setting on the images of the other folds.
        public let setting: Setting
        /// That setting's means on the images of the other folds, which chose it.
        public let chosen: Rates
        /// Its pooled figures on those.
        public let chosenPooled: Rates
        /// Its means on this fold's images, which did not.
        public let heldOut: Rates
        /// Its pooled figures on those.
        public let heldOutPooled: Rates
    }

    /// In the order given.
    public let folds: [Fold]
    /// All images, each scored at its fold's setting.
    public let honest: SetScore
    /// The best setting on all images, scored on the same images.
    public let optimistic: SweepResult.Scored
    /// The parameters that the sweep turns.
    public let sweptParameters: [Parameter]

    /// `{"honest": {"mean", "pooled"}, "optimistic": {…}, "folds": [{"name", "images", "settings", "chosen",
    /// "chosen_pooled", "held_out", "held_out_pooled"}]}`.
    public var json: JSONValue {
        [
            "honest": ["mean": SweepResult.json(honest.mean), "pooled": SweepResult.json(honest.pooled)],
            "optimistic": ["mean": SweepResult.json(optimistic.mean), "pooled": SweepResult.json(optimistic.pooled)],
            "folds": .array(
                folds.map { fold in
                    var settings = JSONObject()
                    for parameter in sweptParameters { settings[parameter.rawValue] = fold.setting[parameter] }
                    return [
                        "name": .string(fold.name), "images": .int(fold.imageCount), "settings": .object(settings),
                        "chosen": SweepResult.json(fold.chosen),
                        "chosen_pooled": SweepResult.json(fold.chosenPooled),
                        "held_out": SweepResult.json(fold.heldOut),
                        "held_out_pooled": SweepResult.json(fold.heldOutPooled),
                    ]
                }),
        ]
    }
}

extension SweepRun {
    /// Chooses on all folds but one and scores on that one, for each.
    ///
    /// - Parameters:
    ///   - folds: names and images; each image that is scored is in one of them.
    ///   - result: this run's own.
    ///   - progress: called with the number of folds done, for display.
    /// - Throws: `SweepError` (65) where folds share an image, leave one out, or have none that is scored; errors of the
    ///   maps.
    public func outOfFold(
        _ folds: [(name: String, images: [String])], result: SweepResult, width: Int, progress: (Int) -> Void = { _ in }
    ) async throws -> OutOfFold {
        let images = try FoldImages.checked(folds, imageNames: imageNames, label: maps.label)
        guard let optimistic = result.ranked.first else {
            throw SweepError.badData("no point has a score to choose by", path: maps.label)
        }
        var found: [OutOfFold.Fold] = []
        var scores: [String: ImageScore] = [:]
        for (position, fold) in folds.enumerated() {
            let held = Set(images[position])
            let others = AnnotationSet(truth.images.filter { imageNames.contains($0.name) && !held.contains($0.name) })
            let chosen = try await SweepRun(
                configuration, base: base, maps: maps, truth: others, options: options, onlyCommonImages: true
            ).run(bootstrap: BootstrapOptions(draws: 0), width: width)
            guard let best = chosen.ranked.first else {
                throw SweepError.badData("no point has a score to choose by", path: fold.name)
            }
            let heldScores = try await self.scores(images[position], at: best.setting, width: width)
            for image in heldScores { scores[image.name] = image.score }
            let heldOut = SetScore(images: heldScores, options: options)
            found.append(
                OutOfFold.Fold(
                    name: fold.name, imageCount: heldScores.count, setting: best.setting, chosen: best.mean,
                    chosenPooled: best.pooled, heldOut: heldOut.mean, heldOutPooled: heldOut.pooled))
            progress(position + 1)
        }
        let all = imageNames.compactMap { name in scores[name].map { (name: name, score: $0) } }
        return OutOfFold(
            folds: found, honest: SetScore(images: all, options: options), optimistic: optimistic,
            sweptParameters: result.sweptParameters)
    }

    private func scores(
        _ names: [String], at setting: Setting, width: Int
    ) async throws -> [(name: String, score: ImageScore)] {
        let (maps, truth, options, settings) = (maps, truth, options, setting.resolved)
        return try await parallelMap(names, width: width) { _, name in
            let image = ImageTruth(truth[name] ?? ImageAnnotation(name: name), options: options)
            return (name: name, score: image.score(try detect(maps.read(name), options: settings)))
        }
    }
}
