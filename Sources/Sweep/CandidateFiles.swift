import Core
import Dataset
import Maps
import PostProc
import Submission

/// The files to submit: the boxes of the best points, one CSV each.
public enum CandidateFiles {
    /// A candidate on disk.
    public struct Written: Sendable, Equatable {
        /// The file.
        public let path: String
        /// The point that it was made at.
        public let point: SweepResult.Scored
        /// Boxes over all its images.
        public let boxes: Int
        /// The earlier file with the very same contents: submitting both would waste one.
        public let identicalTo: String?
    }

    /// Writes a CSV for each of `points`, named by rank and settings, such as `01_thresh0.24_box0.28_cand600.csv`.
    ///
    /// Maps are read once for all points.
    ///
    /// - Parameters:
    ///   - points: from `SweepResult.ranked`.
    ///   - maps: the maps that were swept, or those of the test images.
    ///   - order: the images to write and their order, those of the truth or of the sample submission; nil takes the
    ///     maps' own.
    ///   - folder: created where missing.
    ///   - style: quoting and the form of an empty image.
    ///   - sources: the stores behind `maps`, for the sidecars: each CSV's has its settings and, as local score, its mean
    ///     H; nil writes none.
    ///   - overwrite: whether files with other contents are replaced.
    ///   - width: how many images are worked on side by side.
    ///   - progress: called with the number of images done, for display.
    /// - Returns: the files in the order of `points`.
    /// - Throws: `SweepError` (65) where the order names an image without a map; errors of maps and post-processing;
    ///   `FileError` (73). Files are written after all boxes are there.
    public static func write(
        _ points: [SweepResult.Scored], from maps: any MapSource, order: [String]? = nil, to folder: String,
        style: CSVStyle = CSVStyle(), sources: [PredictionSidecar.Source]? = nil, overwrite: Bool = false, width: Int,
        progress: (Int) -> Void = { _ in }
    ) async throws -> [Written] {
        let names = order ?? maps.imageNames
        let present = Set(maps.imageNames)
        if let missing = names.first(where: { !present.contains($0) }) {
            throw SweepError.badData(
                "\(names.count { !present.contains($0) }) images of the order have no map", path: maps.label,
                found: "no map of \(missing)", expected: "a map for each image",
                nextStep: "predict the rest, or name the order of the images that the maps are of")
        }
        let groups = PointGroups(points.map(\.setting))
        let images = try await parallelMap(names, width: width, completed: progress) { _, name in
            try words(of: try maps.read(name), groups)
        }
        var firstWith: [String: String] = [:]
        return try zip(points, groups.places).map { point, place in
            let set = AnnotationSet(zip(names, images).map { ImageAnnotation(name: $0, words: $1[Int(place)]) })
            let text = try SubmissionCSV.text(of: set, order: names, style: style)
            let path = (folder.isEmpty ? "" : folder + "/") + name(point, of: points) + ".csv"
            let sidecar = sources.map {
                PredictionSidecar(
                    command: "sweep", settings: point.setting.resolved.json, sources: $0,
                    localScore: point.mean.hmean)
            }
            if !overwrite {
                try AtomicFile.stands(text, at: path)
                try sidecar?.check(beside: path, contents: text)
            }
            try AtomicFile.write(text, to: path, overwrite: overwrite)
            try sidecar?.write(beside: path, contents: text, overwrite: overwrite)
            let digest = SHA256.hexDigest(of: text)
            let twin = firstWith[digest]
            if twin == nil { firstWith[digest] = path }
            return Written(path: path, point: point, boxes: set.wordCount, identicalTo: twin)
        }
    }

    /// Each choice's words on one image.
    private static func words(of map: ImageMap, _ groups: PointGroups) throws -> [[Word]] {
        let processor = PostProcessor()
        return try groups.groups.flatMap { group in
            let found = try processor.candidates(
                map, options: group.options, maxCandidates: group.maxCandidates, scoreFloor: group.scoreFloor)
            return group.choices.map { found.words(boxThresh: $0.boxThresh, maxCandidates: $0.maxCandidates) }
        }
    }

    /// `01_thresh0.24_box0.28_cand600`: rank, the three main settings, and each other one that is no default.
    public static func name(_ point: SweepResult.Scored, of points: [SweepResult.Scored] = []) -> String {
        let digits = max(2, String(points.map(\.rank).max() ?? point.rank).count)
        let rank = String(point.rank)
        let options = point.setting.resolved
        var parts = [
            String(repeating: "0", count: max(0, digits - rank.count)) + rank,
            "thresh" + text(options.thresh), "box" + text(options.boxThresh), "cand\(options.maxCandidates)",
        ]
        if options.usePolygon { parts.append("poly") }
        if let ratio = options.unclipRatio, ratio != (options.usePolygon ? 2 : 1.5) {
            parts.append("unclip" + text(ratio))
        }
        if options.minSize != PostProcOptions().minSize { parts.append("min" + text(options.minSize)) }
        if options.clipToImage { parts.append("clip") }
        return parts.joined(separator: "_")
    }

    private static func text(_ value: Double) -> String {
        JSONValue.number(value).text()
    }
}
