import Foundation

/// What a sweep will cost, without making its points: to be shown before a long one.
///
/// Seconds are a rough guide, within a few times on other data and machines: measured on receipts of 55 boxes a map of
/// 960 x 960.
public struct SweepEstimate: Sendable, Equatable {
    /// Points with which a person should be asked first.
    public static let manyPoints = 1_000_000

    /// Points, at most `Int.max`.
    public let points: Int
    /// Different candidates to find for each map: points that differ in `box_thresh` or `max_candidates` share them.
    public let groups: Int
    /// Images to score.
    public let images: Int
    /// Wall time.
    public let seconds: Double
    /// Memory of the run: mostly each image's distinct scores, and a point's figures and intervals.
    public let bytes: Double

    /// One line for people.
    public var text: String {
        func whole(_ value: Double) -> String { String(format: "%.0f", value.rounded(.up)) }
        let time = seconds < 100 ? whole(seconds) + " s" : whole(seconds / 60) + " min"
        return "\(points) points, \(groups) sets of candidates a map, \(images) images: "
            + "about \(time) and \(whole(bytes / 1e6)) MB"
    }

    private static let secondsPerMap = 1e-3
    private static let secondsPerGroup = 5e-4
    private static let secondsPerPoint = 1e-6
    private static let bytesOfProcess = 6e7
    private static let bytesPerPoint = 180.0
    /// Distinct scores that a set of candidates has at most, about, and the bytes of one.
    private static let scoresPerGroup = 60.0
    private static let bytesPerScore = 64.0
}

extension SweepConfiguration {
    /// The cost of this sweep over `images` images on `width` cores.
    public func estimate(images: Int, width: Int) -> SweepEstimate {
        let points = pointCount
        var groups = 1
        for axis in space.axes where axis.parameters.contains(where: \.changesCandidates) {
            let (product, overflows) = groups.multipliedReportingOverflow(by: axis.count ?? points)
            groups = overflows ? .max : product
        }
        return SweepEstimate(points: points, groups: min(groups, points), images: images, width: width)
    }
}

extension SweepEstimate {
    fileprivate init(points: Int, groups: Int, images: Int, width: Int) {
        self.points = points
        self.groups = groups
        self.images = images
        let perImage =
            Self.secondsPerMap + Double(groups) * Self.secondsPerGroup + Double(points) * Self.secondsPerPoint
        seconds = Double(images) * perImage / Double(max(1, width))
        let scores = min(Double(points), Double(groups) * Self.scoresPerGroup)
        bytes =
            Self.bytesOfProcess + Double(points) * Self.bytesPerPoint
            + Double(images) * scores * Self.bytesPerScore
    }
}

extension Parameter {
    /// Whether a change of this parameter changes the candidates, rather than the choice among them.
    fileprivate var changesCandidates: Bool { self != .boxThresh && self != .maxCandidates }
}
