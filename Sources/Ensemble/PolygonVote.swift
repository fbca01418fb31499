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
        /// The weighted mean of corners, matched to the medoid's, rounded half to even. Only where all members are
        /// quads: corners of polygons do not correspond, so such a group falls back to its medoid and is counted in
        /// `meanFallbacks`.
        case mean
        /// The member with the highest score; ties: source order.
        case best
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
    /// Groups whose mean was asked for but whose members are not all quads.
    public let meanFallbacks: Int
    private let images: [GroupedImage]

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
            try GroupedImage(name: name, sources: sources.map { $0[name] }, weights: weights, options: options)
        }
        images = grouped
        sourceCount = sources.count
        histogram = (1...sources.count).map { votes in
            grouped.reduce(0) { $0 + $1.groups.count { $0.votes == votes } }
        }
        missingImages = sources.map { source in names.filter { source[$0] == nil } }
        unscoredWords = sources.map { $0.images.reduce(0) { $0 + $1.words.count { $0.score == nil } } }
        meanFallbacks = grouped.reduce(0) { $0 + $1.groups.count(where: \.fellBack) }
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

/// The groups of one image, in output order.
private struct GroupedImage: Sendable {
    let name: String
    let width, height: Int?
    let groups: [Group]

    struct Group: Sendable {
        let votes: Int
        let score: Double
        let polygon: Polygon
        let place: Double
        let fellBack: Bool
    }

    init(name: String, sources: [ImageAnnotation?], weights: [Double], options: PolygonVote.Options) throws {
        self.name = name
        width = sources.lazy.compactMap { $0?.width }.first
        height = sources.lazy.compactMap { $0?.height }.first
        let total = weights.reduce(0, +)
        let detections = try Self.detections(name, sources, weights)
        let formed = VoteGrouping(detections, sourceCount: sources.count, iou: options.iou).groups
        let shown = formed.map { members in
            let representative = Representation(members, as: options.representative)
            return Group(
                votes: members.count, score: members.reduce(0) { $0 + $1.weight * $1.score } / total,
                polygon: representative.polygon,
                place: members.reduce(0) { $0 + $1.place } / Double(members.count),
                fellBack: representative.fellBack)
        }
        groups = shown.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
            .map(\.element)
    }

    private static func detections(_ name: String, _ sources: [ImageAnnotation?], _ weights: [Double]) throws
        -> [Detection]
    {
        var detections: [Detection] = []
        for (source, image) in sources.enumerated() {
            guard let words = image?.words else { continue }
            for (index, word) in words.enumerated() {
                let score = word.score ?? 1
                guard score.isFinite else {
                    throw EnsembleError.badScore(score, image: name, word: word.id, source: source)
                }
                detections.append(
                    Detection(
                        polygon: word.polygon, score: score, source: source, index: index, weight: weights[source],
                        place: (Double(index) + 0.5) / Double(words.count)))
            }
        }
        return detections
    }

    func annotation(votes: Int) -> ImageAnnotation {
        var words: [Word] = []
        for group in groups where group.votes >= votes {
            let number = String(words.count + 1)
            words.append(
                Word(
                    id: String(repeating: "0", count: max(0, 4 - number.count)) + number, polygon: group.polygon,
                    score: group.score, extras: ["votes": .int(group.votes)]))
        }
        return ImageAnnotation(name: name, width: width, height: height, words: words)
    }
}
