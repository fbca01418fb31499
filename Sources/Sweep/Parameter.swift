import Core
import PostProc

/// A knob that a sweep can turn, by its short name.
public enum Parameter: String, Sendable, CaseIterable {
    case thresh
    case boxThresh = "box_thresh"
    case maxCandidates = "max_candidates"
    case usePolygon = "use_polygon"
    case boxUnclipRatio = "box_unclip_ratio"
    case polygonUnclipRatio = "polygon_unclip_ratio"
    /// The ratio of whichever form a point has; where it is named it wins over the two above.
    case unclipRatio = "unclip_ratio"
    case minSize = "min_size"
    case clipToImage = "clip_to_image"

    /// All spellings: the short one, this tool's configuration key, Hydra's.
    public var names: [String] {
        [rawValue, "postprocess." + rawValue, "models.head.postprocess." + rawValue]
    }

    /// The parameter with this spelling.
    public init?(named name: String) {
        guard let found = Self.allCases.first(where: { $0.names.contains(name) }) else { return nil }
        self = found
    }

    /// What a value must be, for messages.
    public var expected: String {
        switch self {
        case .thresh, .boxThresh: "a number in [0,1]"
        case .maxCandidates: "a whole number from 0"
        case .usePolygon, .clipToImage: "true or false"
        case .boxUnclipRatio, .polygonUnclipRatio, .unclipRatio:
            "a number above 0, at most \(JSONValue.numberText(CandidateOptions.maxUnclipRatio))"
        case .minSize: "a number from 0"
        }
    }

    /// Whether `value` can be set.
    public func accepts(_ value: JSONValue) -> Bool {
        switch self {
        case .usePolygon, .clipToImage: return value.bool != nil
        case .maxCandidates: return value.int.map { $0 >= 0 } ?? false
        case .thresh, .boxThresh: return value.number.map { (0...1).contains($0) } ?? false
        case .boxUnclipRatio, .polygonUnclipRatio, .unclipRatio:
            return value.number.map { $0 > 0 && $0 <= CandidateOptions.maxUnclipRatio } ?? false
        case .minSize: return value.number.map { $0 >= 0 && $0.isFinite } ?? false
        }
    }
}

/// One point of a search space: post-processing with an unclip ratio a form.
public struct Setting: Sendable, Hashable {
    /// All but the unclip ratios of the two forms; `unclipRatio`, where set, wins over both.
    public var options: PostProcOptions
    /// Unclip ratio of quads.
    public var boxUnclipRatio: Double
    /// Unclip ratio of polygons.
    public var polygonUnclipRatio: Double

    /// A point, by default at the defaults of `PostProcOptions`.
    public init(
        _ options: PostProcOptions = PostProcOptions(), boxUnclipRatio: Double = 1.5, polygonUnclipRatio: Double = 2
    ) {
        self.options = options
        self.boxUnclipRatio = boxUnclipRatio
        self.polygonUnclipRatio = polygonUnclipRatio
    }

    /// What post-processing is given: the unclip ratio resolved.
    public var resolved: PostProcOptions {
        var resolved = options
        resolved.unclipRatio = options.unclipRatio ?? (options.usePolygon ? polygonUnclipRatio : boxUnclipRatio)
        return resolved
    }

    /// The value of one parameter; `unclip_ratio` reads as the one that holds.
    ///
    /// - Precondition: a value set is one that the parameter accepts.
    public subscript(parameter: Parameter) -> JSONValue {
        get {
            switch parameter {
            case .thresh: .number(options.thresh)
            case .boxThresh: .number(options.boxThresh)
            case .maxCandidates: .int(options.maxCandidates)
            case .usePolygon: .bool(options.usePolygon)
            case .boxUnclipRatio: .number(boxUnclipRatio)
            case .polygonUnclipRatio: .number(polygonUnclipRatio)
            case .unclipRatio: .number(resolved.unclipRatio ?? 0)
            case .minSize: .number(options.minSize)
            case .clipToImage: .bool(options.clipToImage)
            }
        }
        set {
            precondition(parameter.accepts(newValue), "\(parameter.rawValue) cannot be \(newValue)")
            switch parameter {
            case .thresh: options.thresh = newValue.number ?? options.thresh
            case .boxThresh: options.boxThresh = newValue.number ?? options.boxThresh
            case .maxCandidates: options.maxCandidates = newValue.int ?? options.maxCandidates
            case .usePolygon: options.usePolygon = newValue.bool ?? options.usePolygon
            case .boxUnclipRatio: boxUnclipRatio = newValue.number ?? boxUnclipRatio
            case .polygonUnclipRatio: polygonUnclipRatio = newValue.number ?? polygonUnclipRatio
            case .unclipRatio: options.unclipRatio = newValue.number
            case .minSize: options.minSize = newValue.number ?? options.minSize
            case .clipToImage: options.clipToImage = newValue.bool ?? options.clipToImage
            }
        }
    }

    /// The value of one parameter as tables and files show it, such as `0.24`, `600` or `true`.
    public func text(of parameter: Parameter) -> String {
        self[parameter].text()
    }

    /// The parameters that say all there is to a resolved point.
    static let resolvedParameters: [Parameter] = [
        .thresh, .boxThresh, .maxCandidates, .usePolygon, .unclipRatio, .minSize, .clipToImage,
    ]
}
