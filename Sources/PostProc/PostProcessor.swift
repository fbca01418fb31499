import Dataset
import Geometry
import Maps

/// Post-processing with its memory: keep one for a loop over maps (one a task), and nothing is allocated a map but
/// the words themselves.
///
/// Options of one map that follow each other share work, exactly: a higher `thresh` reads the map only where there was
/// text at the one before, the same `thresh` keeps its contours, and another unclip ratio their scored shapes too. The
/// last map is kept until the next.
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
///
/// What the stages left stands until the next map, and is not worked out again for options that it does not hang on:
/// contours of the same threshold, and their shapes of the same form.
private struct Stages: ~Copyable {
    /// A contour's quad or polygon, which is scored and then grown.
    private struct Shape: BitwiseCopyable {
        let contour: Int
        let score: Double
        /// The quad; of a polygon nil.
        let quad: MinAreaQuad?
        /// Where the polygon starts and ends in `corners`.
        let start, end: Int
    }

    private var mask = BinaryMap()
    private var contours = ContourList()
    private var quads = MinAreaQuadFinder()
    private var approximator = PolygonApproximator()
    private var scorer = BoxScorer()
    private var unclipper = Unclipper()
    private var shapes = Buffer<Shape>()
    private var corners = Buffer<MapPoint>()
    /// What `contours` are of; the map is kept so that no other can take its place in memory.
    private var contoursOf: (map: ProbabilityMap, thresh: Float)?
    /// What `shapes` are of, beside the contours.
    private var shapesOf: (usePolygon: Bool, minSize: Double, contours: Int)?

    mutating func run(
        _ map: ImageMap, _ options: CandidateOptions, maxCandidates: Int, scoreFloor: Double
    ) throws -> CandidateSet {
        try map.map.values.withUnsafeBufferPointer { values throws -> CandidateSet in
            guard let base = values.baseAddress else { return CandidateSet(contourCount: 0, candidates: []) }
            findContours(base, of: map.map, thresh: Float(options.thresh))
            findShapes(base, of: map.map, options, contours: min(contours.count, max(0, maxCandidates)))
            var candidates: [Candidate] = []
            for shape in shapes.elements where !(shape.score < scoreFloor) {
                let polygon: Polygon?
                do throws(Unclipper.ClipperFailure) {
                    polygon = try grown(shape, map, options)
                } catch {
                    throw PostProcError.union(contour: shape.contour, image: map.imageName, message: error.message)
                }
                guard let polygon else { continue }
                guard shape.score.isFinite else {
                    throw PostProcError.notFinite(contour: shape.contour, image: map.imageName)
                }
                candidates.append(Candidate(contourIndex: shape.contour, score: shape.score, polygon: polygon))
            }
            return CandidateSet(contourCount: contours.count, candidates: candidates)
        }
    }

    private mutating func findContours(_ values: UnsafePointer<Float>, of map: ProbabilityMap, thresh: Float) {
        var isNested = false
        if let last = contoursOf, last.map.width == map.width, last.map.height == map.height,
            last.map.values.withUnsafeBufferPointer({ $0.baseAddress == values })
        {
            if last.thresh == thresh { return }
            isNested = last.thresh < thresh
        }
        mask.binarize(values, width: map.width, height: map.height, thresh: thresh, isNested: isNested)
        mask.findContours(into: &contours)
        contoursOf = (map, thresh)
        shapesOf = nil
    }

    /// The shapes of the first contours that the filters before growth let pass, in contour order.
    private mutating func findShapes(
        _ values: UnsafePointer<Float>, of map: ProbabilityMap, _ options: CandidateOptions, contours count: Int
    ) {
        let wanted = (options.usePolygon, options.minSize, count)
        if let shapesOf, shapesOf == wanted { return }
        shapesOf = wanted
        shapes.removeAll()
        corners.removeAll()
        for index in 0..<count {
            let contour = contours[index]
            if options.usePolygon {
                let epsilon = 0.002 * PolygonApproximator.arcLength(contour)
                approximator.approximate(contour, epsilon: epsilon)
                let polygon = approximator.polygon.elements
                guard polygon.count >= 4 else { continue }
                let score = scorer.score(values, width: map.width, height: map.height, polygon: polygon)
                let start = corners.count
                for point in polygon { corners.append(point) }
                shapes.append(Shape(contour: index, score: score, quad: nil, start: start, end: corners.count))
            } else {
                let quad = quads.find(contour)
                guard Double(quad.shorterSide) >= options.minSize else { continue }
                let score = scorer.score(values, width: map.width, height: map.height, quad: quad)
                shapes.append(Shape(contour: index, score: score, quad: quad, start: 0, end: 0))
            }
        }
    }

    /// A shape's polygon in image pixels; nil where nothing is left of it or a filter drops it.
    private mutating func grown(
        _ shape: Shape, _ map: ImageMap, _ options: CandidateOptions
    ) throws(Unclipper.ClipperFailure) -> Polygon? {
        let isGrown =
            if let quad = shape.quad {
                try unclipper.grow(quad, ratio: options.unclipRatio)
            } else {
                try unclipper.grow(
                    UnsafeBufferPointer(rebasing: corners.elements[shape.start..<shape.end]),
                    ratio: options.unclipRatio)
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
        return Polygon(points)
    }
}
