/// The convex hull of some points with its corners in the order in which Qhull 2020.2 lists them.
///
/// Which corner comes first is chance to geometry and yet decides scores: where several sides of a hull span equally
/// small rectangles (the four of any upright box), the leaderboard's CLEval takes the first, and the box's aspect ratio
/// is that side's. So this repeats Qhull's incremental construction in the plane, with its facet list, its furthest
/// points and its merges of collinear sides (C. B. Barber, D. P. Dobkin, H. Huhdanpaa, "The Quickhull Algorithm for
/// Convex Hulls", 1996), as `scipy.spatial.ConvexHull` runs it.
package struct ConvexHull {
    private let points: [Point]
    private let precision: Precision
    private var facets: [Facet] = []
    /// Facets in Qhull's order; the first is where the walk around the hull begins.
    private var list: [Int] = []
    /// The facet where the search for outside points goes on; nil at the list's end.
    private var next: Int?
    /// The facets made for the point just added, in the list's order; empty in between.
    private var newFacets: [Int] = []
    /// For each point, when it became a corner; -1 before.
    private var age: [Int]
    private var born = 0

    /// - Returns: indices of the hull's corners, anticlockwise where y points up, collinear ones left out; nil where the
    ///   points span no area, or there are fewer than three.
    /// - Complexity: O(*n* · *h*) for *h* corners on the hull, at worst O(*n*²).
    package static func corners(_ points: [Point]) -> [Int]? {
        guard points.count > 2, points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return nil }
        let extremes = Extremes(points)
        guard let simplex = extremes.simplex(points) else { return nil }
        var hull = ConvexHull(points, extremes.precision)
        guard hull.start(simplex) else { return nil }
        hull.assignOutsidePoints(except: simplex)
        while let (facet, point) = hull.nextOutsidePoint() {
            guard hull.add(point, above: facet) else { return nil }
        }
        return hull.walk()
    }

    private init(_ points: [Point], _ precision: Precision) {
        self.points = points
        self.precision = precision
        age = [Int](repeating: -1, count: points.count)
    }

    // MARK: The first triangle

    /// Makes the three facets of the first triangle; false where it is flat.
    private mutating func start(_ simplex: [Int]) -> Bool {
        for point in simplex { enter(point) }
        let newestFirst = [simplex[2], simplex[1], simplex[0]]
        for left in 0..<3 {
            let corners = (0..<3).filter { $0 != left }
            facets.append(
                Facet(newestFirst[corners[0]], newestFirst[corners[1]], corners[0], corners[1], isTop: left != 1))
        }
        list = [0, 1, 2]
        let centre = Point(
            newestFirst.reduce(0) { $0 + points[$1].x } / 3, newestFirst.reduce(0) { $0 + points[$1].y } / 3)
        setPlane(0)
        if facets[0].distance(centre) > precision.round {
            for index in 0..<3 { facets[index].isTop.toggle() }
        }
        for index in 0..<3 { setPlane(index) }
        return facets.allSatisfy { $0.distance(centre) < -precision.round }
    }

    private mutating func enter(_ point: Int) {
        age[point] = born
        born += 1
    }

    private mutating func setPlane(_ index: Int) {
        let a = points[facets[index].newer]
        let b = points[facets[index].older]
        var normal = Point(b.y - a.y, a.x - b.x)
        let length = (normal.x * normal.x + normal.y * normal.y).squareRoot()
        let norm = facets[index].isTop ? length : -length
        if length > 0 { normal = Point(normal.x / norm, normal.y / norm) }
        facets[index].normal = normal
        facets[index].offset = -(a.x * normal.x + a.y * normal.y)
    }

    private mutating func assignOutsidePoints(except simplex: [Int]) {
        var pending = points.indices.filter { !simplex.contains($0) }
        for index in 0..<3 {
            var rest: [Int] = []
            for point in pending {
                let distance = facets[index].distance(points[point])
                if distance < precision.clearlyOutside {
                    rest.append(point)
                } else {
                    facets[index].addOutside(point, distance)
                }
            }
            pending = rest
        }
        next = 0
        for point in pending { assign(point, near: 0, among: list, anywhere: true) }
        let furthest = list.filter { !facets[$0].outside.isEmpty }
            .reduce(nil as Int?) { best, index in
                best.map { facets[index].furthest > facets[$0].furthest ? index : $0 } ?? index
            }
        if let furthest { list = [furthest] + list.filter { $0 != furthest } }
        next = list.first
    }

    // MARK: One more point

    private mutating func nextOutsidePoint() -> (facet: Int, point: Int)? {
        while let facet = next {
            if let point = facets[facet].outside.popLast() { return (facet, point) }
            next = successor(facet)
        }
        return nil
    }

    /// False where the point sees every facet, which rounding alone can bring about.
    private mutating func add(_ point: Int, above facet: Int) -> Bool {
        enter(point)
        let visible = removeVisible(from: point, startingAt: facet)
        var replacement: [Int?] = []
        for index in visible {
            var made: Int?
            for side in 0..<2 where !facets[facets[index].neighbour(side)].isVisible {
                made = makeFacet(point, visible: index, side: side)
            }
            replacement.append(made)
        }
        guard newFacets.count == 2 else { return false }
        for (index, other) in zip(newFacets, newFacets.reversed()) {
            facets[index].olderSide = other
            if !facets[facets[index].newerSide].isCoplanar { setPlane(index) }
        }
        let made = newFacets
        list += made
        if next == nil { next = made.first }
        for index in made where facets[facets[index].newerSide].isCoplanar { merge(index) }
        let isMerged = newFacets.contains { !facets[$0].isSimplicial }
        for (index, made) in zip(visible, replacement) where !facets[index].outside.isEmpty {
            guard let start = made.map({ facets[$0].mergedInto ?? $0 }) ?? newFacets.first else { continue }
            for outside in facets[index].outside {
                assign(outside, near: start, among: newFacets, anywhere: isMerged)
            }
        }
        for index in newFacets { facets[index].isNew = false }
        newFacets = []
        return true
    }

    /// Takes the facets that `point` sees off the list, breadth first, and notes which others it lies on.
    private mutating func removeVisible(from point: Int, startingAt start: Int) -> [Int] {
        var visible = [start]
        var seen = [start]
        facets[start].isVisible = true
        remove(start)
        var position = 0
        while position < visible.count {
            for side in 0..<2 {
                let neighbour = facets[visible[position]].neighbour(side)
                if seen.contains(neighbour) { continue }
                seen.append(neighbour)
                let distance = facets[neighbour].distance(points[point])
                if distance > precision.visible {
                    visible.append(neighbour)
                    facets[neighbour].isVisible = true
                    remove(neighbour)
                } else {
                    facets[neighbour].isCoplanar = distance >= -precision.visible
                }
            }
            position += 1
        }
        return visible
    }

    /// Makes the facet from `apex` to the corner where the horizon meets `visible` on `side`.
    private mutating func makeFacet(_ apex: Int, visible: Int, side: Int) -> Int {
        let horizon = facets[visible].neighbour(side)
        let corner = facets[visible].corner(1 - side)
        let skipped = facets[horizon].newer == corner ? 1 : 0
        var facet = Facet(apex, corner, horizon, horizon, isTop: facets[horizon].isTop == (skipped == 1))
        facet.isNew = true
        facets.append(facet)
        let index = facets.count - 1
        facets[horizon].setNeighbour(skipped, index)
        newFacets.append(index)
        return index
    }

    /// Merges a new facet into the collinear horizon facet beside it, which goes to the list's end.
    private mutating func merge(_ index: Int) {
        let new = facets[index]
        let horizon = new.newerSide
        let old = facets[horizon]
        let shared = old.newer == new.older ? 0 : 1
        let far = old.corner(1 - shared)
        let beyondApex = new.olderSide
        let beyondFar = old.neighbour(shared)
        let keepsOrder = age[new.newer] > age[far]
        if keepsOrder == (shared == 1) { facets[horizon].isTop.toggle() }
        facets[horizon].newer = keepsOrder ? new.newer : far
        facets[horizon].older = keepsOrder ? far : new.newer
        facets[horizon].newerSide = keepsOrder ? beyondFar : beyondApex
        facets[horizon].olderSide = keepsOrder ? beyondApex : beyondFar
        facets[beyondApex].replaceNeighbour(index, horizon)
        remove(horizon)
        list.append(horizon)
        if next == nil { next = horizon }
        remove(index)
        facets[index].mergedInto = horizon
        facets[horizon].isNew = true
        facets[horizon].isSimplicial = false
        newFacets.removeAll { $0 == index || $0 == horizon }
        newFacets.append(horizon)
    }

    // MARK: Outside points

    /// Gives `point` to a facet that it lies outside of, as `qh_partitionpoint` does; drops it where there is none.
    private mutating func assign(_ point: Int, near start: Int, among candidates: [Int], anywhere: Bool) {
        let place = points[point]
        var best = start
        var distance = facets[start].distance(place)
        if anywhere {
            let first = candidates.firstIndex(of: start) ?? 0
            let order = candidates[first...] + candidates[..<first]
            if distance < precision.clearlyOutside {
                for index in order {
                    let other = facets[index].distance(place)
                    guard other > distance else { continue }
                    (best, distance) = (index, other)
                    if other >= precision.clearlyOutside { break }
                }
            }
            if distance < precision.clearlyOutside { improve(&best, &distance, place) }
        } else if distance < precision.outside {
            if let other = candidates.first(where: { $0 != start }), facets[other].distance(place) > distance {
                (best, distance) = (other, facets[other].distance(place))
            }
            if distance < precision.outside { improve(&best, &distance, place) }
        }
        guard distance >= precision.outside else { return }
        let wasEmpty = facets[best].outside.isEmpty
        facets[best].addOutside(point, distance)
        guard wasEmpty, next != best else { return }
        if facets[best].isNew {
            if let next, facets[next].isNew { self.next = newFacets.first }
        } else {
            remove(best)
            list.append(best)
            if next == nil { next = best }
            if !newFacets.isEmpty {
                facets[best].isNew = true
                newFacets.append(best)
            }
        }
    }

    private func improve(_ best: inout Int, _ distance: inout Double, _ place: Point) {
        for index in list {
            let other = facets[index].distance(place)
            if other > distance { (best, distance) = (index, other) }
        }
    }

    // MARK: The list

    private func successor(_ facet: Int) -> Int? {
        guard let position = list.firstIndex(of: facet), position + 1 < list.count else { return nil }
        return list[position + 1]
    }

    private mutating func remove(_ facet: Int) {
        if next == facet { next = successor(facet) }
        list.removeAll { $0 == facet }
    }

    private func walk() -> [Int] {
        var corners: [Int] = []
        var index = list[0]
        repeat {
            let facet = facets[index]
            corners.append(facet.isTop ? facet.newer : facet.older)
            index = facet.isTop ? facet.newerSide : facet.olderSide
        } while index != list[0] && corners.count <= list.count
        return corners
    }
}

/// One side of the hull under construction.
private struct Facet {
    /// Its two corners, by when they were added.
    var newer, older: Int
    /// The facets opposite the newer and the older corner: the first shares the older corner, the second the newer.
    var newerSide, olderSide: Int
    /// Which of the two ways round the corners stand.
    var isTop: Bool
    var normal = Point(0, 0)
    var offset = 0.0
    /// Points outside this facet, the furthest last.
    var outside: [Int] = []
    var furthest = 0.0
    var isVisible = false
    var isCoplanar = false
    var isNew = false
    var isSimplicial = true
    var mergedInto: Int?

    init(_ newer: Int, _ older: Int, _ newerSide: Int, _ olderSide: Int, isTop: Bool) {
        self.newer = newer
        self.older = older
        self.newerSide = newerSide
        self.olderSide = olderSide
        self.isTop = isTop
    }

    func corner(_ side: Int) -> Int { side == 0 ? newer : older }
    func neighbour(_ side: Int) -> Int { side == 0 ? newerSide : olderSide }

    mutating func setNeighbour(_ side: Int, _ facet: Int) {
        if side == 0 { newerSide = facet } else { olderSide = facet }
    }

    mutating func replaceNeighbour(_ old: Int, _ new: Int) {
        if newerSide == old { newerSide = new } else { olderSide = new }
    }

    func distance(_ point: Point) -> Double { offset + point.x * normal.x + point.y * normal.y }

    mutating func addOutside(_ point: Int, _ distance: Double) {
        if outside.isEmpty || furthest < distance {
            outside.append(point)
            furthest = distance
        } else {
            outside.insert(point, at: outside.count - 1)
        }
    }
}

/// Qhull's tolerances for a set of points (`qh_detroundoff`).
private struct Precision {
    /// The largest rounding error of a distance.
    let round: Double
    /// Above this a point sees a facet; within it, either way, the two are collinear.
    let visible: Double
    let outside: Double
    let clearlyOutside: Double

    init(largest: Double, sum: Double) {
        round = Double.ulpOfOne * (2 * min(2.0.squareRoot() * largest, sum) * 1.01 + largest)
        visible = 2 * round
        outside = 2 * visible
        clearlyOutside = 2 * outside
    }
}

/// The extreme points along x and y, and the triangle that Qhull starts from (`qh_maxmin`, `qh_maxsimplex`).
private struct Extremes {
    /// The points of smallest and largest x, then of smallest and largest y; the first of equals.
    let points: [Int]
    let width: Double
    let precision: Precision
    private let nearZero: Double

    init(_ all: [Point]) {
        var found: [Int] = []
        var width = 0.0
        var largest = 0.0
        var sum = 0.0
        for isX in [true, false] {
            func coordinate(_ index: Int) -> Double { isX ? all[index].x : all[index].y }
            var low = 0
            var high = 0
            for index in all.indices {
                if coordinate(high) < coordinate(index) {
                    high = index
                } else if coordinate(low) > coordinate(index) {
                    low = index
                }
            }
            let extent = max(coordinate(high), -coordinate(low))
            width = max(width, coordinate(high) - coordinate(low))
            largest = max(largest, extent)
            sum += extent
            found += [low, high]
        }
        points = found
        self.width = width
        precision = Precision(largest: largest, sum: sum)
        nearZero = 10 * 80 * sum * Double.ulpOfOne
    }

    /// The two points furthest apart in x and the one that makes the largest triangle with them.
    func simplex(_ all: [Point]) -> [Int]? {
        let left = points.reduce(points[0]) { all[$1].x < all[$0].x ? $1 : $0 }
        let right = points.reduce(points[0]) { all[$1].x > all[$0].x ? $1 : $0 }
        guard left != right else { return nil }
        func determinant(_ index: Int) -> Double {
            let apex = all[index]
            return abs(
                (all[left].x - apex.x) * (all[right].y - apex.y) - (all[left].y - apex.y) * (all[right].x - apex.x))
        }
        var largest = -1.0
        var third: Int?
        for index in points where index != left && index != right && determinant(index) > largest {
            largest = determinant(index)
            third = index
        }
        let target = (all[right].x - all[left].x) * width
        if third == nil || largest < nearZero || largest < 1e-3 * target {
            for index in all.indices
            where index != left && index != right && !points.contains(index) && determinant(index) > largest {
                largest = determinant(index)
                third = index
                if largest >= nearZero && largest > 1e-2 * target { break }
            }
        }
        return third.map { [left, right, $0] }
    }
}
