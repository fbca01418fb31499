import Core
import Dataset
import Geometry

/// Combining several sources: polygons by vote, probability maps by average.
///
/// Votes on polygons, an image at a time.
///
/// The rule. Detections of all sources are taken by descending score (ties: source order, then file order). The first
/// one that is in no group founds one, and from each other source the free detection that overlaps the *founder* most
/// joins, where their polygon IoU is at least `iou` (ties: higher score, then file order). So a group holds at most
/// one vote a source, every member overlaps the founder, and chains (A meets B, B meets C, so A and C are one) cannot
/// form. Where no two scores are equal, the order of the sources changes nothing.
///
/// Identical polygons overlap fully even where they have no area. A detection without a score counts as certain, 1:
/// CSV files have none. Votes are counted, not weighed, so that nearly equal weights cannot drop a group; weights act on
/// scores, the medoid and the mean.
///
/// A group's score is the sum over its members of weight · score, divided by the sum of *all* sources' weights: a source
/// that has not voted counts as 0. An image keeps its boxes in the order of the files: groups are sorted by the mean of
/// their members' relative places in their images (ties: founding order). Each word carries its `votes` for JSON.
public struct PolygonVote: Sendable {
    /// The polygon that stands for a group.
    public enum Representative: String, Sendable, CaseIterable {
        /// The member with the largest weighted sum of IoU with all members, itself included; ties: higher score, then
        /// source order.
        case medoid
        /// The weighted mean of corners, matched to the medoid's, rounded half to even. Where not all members are
        /// quads, of 32 points at equal distances along each outline; a group with an outline without length falls
        /// back to its medoid and is counted in `fallbacks`.
        case mean
        /// The member with the highest score; ties: source order.
        case best
        /// The outline of all members together, holes filled, on whole pixels. Where members do not make one outline
        /// (without area, or crossing themselves) the group falls back to its medoid and is counted in `fallbacks`.
        case union
    }

    /// How groups are formed and shown.
    public struct Options: Sendable, Equatable {
        /// The least polygon IoU with the founder, in (0,1]; default 0.5.
        public var iou: Double
        /// One a source, none negative; nil is 1 each.
        public var weights: [Double]?
        /// Default `medoid`.
        public var representative: Representative

        /// Options, by default as issue reports of public teams vote: IoU 0.5, equal weights, medoid.
        public init(iou: Double = 0.5, weights: [Double]? = nil, representative: Representative = .medoid) {
            self.iou = iou
            self.weights = weights
            self.representative = representative
        }
    }

    /// The number of sources, the most votes that a group can have.
    public let sourceCount: Int
    /// How many groups have 1, 2, … `sourceCount` votes.
    public let histogram: [Int]
    /// For each source, the images that it lacks and others have: there it gives no vote.
    public let missingImages: [[String]]
    /// For each source, how many words have no score.
    public let unscoredWords: [Int]
    /// Groups whose mean or union was asked for but could not be made: their medoid stands.
    public let fallbacks: Int
    /// Groups whose polygon has less than 80% of its members' median area.
    public let shrunken: Int
    private let images: [CombinedImage]

    /// Groups the detections of `sources`; every number of votes can then be asked for.
    ///
    /// - Parameters:
    ///   - sources: predictions; images are matched by name.
    ///   - options: IoU, weights and representative.
    ///   - width: how many images are worked on side by side; the result does not depend on it.
    /// - Throws: `EnsembleError` for no source, options out of range and scores that are no numbers.
    /// - Complexity: for an image of *n* detections a source O(*n* log *n*), where boxes overlap few others.
    public init(sources: [AnnotationSet], options: Options = Options(), width: Int = 1) async throws {
        guard !sources.isEmpty else { throw EnsembleError.noSource }
        guard options.iou > 0, options.iou <= 1 else {
            throw EnsembleError.option("iou", found: "\(options.iou)", expected: "a number above 0, at most 1")
        }
        let weights = options.weights ?? Array(repeating: 1, count: sources.count)
        try EnsembleError.checkWeights(weights, count: sources.count)

        var seen = Set<String>()
        let names = sources.flatMap(\.images).map(\.name).filter { seen.insert($0).inserted }
        let grouped = try await parallelMap(names, width: width) { _, name in
            try CombinedImage(name: name, sources: sources.map { $0[name] }, weights: weights, options: options)
        }
        images = grouped
        sourceCount = sources.count
        histogram = (1...sources.count).map { votes in
            grouped.reduce(0) { $0 + $1.groups.count { $0.votes == votes } }
        }
        missingImages = sources.map { source in names.filter { source[$0] == nil } }
        unscoredWords = sources.map { $0.images.reduce(0) { $0 + $1.words.count { $0.score == nil } } }
        fallbacks = grouped.reduce(0) { $0 + $1.groups.count(where: \.fellBack) }
        shrunken = grouped.reduce(0) { $0 + $1.groups.count(where: \.isShrunken) }
    }

    /// The groups with at least `votes` votes: images in the order of the first source, then those only others have.
    ///
    /// - Throws: `EnsembleError` where `votes` is not from 1 to `sourceCount`.
    public func result(votes: Int) throws -> AnnotationSet {
        guard (1...sourceCount).contains(votes) else {
            throw EnsembleError.option("votes", found: "\(votes)", expected: "a whole number from 1 to \(sourceCount)")
        }
        return AnnotationSet(images.map { $0.annotation(votes: votes) })
    }
}

extension CombinedImage {
    /// The groups of one image by `PolygonVote`'s rule.
    fileprivate init(name: String, sources: [ImageAnnotation?], weights: [Double], options: PolygonVote.Options) throws
    {
        let total = weights.reduce(0, +)
        let detections = try Detection.all(on: name, sources, weights: weights)
        let formed = VoteGrouping(detections, sourceCount: sources.count, iou: options.iou).groups
        let groups = try formed.map { members in
            let representative = try Representation(members, as: options.representative)
            return MergedPolygon(
                votes: members.count, score: members.reduce(0) { $0 + $1.weight * $1.score } / total,
                polygon: representative.polygon,
                place: members.reduce(0) { $0 + $1.place } / Double(members.count),
                isShrunken: MergedPolygon.isShrunken(representative.polygon, among: members.map(\.polygon)),
                fellBack: representative.fellBack)
        }
        self.init(name: name, sources: sources, groups: groups)
    }
}
