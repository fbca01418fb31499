import Core
import Foundation
import PostProc

/// One direction of a search space: a parameter with its values, or several that move together.
public struct Axis: Sendable, Equatable {
    /// The values an axis can take.
    public enum Domain: Sendable, Equatable {
        /// Rows of one value a parameter, in the order given.
        case rows([[JSONValue]])
        /// The multiples of `quantum` from `first * quantum` to `last * quantum`.
        case steps(first: Int, last: Int, quantum: Double)
        /// Any number between the two; random search only.
        case uniform(ClosedRange<Double>)
        /// Any number between the two, its logarithm uniform; random search only.
        case logUniform(ClosedRange<Double>)
        /// All numbers at once: the best is found for each point of the other axes (`box_thresh` only).
        case exact
    }

    /// What moves along this axis.
    public let parameters: [Parameter]
    /// Its values.
    public let domain: Domain

    /// - Precondition: each row has a value for each parameter, and the other domains have one parameter.
    public init(_ parameters: [Parameter], _ domain: Domain) {
        if case .rows(let rows) = domain {
            precondition(rows.allSatisfy { $0.count == parameters.count }, "an axis needs a value for each parameter")
        } else {
            precondition(parameters.count == 1, "a range is one parameter's")
        }
        self.parameters = parameters
        self.domain = domain
    }

    /// The number of values; nil where there is no end to them.
    public var count: Int? {
        switch domain {
        case .rows(let rows): rows.count
        case .steps(let first, let last, _): max(0, last - first + 1)
        case .uniform, .logUniform: nil
        case .exact: 1
        }
    }

    /// Whether this axis has more than one value.
    public var isSwept: Bool { count != 1 || domain == .exact }

    /// The values at `position`, below `count`.
    func row(_ position: Int) -> [JSONValue] {
        switch domain {
        case .rows(let rows): rows[position]
        case .steps(let first, _, let quantum): [.number(Self.multiple(first + position, of: quantum))]
        case .uniform(let range), .logUniform(let range): [.number(range.lowerBound)]
        // Until it is solved: every box stays.
        case .exact: [.number(0)]
        }
    }

    /// One draw: rows and steps are all equally likely.
    func draw(_ generator: inout SeededGenerator) -> [JSONValue] {
        switch domain {
        case .exact: row(0)
        case .rows, .steps: row(Int.random(in: 0..<(count ?? 1), using: &generator))
        case .uniform(let range): [.number(Double.random(in: range, using: &generator))]
        case .logUniform(let range):
            [.number(Self.exponential(range, at: Double.random(in: 0...1, using: &generator)))]
        }
    }

    private static func exponential(_ range: ClosedRange<Double>, at position: Double) -> Double {
        let value = range.lowerBound * pow(range.upperBound / range.lowerBound, position)
        return min(max(value, range.lowerBound), range.upperBound)
    }

    /// A product such as 3 * 0.1 without its last bits' noise: rounded to 12 decimals.
    static func multiple(_ count: Int, of quantum: Double) -> Double {
        let value = Double(count) * quantum
        let scaled = (value * 1e12).rounded()
        return abs(scaled) < 0x1p53 ? scaled / 1e12 : value
    }
}

/// What a sweep tries: the product of its axes, or draws from it.
public struct SearchSpace: Sendable, Equatable {
    /// In the configuration's order; on a grid the last axis turns fastest.
    public var axes: [Axis]

    /// A space; without axes it has one point.
    public init(_ axes: [Axis]) {
        self.axes = axes
    }

    /// The parameters that the axes name, in their order.
    public var parameters: [Parameter] { axes.flatMap(\.parameters) }
    /// The parameters with more than one value, in their order.
    public var sweptParameters: [Parameter] { axes.filter(\.isSwept).flatMap(\.parameters) }

    /// Whether an axis is to be solved for its best value.
    public var isExact: Bool { axes.contains { $0.domain == .exact } }

    /// The grid's number of points, at most `Int.max`; nil where an axis has no end of values.
    public var gridCount: Int? {
        var count = 1
        for axis in axes {
            guard let values = axis.count else { return nil }
            let (product, overflows) = count.multipliedReportingOverflow(by: values)
            count = overflows ? .max : product
        }
        return axes.contains { $0.count == 0 } ? 0 : count
    }
}
