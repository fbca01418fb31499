import Maps

/// DB post-processing: probability map in, polygons with scores out, equal to the reference to the last coordinate.
///
/// The knobs of post-processing, spelled in configuration files as Hydra configs of this family spell them.
public struct PostProcOptions: Sendable, Hashable {
    /// Binarization threshold (`thresh`): a pixel is text where its probability is strictly above; in [0,1], default 0.3.
    public var thresh: Double = 0.3
    /// Box threshold (`box_thresh`): a candidate stays where its score is not below; in [0,1], default 0.7.
    public var boxThresh: Double = 0.7
    /// `max_candidates`: contours considered, in contour order, before any filter; default 1000.
    public var maxCandidates: Int = 1000
    /// `use_polygon`: polygons instead of quads.
    public var usePolygon: Bool = false
    /// Unclip ratio; nil is 1.5 for quads (`box_unclip_ratio`) and 2.0 for polygons (`polygon_unclip_ratio`).
    public var unclipRatio: Double?
    /// Shortest side of a quad before unclip, in map pixels; after unclip it is 2 more. Default 3.
    public var minSize: Double = 3
    /// Whether coordinates are clipped to the image; the reference does not, so the default is false.
    public var clipToImage: Bool = false

    /// The defaults.
    public init() {}
}
