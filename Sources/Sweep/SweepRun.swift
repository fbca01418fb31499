import Core
import Dataset
import Maps
import Metrics
import Submission

/// Sweeps over post-processing: every point of a search space scored from the maps on disk, exactly, with the work that
/// points share done once.
///
/// The flow: `SweepConfiguration` (YAML) gives the points, `SweepRun` scores them, `SweepResult` ranks them and writes
/// `results.csv` and `results.json`, `CandidateFiles` writes the best ones' submissions.
///
/// Each map is read once. Contours, candidates and polygons are found once for each (thresh, form, unclip ratio,
/// minimum size); `box_thresh` and `max_candidates` choose among the candidates, and each distinct choice is scored
/// once an image. Memory: each image's distinct scores, of which its boxes bound the number; a point takes its figures
/// and intervals.
public struct SweepRun: Sendable {
    /// The points, in the order of the configuration; a point's trial number is its place here, from 1.
    public let points: SweepPoints
    /// The images that are scored, in the truth's order.
    public let imageNames: [String]
    /// What is worth saying before the run: keys read over, repeated points, maps without truth.
    public let notes: [String]

    let configuration: SweepConfiguration
    let base: Setting
    let maps: any MapSource
    let truth: AnnotationSet
    let options: ScoringOptions
    private let groups: PointGroups

    /// A sweep of `maps` against `truth`.
    ///
    /// - Parameters:
    ///   - configuration: the search space.
    ///   - base: the values of parameters that the configuration does not name.
    ///   - onlyCommonImages: score the images that have both truth and map. By default an image of the truth without a
    ///     map is an error: a score over a part of the truth is another number.
    /// - Throws: `SweepError`: a space without a point (78), truth and maps without a common image, or images of the
    ///   truth without a map (65).
    public init(
        _ configuration: SweepConfiguration, base: Setting = Setting(), maps: any MapSource, truth: AnnotationSet,
        options: ScoringOptions, onlyCommonImages: Bool = false
    ) throws {
        self.configuration = configuration
        self.base = base
        self.maps = maps
        self.truth = truth
        self.options = options
        points = try configuration.points(base: base)
        groups = PointGroups(points)
        imageNames = try Self.commonImages(maps, truth, onlyCommonImages: onlyCommonImages)

        var notes: [String] = []
        if !configuration.ignoredKeys.isEmpty {
            notes.append("keys of W&B that mean nothing here: \(configuration.ignoredKeys.joined(separator: ", "))")
        }
        if points.omitted > 0 {
            notes.append("run_cap keeps the first \(points.count) of \(points.count + points.omitted) points")
        }
        if points.repeated > 0 { notes.append("\(points.repeated) points repeat others and are tried once") }
        let unused = maps.imageNames.count - imageNames.count
        if unused > 0 { notes.append("\(unused) maps have no truth and are not scored") }
        let missing = truth.images.count - imageNames.count
        if missing > 0 { notes.append("\(missing) images of the truth have no map and are not scored") }
        self.notes = notes
    }

    private static func commonImages(_ maps: any MapSource, _ truth: AnnotationSet, onlyCommonImages: Bool) throws
        -> [String]
    {
        let present = Set(maps.imageNames)
        let names = truth.images.map(\.name)
        let common = names.filter(present.contains)
        guard !common.isEmpty else {
            throw SweepError.badData(
                "the truth names no image of the maps", path: maps.label, found: examples(maps.imageNames),
                expected: examples(names), nextStep: "check that both are of the same images")
        }
        let missing = names.filter { !present.contains($0) }
        guard missing.isEmpty || onlyCommonImages else {
            throw SweepError.badData(
                "\(missing.count) of \(names.count) images of the truth have no map", path: maps.label,
                found: "no map of \(examples(missing, limit: 10))", expected: "a map for each image of the truth",
                nextStep: "predict the rest, or pass --only-common-images to score the others")
        }
        return common
    }

    private static func examples(_ names: [String], limit: Int = 3) -> String {
        names.isEmpty ? "no images" : names.prefix(limit).joined(separator: ", ") + (names.count > limit ? ", …" : "")
    }

    /// Scores all points.
    ///
    /// - Parameters:
    ///   - bootstrap: how intervals are drawn.
    ///   - journal: where finished images are kept, so that the same sweep started again goes on; nil keeps none.
    ///   - replacesJournal: whether a journal of another sweep is started anew, rather than refused.
    ///   - width: how many images are worked on side by side; the result does not depend on it.
    ///   - progress: called with the number of images done, for display.
    /// - Returns: the ranked points; points that failed stand apart with their reasons, and the rest is complete.
    /// - Throws: `SweepError` and `FileError` of the journal, errors of scoring options, cancellation. A map that cannot
    ///   be read is no error of the run but of the points.
    public func run(
        bootstrap: BootstrapOptions = BootstrapOptions(), journal: String? = nil, replacesJournal: Bool = false,
        width: Int, progress: (Int) -> Void = { _ in }
    ) async throws -> SweepResult {
        try options.validate()
        if configuration.space.isExact {
            let (run, curves) = try await solved(width: width)
            var result = try await run.run(
                bootstrap: bootstrap, journal: journal, replacesJournal: replacesJournal, width: width,
                progress: progress)
            result.add(curves, of: configuration.space)
            return result
        }
        let (journal, note) = try open(journal, replaces: replacesJournal)
        let finished = journal?.finished ?? [:]
        let (groups, maps, truth, options) = (groups, maps, truth, options)
        let outcomes = try await parallelMap(imageNames, width: width, completed: progress) { _, name in
            if let outcome = finished[name] { return outcome }
            let image = ImageTruth(truth[name] ?? ImageAnnotation(name: name), options: options)
            let outcome = ImageOutcome(name, in: maps, truth: image, groups: groups)
            if outcome.failures.isEmpty { try journal?.append(name, outcome) }
            return outcome
        }
        try journal?.sync()
        var result = SweepResult(
            SweepOutcomes(points: points, places: groups.places, images: outcomes, metric: options.metric),
            configuration: configuration, notes: notes + note, resumedImages: imageNames.count { finished[$0] != nil })
        try await result.resample(bootstrap, width: width)
        return result
    }

    /// Solves for `box_thresh` at each point: a run of the points that come out, and the curve that gave each.
    private func solved(width: Int) async throws -> (run: SweepRun, curves: [Setting: BoxThreshCurve]) {
        let (groups, maps, truth, options) = (groups, maps, truth, options)
        // A map that cannot be read is told of by the other run, point by point.
        let images = try await parallelMap(imageNames, width: width) { _, name in
            let image = ImageTruth(truth[name] ?? ImageAnnotation(name: name), options: options)
            return try? ImageSteps.all(name, in: maps, truth: image, groups: groups)
        }.compactMap { $0 }
        let target = configuration.target
        let curves = try await parallelMap(groups.places, width: width) { _, place in
            BoxThreshCurve(images.map { $0[Int(place)] }, options: options, target: target)
        }
        var solved = configuration
        var curveOf: [Setting: BoxThreshCurve] = [:]
        let parameters = configuration.space.sweptParameters
        let rows = zip(points, curves).map { point, curve in
            var point = point
            point[.boxThresh] = .number(curve.plateau.boxThresh)
            curveOf[point] = curve
            return parameters.map { point[$0] }
        }
        solved.space.axes = [Axis(parameters, .rows(rows))] + configuration.space.axes.filter { !$0.isSwept }
        solved.method = .grid
        solved.runCap = nil
        let run = try SweepRun(
            solved, base: points[0], maps: maps, truth: truth, options: options, onlyCommonImages: true)
        return (run, curveOf)
    }

    /// The journal, or why none is kept: maps that cannot be looked at cannot be told apart from others later.
    private func open(_ path: String?, replaces: Bool) throws -> (TrialJournal?, notes: [String]) {
        guard let path else { return (nil, []) }
        let fingerprint: String
        do {
            fingerprint = try maps.fingerprint()
        } catch {
            return (nil, ["no trial journal is kept while a map is broken"])
        }
        let journal = try TrialJournal(
            at: path, header: header(fingerprint), choiceCount: groups.choiceCount, replacesOthers: replaces)
        return (journal, [])
    }

    /// What a journal's numbers depend on.
    private func header(_ fingerprint: String) throws -> TrialJournal.Header {
        let settings = points.reduce("") { digest, point in
            SHA256.hexDigest(of: digest + Parameter.allCases.map { point.text(of: $0) }.joined(separator: " "))
        }
        return [
            ("maps", fingerprint), ("truth", SHA256.hexDigest(of: try AnnotationJSON.text(of: truth))),
            ("metric", "\(options)"), ("points", settings),
            ("images", SHA256.hexDigest(of: imageNames.joined(separator: "\n"))),
        ]
    }
}
