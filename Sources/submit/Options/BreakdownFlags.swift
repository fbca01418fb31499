import ArgumentParser
import Core
import Dataset
import Imaging
import Metrics
import Submission

/// How a score is taken apart.
struct BreakdownFlags: ParsableArguments {
    @Flag(
        name: .long,
        help: "SCALE_WISE: scores by box size, shorter side over the image's longer one (leaderboard, upstream).")
    var scaleWise = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            """
            Scores by groups of images: quartiles of boxes (truth boxes an image), height (their median) or size (its \
            pixels), or a column of a table, table.csv:column.
            """, valueName: "by"))
    var strata: StrataChoice?

    @Option(
        name: .long,
        help: ArgumentHelp("Folder of the images, where the truth does not say their sizes.", valueName: "folder"))
    var images: String?

    func validate(for metric: MetricKind) throws {
        if scaleWise, ![.clevalLeaderboard, .clevalUpstream].contains(metric) {
            throw ValidationError("--scale-wise says nothing to --metric \(metric.rawValue)")
        }
        if images != nil, !needsSizes {
            throw ValidationError("--images says nothing without --scale-wise or --strata size")
        }
    }

    private var needsSizes: Bool { scaleWise || strata == .figure(.size) }

    /// The parts of each file's score; none where none were asked for.
    ///
    /// - Parameter files: scored against one truth with these very options.
    func breakdowns(of files: [ScoredFile], options: ScoringOptions, width: Int) async throws -> [Breakdown] {
        guard scaleWise || strata != nil, let first = files.first else { return [] }
        let truth = try sized(first.truth)
        var breakdowns: [Breakdown] = []
        if scaleWise {
            var parts: [[ScorePart]] = []
            for file in files {
                parts.append(
                    try await scoreScaleWise(
                        truth: truth, predictions: file.predictions, options: options, width: width))
            }
            breakdowns.append(Breakdown(by: "scale", parts: parts))
        }
        if let strata {
            let groups = try strata.groups(of: truth)
            breakdowns.append(
                Breakdown(by: strata.name, parts: files.map { groups.parts(of: $0.score, options: options) }))
        }
        return breakdowns
    }

    /// `truth` with the sizes of the images in the folder, where there is one.
    private func sized(_ truth: AnnotationSet) throws -> AnnotationSet {
        guard let images else { return truth }
        let folder = try ImageFolder(path: images)
        let names = Set(folder.names)
        return AnnotationSet(
            try truth.images.map { image in
                guard names.contains(image.name) else { return image }
                var image = image
                let size = try ImageFile.size(path: folder.path(of: image.name))
                (image.width, image.height) = (size.width, size.height)
                return image
            })
    }
}

/// By what images are grouped.
enum StrataChoice: ExpressibleByArgument, Equatable {
    case figure(Strata.Figure)
    case column(path: String, name: String)

    init?(argument: String) {
        if let figure = Strata.Figure(rawValue: argument) {
            self = .figure(figure)
        } else if let colon = argument.lastIndex(of: ":"), colon != argument.startIndex {
            let name = String(argument[argument.index(after: colon)...])
            guard !name.isEmpty else { return nil }
            self = .column(path: String(argument[..<colon]), name: name)
        } else {
            return nil
        }
    }

    /// What the table calls it.
    var name: String {
        switch self {
        case .figure(let figure): figure.rawValue
        case .column(_, let name): name
        }
    }

    /// - Throws: the readers' errors; `CommandError` (65) where the table names no image of the truth.
    func groups(of truth: AnnotationSet) throws -> Strata {
        switch self {
        case .figure(let figure): return try Strata(figure, of: truth)
        case .column(let path, let name):
            let values = try CSVColumn(path: path, column: name).values
            let missing = truth.images.map(\.name).filter { values[$0] == nil }
            guard missing.count < truth.images.count else {
                throw CommandError(
                    Diagnosis(
                        .badData, "the table names no image of the truth", path: path,
                        found: values.keys.sorted().prefix(3).joined(separator: ", "),
                        expected: missing.prefix(3).joined(separator: ", ")))
            }
            if let first = missing.first {
                Terminal.warning(
                    "\(path): lacks \(missing.count) of the truth's \(truth.images.count) images, such as \(first); "
                        + "they make a group of their own")
            }
            return Strata(values: values, of: truth)
        }
    }
}
