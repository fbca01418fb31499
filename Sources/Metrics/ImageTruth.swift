import Dataset
import Geometry

/// One image's truth with all the work on it done once, to score any number of detections against.
public struct ImageTruth: Sendable {
    let options: ScoringOptions
    /// Truth boxes on whole pixels; with CLEval and TedEval, don't-cares less the boxes that stand on them.
    let outlines: Outlines
    let isDontCare: [Bool]
    /// Where the boxes stand among the image's words.
    let places: [Int]
    /// CLEval's and TedEval's characters: box `i` has those from `characterStarts[i]` to `characterStarts[i + 1]`.
    let characters: [Point]
    let characterStarts: [Int]
    /// What the boxes say; empty unless scored end to end.
    let texts: [[Unicode.Scalar]]
    /// The boxes' mean diagonals; only for TedEval.
    let diagonals: [Double]
    /// Finds boxes by where they or their characters stand.
    let index: RowIndex

    /// Prepares the words of `image` that the metric scores.
    ///
    /// The leaderboard skips words of fewer than four corners; elsewhere words without corners are skipped. Without area, self-crossing, or far out of the image, a word is still scored: what lies inside follows
    /// the even-odd rule, coordinates are held within ±2^30.
    ///
    /// - Complexity: O(*n* log *n*) in the number of words; O(*k*²) in the corners of each, O(*k*³) where most of its
    ///   sides cross.
    public init(_ image: ImageAnnotation, options: ScoringOptions) {
        self.options = options
        let isLeaderboard = options.metric == .clevalLeaderboard
        places = image.words.indices.filter { Self.counts(image.words[$0], options) }
        let words = places.map { image.words[$0] }
        let polygons = words.map { Self.polygon($0, options) }
        let whole = polygons.map { isLeaderboard ? Outlines.rounded($0) : Outlines.truncated($0) }
        let isMarked = words.map { $0.isDontCare && options.honoursDontCares }
        let isDontCare = Self.isOutOfScale(words, image, options).map { zip(isMarked, $0).map { $0 || $1 } } ?? isMarked
        self.isDontCare = isDontCare
        texts = options.endToEnd ? words.map { EndToEnd.text($0.transcription, options) } : []
        outlines = Self.outlines(whole, isDontCare, cutsHoles: options.metric.cutsDontCares)
        diagonals = options.metric == .tedEval ? polygons.map(TextDirection.diagonal) : []

        var characters: [Point] = []
        var starts = [0]
        for (position, word) in words.enumerated() {
            switch options.metric {
            case .clevalLeaderboard:
                let length = BoxLength.leaderboard(whole[position], options.ratioPrecision)
                CharacterCentres.alongPolygon(whole[position], length: length, into: &characters)
            case .clevalUpstream:
                Self.appendUpstream(
                    word, polygons[position], isDontCare: isMarked[position], options, &characters)
            case .tedEval where !isDontCare[position]:
                Self.appendTedEval(word, polygons[position], whole[position], &characters)
            case .icdarIoU, .detEval, .tedEval: break
            }
            starts.append(characters.count)
        }
        self.characters = characters
        characterStarts = starts
        index = RowIndex(
            outlines.boxes.enumerated().map { position, box in
                characters[starts[position]..<starts[position + 1]].reduce(box) { $0.including($1) }
            })
    }

    /// Scores detections in file order, the first `maxDetections` of them.
    ///
    /// - Complexity: O(*d* log *t*) and the pairs that touch, for *d* detections and *t* truth boxes.
    public func score(_ detections: [Word]) -> ImageScore {
        pairs(with: options.maxDetections.map { Array(detections.prefix($0)) } ?? detections).score()
    }

    /// Does all the geometry between the truth and `detections`, so that any subset of them is scored in no time.
    public func pairs(with detections: [Word]) -> ImagePairs {
        ImagePairs(self, detections)
    }

    // MARK: What counts

    /// Which words lie outside the options' scale; nil where all count.
    private static func isOutOfScale(_ words: [Word], _ image: ImageAnnotation, _ options: ScoringOptions) -> [Bool]? {
        guard let range = options.scaleRange, let width = image.width, let height = image.height else { return nil }
        let longer = Double(max(width, height))
        return words.map { !range.contains(BoxScale.shorterSide($0.polygon) / longer) }
    }

    static func counts(_ word: Word, _ options: ScoringOptions) -> Bool {
        word.polygon.points.count >= (options.metric == .clevalLeaderboard ? 4 : 1)
    }

    /// The word's corners, within ±2^30; for the package's profile and TedEval four made of fewer, as the package does.
    static func polygon(_ word: Word, _ options: ScoringOptions) -> Polygon {
        let polygon = Outlines.held(word.polygon)
        let points = polygon.points
        guard options.metric == .clevalUpstream || options.metric == .tedEval else { return polygon }
        switch points.count {
        case 1: return Polygon([points[0], points[0], points[0], points[0]])
        case 2: return Polygon(points + [Point(points[1].x, points[0].y), Point(points[0].x, points[1].y)])
        case 3: return Polygon(points + [Point(points[0].x, points[2].y)])
        default: return polygon
        }
    }

    private static func outlines(_ polygons: [Polygon], _ isDontCare: [Bool], cutsHoles: Bool) -> Outlines {
        let boxes = polygons.map { $0.boundingBox ?? BoundingBox(minX: 0, minY: 0, maxX: 0, maxY: 0) }
        var outlines = Outlines(capacity: polygons.count)
        for (position, polygon) in polygons.enumerated() {
            guard cutsHoles && isDontCare[position] else {
                outlines.append(polygon)
                continue
            }
            let holes = polygons.indices.filter { !isDontCare[$0] && boxes[$0].overlaps(boxes[position]) }
            outlines.append(polygon, without: holes.map { polygons[$0] })
        }
        return outlines
    }

    /// The published package's centres; quads have their own.
    private static func appendUpstream(
        _ word: Word, _ polygon: Polygon, isDontCare: Bool, _ options: ScoringOptions, _ characters: inout [Point]
    ) {
        let isQuad = word.polygon.points.count == 4
        // A word without transcription is one character, as in the reference kit's use of the package.
        let length =
            isDontCare ? isQuad ? BoxLength.upstream(polygon) : 10 : word.transcription?.unicodeScalars.count ?? 1
        guard length > 0 else { return }
        if isQuad {
            CharacterCentres.alongQuad(
                polygon, length: length,
                isVertical: BoxLength.quadRatio(polygon) < options.verticalAspectRatioThreshold, into: &characters)
        } else {
            CharacterCentres.alongPolygon(polygon, length: length, into: &characters)
        }
    }
}

extension ImageTruth {
    /// TedEval's centres, one a character of the transcription: downwards where the box is more than half as high again
    /// as it is wide. Where there is no text, which the script cannot divide by, a box is one character.
    private static func appendTedEval(_ word: Word, _ polygon: Polygon, _ whole: Polygon, _ characters: inout [Point]) {
        let length = max(1, word.transcription?.unicodeScalars.count ?? 1)
        if polygon.points.count == 4 {
            let isVertical = whole.boundingBox.map { ($0.maxY - $0.minY) / ($0.maxX - $0.minX) > 1.5 } ?? false
            CharacterCentres.alongQuad(polygon, length: length, isVertical: isVertical, into: &characters)
        } else {
            CharacterCentres.alongPolygon(polygon, length: length, into: &characters)
        }
    }
}

extension BoundingBox {
    /// The smallest box around this one and `point`.
    fileprivate func including(_ point: Point) -> BoundingBox {
        BoundingBox(
            minX: min(minX, point.x), minY: min(minY, point.y), maxX: max(maxX, point.x), maxY: max(maxY, point.y))
    }
}
