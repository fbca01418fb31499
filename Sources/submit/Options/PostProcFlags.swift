import ArgumentParser
import Core
import Foundation
import PostProc

/// The knobs of post-processing as flags; each one given overrides the configuration.
struct PostProcFlags: ParsableArguments {
    @Option(name: .long, help: "Binarization threshold, 0 to 1 (default: 0.3).")
    var thresh: Double?

    @Option(name: .long, help: "Box threshold, 0 to 1 (default: 0.7).")
    var boxThresh: Double?

    @Option(name: .long, help: "Contours considered, before any filter (default: 1000).")
    var maxCandidates: Int?

    @Flag(name: .long, inversion: .prefixedNo, help: "Polygons instead of quads (default: no).")
    var usePolygon: Bool?

    @Option(name: .long, help: "Unclip ratio of the chosen form (default: 1.5 for quads, 2.0 for polygons).")
    var unclipRatio: Double?

    @Option(name: .long, help: "Shortest side of a quad before unclip, in map pixels (default: 3).")
    var minSize: Double?

    @Flag(name: .long, inversion: .prefixedNo, help: "Clip coordinates to the image (default: no).")
    var clipToImage: Bool?

    /// The flags that were given, as a person wrote them.
    var given: [String] {
        let flags: [(String, Bool)] = [
            ("--thresh", thresh != nil), ("--box-thresh", boxThresh != nil),
            ("--max-candidates", maxCandidates != nil), ("--use-polygon", usePolygon != nil),
            ("--unclip-ratio", unclipRatio != nil), ("--min-size", minSize != nil),
            ("--clip-to-image", clipToImage != nil),
        ]
        return flags.filter(\.1).map(\.0)
    }

    /// Applies the flags that were given.
    func apply(to configuration: inout Configuration) throws {
        func set(_ key: String, _ value: (some CustomStringConvertible)?) throws {
            let flag = key.hasSuffix("unclip_ratio") ? "unclip-ratio" : key.replacingOccurrences(of: "_", with: "-")
            if let value { try configuration.apply(flag: "--" + flag, key: "postprocess." + key, "\(value)") }
        }
        try set("thresh", thresh)
        try set("box_thresh", boxThresh)
        try set("max_candidates", maxCandidates)
        try set("use_polygon", usePolygon)
        try set(configuration.postprocess.usePolygon ? "polygon_unclip_ratio" : "box_unclip_ratio", unclipRatio)
        try set("min_size", minSize)
        try set("clip_to_image", clipToImage)
    }
}
