import Foundation
import Geometry

/// What a model sees of a candidate, in image pixels throughout.
///
/// - `score`: the mean over all sources of the scores that voted, a source without a vote counting 0; `best_score`: the
///   highest of them; `votes`: how many sources voted.
/// - `map1_mean`, `map1_spread`, …: mean and standard deviation of each source's map inside the polygon, voted or not.
/// - `area`: the logarithm of its share of the image; `aspect`: that of width over height of the bounding box, since a
///   leaderboard counts characters along the text; `density`: that of the perimeter over the root of the area.
/// - `neighbours`: the logarithm of 1 more than the candidates whose bounding box touches the own one, grown by half its
///   height on all sides.
/// - `overlap`: the highest IoU with another candidate; `covered`: the largest share of the own area that lies in one other
///   candidate; `covers`: the largest share of another candidate's area that lies in this one. A word found whole and in
///   parts shows here.
enum CandidateFeatures {
    /// The features' names, in the order of the columns.
    static func names(sources: Int) -> [String] {
        ["score", "best_score", "votes"] + (1...sources).flatMap { ["map\($0)_mean", "map\($0)_spread"] }
            + ["area", "aspect", "density", "neighbours", "overlap", "covered", "covers"]
    }

    /// The last features, of the polygons of one image among each other.
    ///
    /// - Complexity: O(*n* log *n*) for *n* polygons where they overlap few others.
    static func shapes(_ polygons: [Polygon], imageWidth: Int, imageHeight: Int) -> [[Double]] {
        let neighbourhood = Neighbourhood(of: polygons)
        return polygons.indices.map { index in
            let polygon = polygons[index]
            let box = polygon.boundingBox ?? BoundingBox(minX: 0, minY: 0, maxX: 0, maxY: 0)
            let area = max(polygon.area, 1)
            let around = neighbourhood.overlaps[index]
            return [
                log(area / Double(imageWidth * imageHeight)),
                log(max(box.maxX - box.minX, 1) / max(box.maxY - box.minY, 1)),
                log(max(perimeter(polygon), 1) / area.squareRoot()), log(1 + Double(neighbourhood.counts[index])),
                around.iou, around.covered, around.covers,
            ]
        }
    }

    private static func perimeter(_ polygon: Polygon) -> Double {
        let points = polygon.points
        return points.indices.reduce(0) { sum, index in
            let (from, to) = (points[index], points[index + 1 == points.count ? 0 : index + 1])
            return sum + ((to.x - from.x) * (to.x - from.x) + (to.y - from.y) * (to.y - from.y)).squareRoot()
        }
    }
}

/// Which polygons of an image stand near each other, and by how much they overlap.
private struct Neighbourhood {
    /// How many others touch each one's grown bounding box.
    private(set) var counts: [Int]
    private(set) var overlaps: [(iou: Double, covered: Double, covers: Double)]

    init(of polygons: [Polygon]) {
        counts = Array(repeating: 0, count: polygons.count)
        overlaps = Array(repeating: (0, 0, 0), count: polygons.count)
        let boxes = polygons.enumerated().compactMap { index, polygon in polygon.boundingBox.map { (index, $0) } }
            .sorted { ($0.1.minY, $0.0) < ($1.1.minY, $1.0) }
        let reach = boxes.reduce(0) { max($0, ($1.1.maxY - $1.1.minY) / 2) }
        for (position, (index, box)) in boxes.enumerated() {
            for (other, otherBox) in boxes[(position + 1)...] {
                if otherBox.minY > box.maxY + reach { break }
                if Self.touches(Self.grown(box), otherBox) { counts[index] += 1 }
                if Self.touches(Self.grown(otherBox), box) { counts[other] += 1 }
                if box.overlaps(otherBox) { meet(index, other, polygons) }
            }
        }
    }

    private mutating func meet(_ first: Int, _ second: Int, _ polygons: [Polygon]) {
        let common = polygons[first].intersectionArea(with: polygons[second])
        guard common > 0 else { return }
        let shares = [first, second].map { min(1, common / max(polygons[$0].area, common)) }
        let iou = polygons[first].iou(with: polygons[second])
        for (own, shareOfOwn, shareOfOther) in [(first, shares[0], shares[1]), (second, shares[1], shares[0])] {
            overlaps[own].iou = max(overlaps[own].iou, iou)
            overlaps[own].covered = max(overlaps[own].covered, shareOfOwn)
            overlaps[own].covers = max(overlaps[own].covers, shareOfOther)
        }
    }

    private static func grown(_ box: BoundingBox) -> BoundingBox {
        let margin = (box.maxY - box.minY) / 2
        return BoundingBox(
            minX: box.minX - margin, minY: box.minY - margin, maxX: box.maxX + margin, maxY: box.maxY + margin)
    }

    private static func touches(_ first: BoundingBox, _ second: BoundingBox) -> Bool {
        first.minX <= second.maxX && second.minX <= first.maxX && first.minY <= second.maxY
            && second.minY <= first.maxY
    }
}
