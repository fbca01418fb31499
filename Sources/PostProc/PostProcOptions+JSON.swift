import Core

extension PostProcOptions {
    /// All options under the keys of configurations, the unclip ratio of the chosen form resolved.
    public var json: JSONObject {
        [
            "thresh": .number(thresh), "box_thresh": .number(boxThresh), "max_candidates": .int(maxCandidates),
            "use_polygon": .bool(usePolygon), "unclip_ratio": .number(CandidateOptions(self).unclipRatio),
            "min_size": .number(minSize), "clip_to_image": .bool(clipToImage),
        ]
    }
}
