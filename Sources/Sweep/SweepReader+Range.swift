import Core
import Yams

extension SweepReader {
    /// What a parameter says of its range.
    struct RangeKeys {
        var minimum, maximum: (value: JSONValue, node: Node)?
        var quantum: (value: Double, node: Node)?
        var distribution: (text: String, node: Node)?
    }

    /// A range in W&B's terms: without `distribution`, `q` makes `q_uniform` and whole ends `int_uniform`.
    func domain(_ keys: RangeKeys, _ parameter: Parameter, _ node: Node) throws -> Axis.Domain {
        guard let (lowest, lowestNode) = keys.minimum, let (highest, highestNode) = keys.maximum,
            let minimum = lowest.number, let maximum = highest.number
        else {
            throw error(
                "\(parameter.rawValue) has no value", node, expected: "value:, values:, or min: and max: of numbers")
        }
        guard minimum <= maximum else {
            throw error(
                "\(parameter.rawValue) has a min above its max", lowestNode,
                found: "\(lowest.text()) > \(highest.text())")
        }
        // As W&B has it, 0 and 1 are whole numbers, 0.0 and 1.0 are not.
        let areWhole = [lowestNode, highestNode].allSatisfy { $0.scalar.flatMap { Int($0.string) } != nil }
        let fallback = keys.quantum != nil ? "q_uniform" : areWhole ? "int_uniform" : "uniform"
        let distribution = keys.distribution?.text ?? fallback
        let place = keys.distribution?.node ?? node
        switch distribution {
        case "int_uniform" where lowest.int != nil && highest.int != nil:
            return .steps(first: Int(minimum), last: Int(maximum), quantum: 1)
        case "q_uniform":
            return try steps(from: minimum, to: maximum, by: keys.quantum?.value ?? 1, parameter, node: place)
        case "uniform", "log_uniform_values":
            guard parameter != .maxCandidates else {
                throw error(
                    "max_candidates cannot be any number of a range", place, expected: "int_uniform or q_uniform")
            }
            if distribution == "uniform" { return .uniform(minimum...maximum) }
            guard minimum > 0 else { throw error("a logarithm needs a min above 0", lowestNode, found: lowest.text()) }
            return .logUniform(minimum...maximum)
        default:
            throw error(
                "\(parameter.rawValue) cannot have the distribution \(distribution)", place,
                expected: "int_uniform (between whole numbers), q_uniform, uniform or log_uniform_values")
        }
    }

    private func steps(
        from minimum: Double, to maximum: Double, by quantum: Double, _ parameter: Parameter, node: Node
    ) throws -> Axis.Domain {
        guard quantum >= 1e-9, maximum / quantum < 0x1p53 else {
            throw error("q cannot be \(quantum)", node, expected: "a step from 1e-9")
        }
        if parameter == .maxCandidates, Int(exactly: quantum) == nil {
            throw error("max_candidates needs a whole step", node, found: "q: \(quantum)")
        }
        var first = Int((minimum / quantum).rounded(.down))
        while Axis.multiple(first, of: quantum) < minimum { first += 1 }
        var last = Int((maximum / quantum).rounded(.up))
        while Axis.multiple(last, of: quantum) > maximum { last -= 1 }
        guard first <= last else {
            throw error(
                "the search space has no point: no multiple of q lies in the range of \(parameter.rawValue)", node,
                found: "min \(minimum), max \(maximum), q \(quantum)")
        }
        return .steps(first: first, last: last, quantum: quantum)
    }
}
