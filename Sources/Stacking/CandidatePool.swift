import Core
import Dataset
import Ensemble
import Geometry
import Maps
import PostProc

/// Stacking: a second-level model that decides, candidate by candidate, what of several sources is kept.
///
/// All sources' candidates of some images at a low box threshold, those of one region taken together, with their features.
///
/// The sources' candidates are grouped by the rule of `PolygonVote`: at most one a source in a group, each overlapping the
/// best-scored one. What stands for a group is its medoid, a real box of one source.
public struct CandidatePool: Sendable {
    /// How candidates come about.
    public struct Options: Sendable, Hashable {
        /// Post-processing; its `boxThresh` is the floor below which a region is no candidate.
        public var postprocess: PostProcOptions
        /// The polygon IoU from which boxes of two sources are one candidate.
        public var iou: Double

        /// Options; boxes of two sources are one candidate from an IoU of 0.5 unless said otherwise.
        public init(postprocess: PostProcOptions, iou: Double = 0.5) {
            self.postprocess = postprocess
            self.iou = iou
        }
    }

    /// One image's candidates, in output order.
    public struct Image: Sendable {
        /// The image's name and size.
        public let name: String
        public let width, height: Int
        /// What stands for each candidate: image pixels, scored by the mean over all sources.
        public let words: [Word]
        /// A row a candidate.
        public let features: FeatureTable
        /// Each source's own words at the floor, in its order.
        public let own: [[Word]]
    }

    /// In the order asked for.
    public let images: [Image]
    /// The names of the features.
    public let featureNames: [String]
    /// The number of sources.
    public let sourceCount: Int

    /// Reads the maps of `names` from each of `stores`.
    ///
    /// - Throws: `StackError` (65) where a store lacks an image; errors of maps and of post-processing.
    public init(
        of stores: [any MapSource], names: [String], options: Options, width: Int,
        progress: (Int) -> Void = { _ in }
    ) async throws {
        precondition(!stores.isEmpty, "a source at least")
        try options.postprocess.validate()
        for store in stores {
            let present = Set(store.imageNames)
            let missing = names.filter { !present.contains($0) }
            guard let first = missing.first else { continue }
            throw StackError.badData(
                "the store lacks \(missing.count) of \(names.count) images", path: store.label, place: first,
                found: "no map", expected: "a map of each image in each store",
                nextStep: "predict the rest, or leave this store out")
        }
        images = try await parallelMap(names, width: width, completed: progress) { _, name in
            try Image(name, in: stores, options: options)
        }
        featureNames = CandidateFeatures.names(sources: stores.count)
        sourceCount = stores.count
    }
}

extension CandidatePool.Image {
    fileprivate init(_ name: String, in stores: [any MapSource], options: CandidatePool.Options) throws {
        let maps = try stores.map { try $0.read(name) }
        let processor = PostProcessor()
        let own = try maps.map { try processor.detect($0, options: options.postprocess) }
        let detections = try Detection.all(
            on: name, own.map { ImageAnnotation(name: name, words: $0) },
            weights: Array(repeating: 1, count: maps.count))
        let overlaps = Overlaps(of: detections)
        let groups = VoteGrouping(detections, overlaps, sourceCount: maps.count, iou: options.iou).groups.enumerated()
            .map { (place: $1.reduce(0) { $0 + $1.place } / Double($1.count), number: $0, members: $1) }
            .sorted { ($0.place, $0.number) < ($1.place, $1.number) }
            .map(\.members)
        let polygons = try groups.map { try Representation($0, overlaps, as: .medoid).polygon }
        self.name = name
        width = maps[0].imageWidth
        height = maps[0].imageHeight
        self.own = own
        let shapes = CandidateFeatures.shapes(polygons, imageWidth: width, imageHeight: height)
        var features = FeatureTable(columns: CandidateFeatures.names(sources: maps.count).count)
        var statistics = RegionStatistics()
        var words: [Word] = []
        for (number, members) in groups.enumerated() {
            let score = members.reduce(0) { $0 + $1.score } / Double(maps.count)
            var row = [score, members[0].score, Double(members.count)]
            for map in maps {
                let (mean, spread) = statistics.over(polygons[number], on: map)
                row += [mean, spread]
            }
            features.append(row + shapes[number])
            words.append(
                Word(
                    id: String(repeating: "0", count: max(0, 4 - String(number + 1).count)) + String(number + 1),
                    polygon: polygons[number], score: score, extras: ["votes": .int(members.count)]))
        }
        self.words = words
        self.features = features
    }

    /// The image with the candidates whose probability reaches `threshold`, which is their score then.
    func kept(_ probabilities: [Double], threshold: Double) -> ImageAnnotation {
        var kept: [Word] = []
        for (word, probability) in zip(words, probabilities) where probability >= threshold {
            let number = String(kept.count + 1)
            var word = word
            word.id = String(repeating: "0", count: max(0, 4 - number.count)) + number
            word.score = probability
            kept.append(word)
        }
        return ImageAnnotation(name: name, width: width, height: height, words: kept)
    }
}
