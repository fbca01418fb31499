import Core
import Dataset
import Geometry

/// One run of `Validation`: walks the rows once and collects findings.
struct ValidationChecks {
    private let file: CSVRows
    private let expectation: Validation.Expectation
    /// The expected names, found by a name that is equal up to Unicode normalization.
    private let names: [String: String]?
    /// The expected names by their stem in lower case, for what a strange name may have meant.
    private let stems: [String: String]
    private var lines: [String: Int] = [:]
    private(set) var findings: [Finding] = []

    init(_ file: CSVRows, _ expectation: Validation.Expectation) {
        self.file = file
        self.expectation = expectation
        let order = expectation.names ?? []
        let names = Dictionary(order.map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
        self.names = expectation.names == nil ? nil : names
        stems = Dictionary(order.map { (Self.stem($0), $0) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func run() {
        checkFile()
        checkOrder()
        for row in file.rows {
            checkName(row)
            checkPolygons(row)
        }
        checkMissing()
        comparePredictions()
    }

    // MARK: The file

    private mutating func checkFile() {
        for problem in file.problems {
            findings.append(
                Finding(
                    problem.code, line: problem.line, column: problem.column, message: problem.message,
                    found: problem.found, expected: problem.expected))
        }
        if file.hasByteOrderMark {
            findings.append(Finding(.byteOrderMark, line: 1, message: "the file starts with a byte order mark"))
        }
        if file.hasCRLF { findings.append(Finding(.carriageReturns, message: "lines end in CR LF", expected: "LF")) }
        let quoted = file.rows.filter(\.isQuoted)
        if let first = quoted.first {
            findings.append(Finding(.quoted, line: first.line, message: "\(quoted.count) rows have quoted fields"))
        }
        let placeholders = file.rows.filter(\.isPlaceholder)
        if let first = placeholders.first {
            findings.append(
                Finding(
                    .placeholder, line: first.line, message: "\(placeholders.count) images are empty by eight zeros",
                    expected: "an empty field"))
        }
        if !file.rows.contains(where: { $0.polygonCount > 0 }) {
            findings.append(Finding(.noPolygons, message: "no image has a polygon"))
        }
    }

    private mutating func checkOrder() {
        guard expectation.namesAreOrdered, let order = expectation.names, let names else { return }
        let present = Set(file.rows.map(\.name))
        let rows = file.rows.filter { names[$0.name] != nil }
        if let (row, name) = zip(rows, order.filter(present.contains)).first(where: { $0.name != $1 }) {
            findings.append(
                Finding(
                    .order, image: row.name, line: row.line, message: "rows stand in another order than the sample's",
                    found: row.name.debugDescription, expected: name.debugDescription))
        }
    }

    private mutating func checkMissing() {
        guard let order = expectation.names else { return }
        let missing = order.filter { lines[$0] == nil }
        for name in missing {
            findings.append(
                Finding(.missingImage, image: name, message: "the image has no row", expected: "one row an image"))
        }
    }

    // MARK: One row

    private mutating func checkName(_ row: CSVRows.Row) {
        guard !row.name.isEmpty else { return }
        if let line = lines[row.name] {
            findings.append(
                Finding(
                    .duplicateImage, image: row.name, line: row.line, message: "a second row for one image",
                    found: "line \(line) has it already", expected: "one row an image"))
            return
        }
        lines[row.name] = row.line
        guard let names else { return }
        guard let expected = names[row.name] else {
            findings.append(
                Finding(
                    .extraImage, image: row.name, line: row.line, message: "the test set has no such image",
                    expected: stems[Self.stem(row.name)].map { "perhaps \($0.debugDescription)" }))
            return
        }
        // Swift's strings are equal up to Unicode normalization, file names and the leaderboard's are not.
        if !expected.utf8.elementsEqual(row.name.utf8) {
            findings.append(
                Finding(
                    .nameSpelling, image: row.name, line: row.line,
                    message: "the name is written in another Unicode normalization than the test set's",
                    found: "\(row.name.unicodeScalars.count) scalars",
                    expected: "\(expected.unicodeScalars.count) scalars"))
        }
    }

    /// What is left of a name without folders, extension and capitals.
    private static func stem(_ name: String) -> String {
        ICDARText.stem(ofImage: name.split(separator: "/").last.map(String.init) ?? name).lowercased()
    }

    private mutating func checkPolygons(_ row: CSVRows.Row) {
        func finding(
            _ code: Finding.Code, _ index: Int?, _ message: String, found: String? = nil, expected: String? = nil
        ) -> Finding {
            Finding(
                code, image: row.name, line: row.line, polygon: index, message: message, found: found,
                expected: expected)
        }
        func finding(_ problem: CSVRows.Problem) -> Finding {
            Finding(
                problem.code, image: row.name, line: problem.line, column: problem.column, polygon: problem.polygon,
                message: problem.message, found: problem.found, expected: problem.expected)
        }
        var problems = row.problems[...]
        func passProblems(before index: Int) {
            while let problem = problems.first, (problem.polygon ?? -1) < index {
                findings.append(finding(problem))
                problems.removeFirst()
            }
        }
        if row.polygonCount > expectation.maximumPolygons {
            findings.append(
                finding(
                    .tooManyPolygons, nil, "only the first \(expectation.maximumPolygons) polygons count",
                    found: "\(row.polygonCount) polygons", expected: "at most \(expectation.maximumPolygons)"))
        }
        let size = expectation.sizes[row.name]
        var seen: [Polygon: Int] = [:]
        for entry in row.polygons {
            passProblems(before: entry.index)
            if let problem = entry.notAnInteger { findings.append(finding(problem)) }
            if let first = seen[entry.polygon] {
                findings.append(
                    finding(
                        .duplicatePolygon, entry.index, "the same polygon twice", found: "polygon \(first) is the same")
                )
            } else {
                seen[entry.polygon] = entry.index
            }
            for shape in Self.shapeFindings(entry.polygon, size) {
                findings.append(
                    finding(shape.code, entry.index, shape.message, found: shape.found, expected: shape.expected))
            }
        }
        passProblems(before: .max)
    }

    /// What is wrong with one polygon by itself.
    private static func shapeFindings(_ polygon: Polygon, _ size: Validation.Size?) -> [Finding] {
        var result: [Finding] = []
        let points = polygon.points
        if points.count < 4 {
            result.append(
                Finding(
                    .tooFewPoints, message: "the leaderboard skips polygons of fewer than four points",
                    found: "\(points.count) points", expected: "at least 4"))
        }
        let limit = Double(Int32.max)
        if let point = points.first(where: { abs($0.x) > limit || abs($0.y) > limit }) {
            result.append(
                Finding(
                    .badNumber, message: "a coordinate does not fit into 32 bits", found: text(point),
                    expected: "at most \(Int32.max)"))
            return result
        }
        if let crossing = polygon.firstCrossing {
            result.append(
                Finding(
                    .selfCrossing, message: "edges cross",
                    found: "the edges behind points \(crossing.first) and \(crossing.second)",
                    expected: "corners in order around the region"))
        } else if points.count >= 3, polygon.area == 0 {
            result.append(Finding(.zeroArea, message: "the polygon has no area", found: text(points[0]) + " …"))
        }
        if let point = points.first(where: { $0.x < 0 || $0.y < 0 }) {
            result.append(
                Finding(
                    .negativeCoordinate, message: "a coordinate is below zero", found: text(point),
                    expected: "0 or more"))
        }
        // As the ICDAR scripts have it, a point on the image's right or lower edge is inside.
        if let size, let point = points.first(where: { $0.x > Double(size.width) || $0.y > Double(size.height) }) {
            result.append(
                Finding(
                    .outOfImage, message: "a point is outside the image", found: text(point),
                    expected: "x to \(size.width), y to \(size.height)"))
        }
        return result
    }

    private static func text(_ point: Point) -> String {
        "\(JSONValue.numberText(point.x)) \(JSONValue.numberText(point.y))"
    }

    // MARK: The JSON beside it

    private mutating func comparePredictions() {
        guard let predictions = expectation.predictions else { return }
        var rows: [String: CSVRows.Row] = [:]
        for row in file.rows where rows[row.name] == nil { rows[row.name] = row }
        for image in predictions.images {
            let row = rows.removeValue(forKey: image.name)
            let difference = Self.difference(row, image)
            if let (index, found, expected) = difference {
                findings.append(
                    Finding(
                        .jsonMismatch, image: image.name, line: row?.line, polygon: index,
                        message: "the CSV is not what the JSON says", found: found, expected: expected))
            }
        }
        for row in file.rows where row.polygonCount > 0 && rows.removeValue(forKey: row.name) != nil {
            findings.append(
                Finding(
                    .jsonMismatch, image: row.name, line: row.line, message: "the CSV is not what the JSON says",
                    found: "\(row.polygonCount) polygons", expected: "no polygons: the JSON has no such image"))
        }
    }

    /// Where a row leaves the JSON: a count, or the first polygon that differs. Fractions in the JSON may be rounded.
    private static func difference(_ row: CSVRows.Row?, _ image: ImageAnnotation) -> (Int?, String, String)? {
        let count = row?.polygonCount ?? 0
        guard count == image.words.count else {
            return (nil, row == nil ? "no row" : "\(count) polygons", "\(image.words.count) polygons")
        }
        for entry in row?.polygons ?? [] {
            let expected = image.words[entry.index].polygon.points
            let points = entry.polygon.points
            let isSame =
                points.count == expected.count
                && zip(points, expected).allSatisfy {
                    $0 == $1 || ($0.x == $1.x.rounded(.toNearestOrEven) && $0.y == $1.y.rounded(.toNearestOrEven))
                }
            if !isSame {
                return (entry.index, points.map(text).joined(separator: " "), expected.map(text).joined(separator: " "))
            }
        }
        return nil
    }
}

extension Polygon {
    /// The first two edges that cross inside both, by the points they start at; edges that only touch do not cross.
    ///
    /// Exact for whole coordinates below 2^25. Complexity: O(n log n) plus the pairs of edges whose x ranges overlap.
    var firstCrossing: (first: Int, second: Int)? {
        guard points.count > 3 else { return nil }
        let edges = points.indices.map { (index: $0, from: points[$0], to: points[($0 + 1) % points.count]) }
        let sorted = edges.sorted { (min($0.from.x, $0.to.x), $0.index) < (min($1.from.x, $1.to.x), $1.index) }
        var best: (first: Int, second: Int)?
        for (position, a) in sorted.enumerated() {
            let right = max(a.from.x, a.to.x)
            for b in sorted[(position + 1)...] {
                if min(b.from.x, b.to.x) > right { break }
                let pair = (first: min(a.index, b.index), second: max(a.index, b.index))
                if let best, pair >= best { continue }
                if Self.cross(a.from, a.to, b.from, b.to) { best = pair }
            }
        }
        return best
    }

    private static func cross(_ a: Point, _ b: Point, _ c: Point, _ d: Point) -> Bool {
        func side(_ p: Point, _ q: Point, _ r: Point) -> Double {
            (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x)
        }
        func areOpposite(_ first: Double, _ second: Double) -> Bool {
            (first > 0 && second < 0) || (first < 0 && second > 0)
        }
        return areOpposite(side(a, b, c), side(a, b, d)) && areOpposite(side(c, d, a), side(c, d, b))
    }
}
