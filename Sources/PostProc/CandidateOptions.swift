/// What contours, scores and final polygons depend on; `box_thresh` and `max_candidates` only choose among them.
public struct CandidateOptions: Sendable, Hashable {
    /// Binarization threshold, in [0,1].
    public var thresh: Double
    /// Polygons instead of quads.
    public var usePolygon: Bool
    /// The unclip ratio with its default resolved; above 0, at most `maxUnclipRatio`.
    public var unclipRatio: Double
    /// Shortest side of a quad before unclip, in map pixels; 2 more after it.
    public var minSize: Double
    /// Whether coordinates are clipped to the image.
    public var clipToImage: Bool

    /// Above this ratio a region would grow by hundreds of times its own thickness.
    public static let maxUnclipRatio = 1000.0

    /// An `unclipRatio` of nil is the form's default: 1.5 for quads, 2.0 for polygons.
    public init(
        thresh: Double, usePolygon: Bool = false, unclipRatio: Double? = nil, minSize: Double = 3,
        clipToImage: Bool = false
    ) {
        self.thresh = thresh
        self.usePolygon = usePolygon
        self.unclipRatio = unclipRatio ?? (usePolygon ? 2.0 : 1.5)
        self.minSize = minSize
        self.clipToImage = clipToImage
    }

    /// The part of `options` that candidates depend on, the unclip ratio's default resolved.
    public init(_ options: PostProcOptions) {
        self.init(
            thresh: options.thresh, usePolygon: options.usePolygon, unclipRatio: options.unclipRatio,
            minSize: options.minSize, clipToImage: options.clipToImage)
    }

    /// - Throws: `PostProcError` naming the first option out of its range.
    public func validate() throws {
        try PostProcOptions.requireUnit(thresh, "thresh")
        guard unclipRatio > 0, unclipRatio <= Self.maxUnclipRatio else {
            throw PostProcError.option(
                "unclip_ratio", found: "\(unclipRatio)", expected: "above 0, at most \(Self.maxUnclipRatio)",
                nextStep: "leave it out for the default, 1.5 for quads and 2.0 for polygons")
        }
        guard minSize >= 0, minSize.isFinite else {
            throw PostProcError.option(
                "min_size", found: "\(minSize)", expected: "0 or more map pixels",
                nextStep: "leave it out for the default, 3")
        }
    }
}

extension PostProcOptions {
    /// - Throws: `PostProcError` naming the first option out of its range.
    public func validate() throws {
        try CandidateOptions(self).validate()
        try Self.requireUnit(boxThresh, "box_thresh")
        guard maxCandidates >= 0 else {
            throw PostProcError.option(
                "max_candidates", found: "\(maxCandidates)", expected: "0 or more",
                nextStep: "leave it out for the default, 1000")
        }
    }

    static func requireUnit(_ value: Double, _ name: String) throws {
        guard value >= 0, value <= 1 else {
            throw PostProcError.option(
                name, found: "\(value)", expected: "a number in [0,1]", nextStep: "thresholds are probabilities")
        }
    }
}
