import Core
import PostProc

/// The points of a sweep, each once. Those of a grid are made when they are asked for: a large one takes no room.
public struct SweepPoints: RandomAccessCollection, Sendable, Equatable {
    private enum Source: Sendable, Equatable {
        /// The product of axes, the last turning fastest.
        case grid([Axis], base: Setting)
        case list([Setting])
    }

    private let source: Source
    /// How many there are.
    public let endIndex: Int
    /// How many more there would be without a limit.
    let omitted: Int
    /// How many repeated others and are left out.
    let repeated: Int

    /// 0.
    public var startIndex: Int { 0 }

    /// The point of trial `position + 1`.
    ///
    /// - Complexity: O(axes).
    public subscript(position: Int) -> Setting {
        switch source {
        case .list(let points): return points[position]
        case .grid(let axes, var point):
            var rest = position
            for axis in axes.reversed() {
                let values = axis.count ?? 1
                point.take(axis.row(rest % values), of: axis)
                rest /= values
            }
            return point
        }
    }

    /// The first `limit` points of a grid.
    ///
    /// - Parameter base: the values of parameters that no axis names.
    init(grid space: SearchSpace, base: Setting, limit: Int = .max) {
        let axes = space.axes.map { $0.distinct(base) }
        source = .grid(axes, base: base)
        let count = SearchSpace(axes).gridCount ?? 0
        endIndex = Swift.min(count, limit)
        omitted = count - endIndex
        repeated = (space.gridCount ?? 0) - count
    }

    /// Independent draws; the same seed gives the same points on every machine.
    init(draws: Int, from space: SearchSpace, seed: UInt64, base: Setting) {
        var points: [Setting] = []
        if space.axes.allSatisfy({ $0.count != 0 }) {
            var generator = SeededGenerator(seed: seed)
            var seen = Set<Setting>()
            for _ in 0..<Swift.max(0, draws) {
                var point = base
                for axis in space.axes { point.take(axis.draw(&generator), of: axis) }
                if seen.insert(point).inserted { points.append(point) }
            }
        }
        source = .list(points)
        endIndex = points.count
        omitted = 0
        repeated = draws - points.count
    }
}

extension Axis {
    /// This axis without rows that say what one before them does.
    fileprivate func distinct(_ base: Setting) -> Axis {
        guard case .rows(let rows) = domain else { return self }
        var seen = Set<Setting>()
        return Axis(
            parameters,
            .rows(
                rows.filter { row in
                    var point = base
                    point.take(row, of: self)
                    return seen.insert(point).inserted
                }))
    }
}

extension Setting {
    fileprivate mutating func take(_ row: [JSONValue], of axis: Axis) {
        for (parameter, value) in zip(axis.parameters, row) { self[parameter] = value }
    }
}
