import Geometry

/// How many characters a box without text counts for, by its aspect ratio.
enum BoxLength {
    // MARK: The leaderboard's profile

    /// A truth box's length: 1…100, and 100 where the corners span no area.
    static func leaderboard(_ polygon: Polygon, _ precision: ScoringOptions.RatioPrecision) -> Int {
        switch precision {
        case .single: truthLength(smallestRectangleRatio(polygon) as Float)
        case .double: truthLength(smallestRectangleRatio(polygon) as Double)
        }
    }

    /// What a detection without a match costs: 0…100, by the inverse ratio alone, so that a lying box costs more than a
    /// standing one.
    static func leaderboardFalsePositive(_ polygon: Polygon, _ precision: ScoringOptions.RatioPrecision) -> Int {
        switch precision {
        case .single: falsePositiveLength(smallestRectangleRatio(polygon) as Float)
        case .double: falsePositiveLength(smallestRectangleRatio(polygon) as Double)
        }
    }

    private static func truthLength<Scalar: RectangleScalar>(_ ratio: Scalar) -> Int {
        Int(min((0.5 + max(ratio, 1 / (ratio + .singleUlp))).rounded(.toNearestOrEven), 100))
    }

    private static func falsePositiveLength<Scalar: RectangleScalar>(_ ratio: Scalar) -> Int {
        Int(min((0.5 + 1 / (.singleUlp + ratio)).rounded(.toNearestOrEven), 100))
    }

    /// Height over width of the smallest rectangle along a side of the hull, at most 100; 0 where the corners span no
    /// area. Width runs along that side; of equally small rectangles the first in Qhull's order counts.
    private static func smallestRectangleRatio<Scalar: RectangleScalar>(_ polygon: Polygon) -> Scalar {
        let single = polygon.points.map { Point(Double(Float($0.x)), Double(Float($0.y))) }
        guard let corners = ConvexHull.corners(single) else { return 0 }
        let hull = corners.map { (x: Scalar(single[$0].x), y: Scalar(single[$0].y)) }
        var smallest = Scalar.infinity
        var ratio: Scalar = 0
        for (index, corner) in hull.enumerated() {
            let next = hull[index + 1 == hull.count ? 0 : index + 1]
            let unit = Scalar.direction(corner, next)
            var lowX = Scalar.infinity
            var highX = -Scalar.infinity
            var lowY = Scalar.infinity
            var highY = -Scalar.infinity
            for point in hull {
                let x = Scalar.dot(unit, point)
                let y = Scalar.dot((-unit.y, unit.x), point)
                lowX = min(lowX, x)
                highX = max(highX, x)
                lowY = min(lowY, y)
                highY = max(highY, y)
            }
            let width = highX - lowX
            let height = highY - lowY
            if width * height < smallest {
                smallest = width * height
                ratio = min(100, height / (width + .singleUlp))
            }
        }
        return ratio
    }

    // MARK: The published package's profile

    /// A don't-care's length: 1…10; any polygon but a quad has 10, since the package adds 1e5 to its ratio.
    static func upstream(_ polygon: Polygon) -> Int {
        guard polygon.points.count == 4 else { return 10 }
        let ratio = quadRatio(polygon)
        return Int(min((0.5 + max(ratio, 1 / ratio)).rounded(.toNearestOrEven), 10))
    }

    /// What a detection without a match costs: 0…10; 1 for any polygon but a quad.
    static func upstreamFalsePositive(_ polygon: Polygon) -> Int {
        guard polygon.points.count == 4 else { return 1 }
        return Int(min((0.5 + 1 / (1e-5 + quadRatio(polygon))).rounded(.toNearestOrEven), 10))
    }

    /// Mean width over mean height of a quad, corners from the upper left, clockwise.
    static func quadRatio(_ quad: Polygon) -> Double {
        func side(_ first: Int, _ second: Int) -> Double {
            let x = quad.points[first].x - quad.points[second].x
            let y = quad.points[first].y - quad.points[second].y
            return (x * x + y * y).squareRoot()
        }
        let width = (side(0, 1) + side(2, 3)) / 2
        let height = (side(1, 2) + side(3, 0)) / 2
        return (width + 1e-5) / (height + 1e-5)
    }
}

/// The arithmetic that the leaderboard's rectangle is worked out in.
///
/// The steps are NumPy's: differences of single-precision corners, a norm in double, and from there on NumPy 2 stays in
/// single precision where NumPy 1 went to double.
private protocol RectangleScalar: BinaryFloatingPoint {
    /// The unit vector from one corner to another.
    static func direction(_ from: (x: Self, y: Self), _ to: (x: Self, y: Self)) -> (x: Self, y: Self)
    /// OpenBLAS' dot product of two pairs.
    static func dot(_ a: (x: Self, y: Self), _ b: (x: Self, y: Self)) -> Self
}

extension RectangleScalar {
    /// The epsilon of single precision, in either.
    static var singleUlp: Self { Self(Float.ulpOfOne) }
}

extension Float: RectangleScalar {
    static func direction(_ from: (x: Float, y: Float), _ to: (x: Float, y: Float)) -> (x: Float, y: Float) {
        let x = to.x - from.x
        let y = to.y - from.y
        let length = Float(Double(x * x + y * y).squareRoot())
        return (x / length, y / length)
    }

    static func dot(_ a: (x: Float, y: Float), _ b: (x: Float, y: Float)) -> Float {
        Float(Double(a.x * b.x) + Double(a.y * b.y))
    }
}

extension Double: RectangleScalar {
    static func direction(_ from: (x: Double, y: Double), _ to: (x: Double, y: Double)) -> (x: Double, y: Double) {
        let x = Double(Float(to.x) - Float(from.x))
        let y = Double(Float(to.y) - Float(from.y))
        let length = (x * x + y * y).squareRoot()
        return (x / length, y / length)
    }

    static func dot(_ a: (x: Double, y: Double), _ b: (x: Double, y: Double)) -> Double {
        // OpenBLAS multiplies and adds in one step here.
        (a.x * b.x).addingProduct(a.y, b.y)
    }
}
