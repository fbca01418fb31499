import Dataset
import Geometry
import Maps

/// Post-processing with its memory: keep one for a loop over maps (one a task), and nothing is allocated a map but
/// the words themselves.
///
/// The stages, each a file: Binarize, FindContours, MinAreaQuad or ApproximatePolygon, BoxScore, Unclip, MapToImage.
public final class PostProcessor {
    /// The longest side of a map, in pixels.
    public static let maxSide = 32_768

    private var stages = Stages()

    /// Empty buffers, which the first map fills.
    public init() {}

    /// Words of one map, equal to the reference's to the last coordinate.
    ///
    /// - Throws: `PostProcError` for options out of range and for maps that are too large or hold no numbers.
    public func detect(_ map: ImageMap, options: PostProcOptions) throws -> [Word] {
        try options.validate()
        let found = try candidates(
            map, options: CandidateOptions(options), maxCandidates: options.maxCandidates,
            scoreFloor: options.boxThresh)
        return found.words(boxThresh: options.boxThresh, maxCandidates: options.maxCandidates)
    }

    /// Candidates of one map; see `CandidateSet.init`.
    public func candidates(
        _ map: ImageMap, options: CandidateOptions, maxCandidates: Int = .max, scoreFloor: Double = 0
    ) throws -> CandidateSet {
        try options.validate()
        guard max(map.map.width, map.map.height) <= Self.maxSide else {
            throw PostProcError.mapTooLarge(
                width: map.map.width, height: map.map.height, limit: Self.maxSide, image: map.imageName)
        }
        return try stages.run(map, options, maxCandidates: maxCandidates, scoreFloor: scoreFloor)
    }
}

/// Probability map in, words out, equal to the reference to the last coordinate; ids "0001" onwards.
///
/// - Throws: `PostProcError` for options out of range and for maps that are too large or hold no numbers.
public func detect(_ map: ImageMap, options: PostProcOptions) throws -> [Word] {
    try PostProcessor().detect(map, options: options)
}

/// The stages and their buffers.
private struct Stages: ~Copyable {
    var mask = BinaryMap()
    var contours = ContourList()
    var quads = MinAreaQuadFinder()
    var approximator = PolygonApproximator()
    var scorer = BoxScorer()
    var unclipper = Unclipper()

    mutating func run(
        _ map: ImageMap, _ options: CandidateOptions, maxCandidates: Int, scoreFloor: Double
    ) throws -> CandidateSet {
        try map.map.values.withUnsafeBufferPointer { values throws -> CandidateSet in
            guard let base = values.baseAddress else { return CandidateSet(contourCount: 0, candidates: []) }
            mask.binarize(base, width: map.map.width, height: map.map.height, thresh: Float(options.thresh))
            mask.findContours(into: &contours)
            var candidates: [Candidate] = []
            for index in 0..<min(contours.count, max(0, maxCandidates)) {
                let found: Candidate?
                do throws(Unclipper.ClipperFailure) {
                    found = try candidate(index, base, map, options, scoreFloor)
                } catch {
                    throw PostProcError.union(contour: index, image: map.imageName, message: error.message)
                }
                guard let found else { continue }
                guard found.score.isFinite else {
                    throw PostProcError.notFinite(contour: index, image: map.imageName)
                }
                candidates.append(found)
            }
            return CandidateSet(contourCount: contours.count, candidates: candidates)
        }
    }

    /// One contour through the stages; nil where a filter drops it.
    private mutating func candidate(
        _ index: Int, _ values: UnsafePointer<Float>, _ map: ImageMap, _ options: CandidateOptions,
        _ scoreFloor: Double
    ) throws(Unclipper.ClipperFailure) -> Candidate? {
        let contour = contours[index]
        let (width, height) = (map.map.width, map.map.height)
        let score: Double
        let isGrown: Bool
        if options.usePolygon {
            let epsilon = 0.002 * PolygonApproximator.arcLength(contour)
            approximator.approximate(contour, epsilon: epsilon)
            let polygon = approximator.polygon.elements
            guard polygon.count >= 4 else { return nil }
            score = scorer.score(values, width: width, height: height, polygon: polygon)
            if score < scoreFloor { return nil }
            isGrown = try unclipper.grow(polygon, ratio: options.unclipRatio)
        } else {
            let quad = quads.find(contour)
            guard Double(quad.shorterSide) >= options.minSize else { return nil }
            score = scorer.score(values, width: width, height: height, quad: quad)
            if score < scoreFloor { return nil }
            isGrown = try unclipper.grow(quad, ratio: options.unclipRatio)
        }
        guard isGrown else { return nil }
        let quad = quads.find(unclipper.polygon)
        guard Double(quad.shorterSide) >= options.minSize + 2 else { return nil }

        let clip = options.clipToImage ? (map.imageWidth, map.imageHeight) : nil
        var points: [Point] = []
        if options.usePolygon {
            points.reserveCapacity(unclipper.polygon.count)
            for point in unclipper.polygon {
                points.append(MapToImage.point(Double(point.x), Double(point.y), map.inverse, clip: clip))
            }
        } else {
            points.reserveCapacity(4)
            let (a, b, c, d) = quad.corners
            points.append(MapToImage.point(Double(a.x), Double(a.y), map.inverse, clip: clip))
            points.append(MapToImage.point(Double(b.x), Double(b.y), map.inverse, clip: clip))
            points.append(MapToImage.point(Double(c.x), Double(c.y), map.inverse, clip: clip))
            points.append(MapToImage.point(Double(d.x), Double(d.y), map.inverse, clip: clip))
        }
        return Candidate(contourIndex: index, score: score, polygon: Polygon(points))
    }
}
