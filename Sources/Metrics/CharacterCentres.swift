import Geometry

/// Where a box's characters are taken to stand: CLEval's pseudo-character centres (Baek et al. 2020, section 3.2).
enum CharacterCentres {
    /// `length` centres along a quad from its left side to its right one, or downwards.
    static func alongQuad(_ quad: Polygon, length: Int, isVertical: Bool, into centres: inout [Point]) {
        let points = quad.points
        let leftTop = points[isVertical ? 3 : 0]
        let rightTop = points[isVertical ? 0 : 1]
        let rightBottom = points[isVertical ? 1 : 2]
        let leftBottom = points[isVertical ? 2 : 3]
        let start = Point((leftTop.x + leftBottom.x) / 2, (leftTop.y + leftBottom.y) / 2)
        let end = Point((rightTop.x + rightBottom.x) / 2, (rightTop.y + rightBottom.y) / 2)
        let step = Point((end.x - start.x) / Double(length), (end.y - start.y) / Double(length))
        for index in 0..<length {
            centres.append(
                Point(start.x + step.x / 2 + step.x * Double(index), start.y + step.y / 2 + step.y * Double(index)))
        }
    }

    /// `length` centres along a polygon of four corners or more: the first half of its corners is its top line, the rest,
    /// reversed, its bottom line. Each line's sections are divided into `length` steps, at places truncated to whole
    /// pixels but for the sections' ends; a centre is the mean of four such places.
    static func alongPolygon(_ polygon: Polygon, length: Int, into centres: inout [Point]) {
        let points = polygon.points
        let half = points.count / 2
        let sections = half - 1
        /// The place that many steps along the top line, or along the bottom one.
        func place(_ step: Int, _ corner: (Int) -> Point) -> Point {
            let section = step / length
            let part = step % length
            guard section < sections else { return corner(-1) }
            let start = corner(section)
            guard part > 0 else { return start }
            let end = corner(section + 1)
            let count = Double(length)
            return Point(
                (start.x + (end.x - start.x) / count * Double(part)).rounded(.towardZero),
                (start.y + (end.y - start.y) / count * Double(part)).rounded(.towardZero))
        }
        func top(_ index: Int) -> Point { points[index < 0 ? half - 1 : index] }
        func bottom(_ index: Int) -> Point { points[index < 0 ? half : points.count - 1 - index] }
        var before = (place(0, top), place(0, bottom))
        for index in 0..<length {
            let after = (place((index + 1) * sections, top), place((index + 1) * sections, bottom))
            centres.append(
                Point(
                    (before.0.x + after.0.x + before.1.x + after.1.x) / 4,
                    (before.0.y + after.0.y + before.1.y + after.1.y) / 4))
            before = after
        }
    }
}
