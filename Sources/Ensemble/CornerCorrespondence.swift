import Geometry

/// Which corners of several outlines belong together, so that they can be averaged.
enum CornerCorrespondence {
    /// Points that an outline is given where corners do not correspond.
    static let arcPoints = 32

    /// The members' outlines point for point: quads by their corners, others resampled along the arc, each turned (and
    /// flipped) to lie closest to `reference`.
    ///
    /// - Parameter alongArc: whether quads are resampled too, to go with others.
    /// - Returns: outlines of one length; nil where a polygon without arc length cannot be resampled.
    static func align(_ members: [Polygon], to reference: Polygon, alongArc: Bool = false) -> [[Point]]? {
        if !alongArc, reference.points.count == 4, members.allSatisfy({ $0.points.count == 4 }) {
            return members.map { closest($0.points, to: reference.points) }
        }
        guard let target = resampled(reference, count: arcPoints) else { return nil }
        var aligned: [[Point]] = []
        for member in members {
            guard let points = resampled(member, count: arcPoints) else { return nil }
            aligned.append(closest(points, to: target))
        }
        return aligned
    }

    /// `count` points at equal distances along the closed outline, from its first corner; nil without arc length.
    static func resampled(_ polygon: Polygon, count: Int) -> [Point]? {
        let corners = polygon.points
        let lengths = corners.indices.map { index in
            let (from, to) = (corners[index], corners[(index + 1) % corners.count])
            return ((to.x - from.x) * (to.x - from.x) + (to.y - from.y) * (to.y - from.y)).squareRoot()
        }
        let total = lengths.reduce(0, +)
        guard total > 0, total.isFinite else { return nil }
        var edge = 0
        var passed = 0.0
        return (0..<count).map { number in
            let distance = total * Double(number) / Double(count)
            while edge + 1 < corners.count, passed + lengths[edge] <= distance {
                passed += lengths[edge]
                edge += 1
            }
            let part = lengths[edge] > 0 ? min(1, (distance - passed) / lengths[edge]) : 0
            let (from, to) = (corners[edge], corners[(edge + 1) % corners.count])
            return Point(from.x + part * (to.x - from.x), from.y + part * (to.y - from.y))
        }
    }

    /// The order of `points` around the outline, in either sense, with the least sum of squared distances; the first
    /// of equals.
    private static func closest(_ points: [Point], to reference: [Point]) -> [Point] {
        let count = points.count
        var best: (distance: Double, sense: [Point], start: Int)?
        for sense in [points, points.reversed()] {
            for start in 0..<count {
                var distance = 0.0
                for position in 0..<count {
                    if let best, distance >= best.distance { break }
                    let point = sense[position + start < count ? position + start : position + start - count]
                    let (dx, dy) = (point.x - reference[position].x, point.y - reference[position].y)
                    distance += dx * dx + dy * dy
                }
                if best.map({ distance < $0.distance }) ?? true { best = (distance, sense, start) }
            }
        }
        guard let best else { return points }
        return (0..<count).map { best.sense[($0 + best.start) % count] }
    }
}

/// A weighted mean of outlines of one length, which takes one after another; equal weights as long as all are 0.
struct OutlineMean {
    private var sums: [Point] = []
    private var total = 0.0
    private var isWeightless = true

    init(of outlines: [[Point]], weights: [Double]) {
        for (outline, weight) in zip(outlines, weights) { add(outline, weight: weight) }
    }

    var pointCount: Int { sums.count }
    var points: [Point] { sums.map { Point($0.x / total, $0.y / total) } }

    mutating func add(_ outline: [Point], weight given: Double) {
        if sums.isEmpty || isWeightless && given != 0 {
            sums = Array(repeating: Point(0, 0), count: outline.count)
            total = 0
        }
        isWeightless = isWeightless && given == 0
        let weight = isWeightless ? 1 : given
        for position in sums.indices {
            sums[position].x += weight * outline[position].x
            sums[position].y += weight * outline[position].y
        }
        total += weight
    }
}

extension Polygon {
    /// Corners on whole pixels, halves to even.
    var rounded: Polygon {
        Polygon(points.map { Point($0.x.rounded(.toNearestOrEven), $0.y.rounded(.toNearestOrEven)) })
    }
}
