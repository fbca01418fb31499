import Core
import Yams

extension SweepConfiguration {
    /// Reads the YAML file at `path`.
    ///
    /// - Throws: `FileError` (66) where the file cannot be read; `SweepError` (78) with `line:column`: broken YAML, an
    ///   unknown key (with the nearest known one), a value that is none, a range that is empty, a space with no point.
    public init(contentsOf path: String) throws {
        let file = try MappedFile(path: path)
        try self.init(yaml: String(decoding: file.bytes, as: UTF8.self), path: path)
    }

    /// Reads YAML from `text`; `path` names it in errors.
    public init(yaml text: String, path: String) throws {
        self = try SweepReader(path: path).configuration(text)
    }
}

/// Reads a sweep's YAML node by node, so that each complaint has its place.
struct SweepReader {
    let path: String

    /// Keys of W&B's sweep format that have no meaning here.
    private static let ignored = [
        "program", "name", "description", "project", "entity", "command", "early_terminate", "controller", "job",
        "image_uri", "$schema",
    ]
    private static let known = ["method", "metric", "parameters", "points", "run_cap", "seed"]

    func configuration(_ text: String) throws -> SweepConfiguration {
        var configuration = SweepConfiguration(SearchSpace([]))
        var points: [Axis] = []
        var parameters: [Axis] = []
        for (key, value) in try members(root(text), of: "a sweep") {
            switch key.name {
            case "method": configuration.method = try method(value)
            case "metric": configuration.target = try target(value)
            case "run_cap": configuration.runCap = try whole(value, key.name, from: 1)
            case "seed": configuration.seed = UInt64(try whole(value, key.name, from: 0))
            case "parameters": parameters = try axes(value, prefix: "")
            case "points": points = [try pointAxis(value)]
            case _ where Self.ignored.contains(key.name): configuration.ignoredKeys.append(key.name)
            default: throw unknown(key, among: Self.known + Self.ignored)
            }
        }
        configuration.space = SearchSpace(points + parameters)
        try check(configuration)
        return configuration
    }

    private func root(_ text: String) throws -> Node {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw brokenYAML(error)
        }
        guard let node, node.mapping != nil else {
            throw SweepError.configuration(
                "not a sweep", path: path, place: node?.mark.map(Self.text), expected: "method, metric and parameters",
                nextStep: "see configs/sweeps/grid75.yaml")
        }
        return node
    }

    private func brokenYAML(_ error: any Error) -> SweepError {
        guard let error = error as? YamlError else {
            return .configuration("broken YAML: \(error)", path: path)
        }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return .configuration("broken YAML: \(problem)", path: path, place: Self.text(mark))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "\($0)" }.sorted().joined(separator: ", ")
            return .configuration(
                "broken YAML: a key stands twice", path: path, place: Self.text(context.mark), found: names)
        default:
            return .configuration("broken YAML: \(error)", path: path)
        }
    }

    /// What only the whole can show.
    private func check(_ configuration: SweepConfiguration) throws {
        var seen = Set<Parameter>()
        for parameter in configuration.space.parameters where !seen.insert(parameter).inserted {
            throw SweepError.configuration("\(parameter.rawValue) is named twice", path: path)
        }
        guard !configuration.space.axes.isEmpty else {
            throw SweepError.configuration(
                "the search space has no point", path: path, expected: "parameters: or points:",
                nextStep: "see configs/sweeps/grid75.yaml")
        }
        switch configuration.method {
        case .grid:
            if let axis = configuration.space.axes.first(where: { $0.count == nil }) {
                throw SweepError.configuration(
                    "a grid cannot have all numbers of a range", path: path,
                    place: axis.parameters.map(\.rawValue).joined(separator: ", "),
                    nextStep: "list them in values:, or add distribution: q_uniform with the step in q:")
            }
        case .random:
            if configuration.runCap == nil {
                throw SweepError.configuration(
                    "random search does not say how many points it draws", path: path, expected: "run_cap: 100")
            }
        }
    }

    // MARK: Keys

    private func method(_ node: Node) throws -> SweepConfiguration.Method {
        let text = try string(node, "method")
        guard let method = SweepConfiguration.Method(rawValue: text) else {
            throw error(
                "method cannot be \(text)", node, expected: "grid or random",
                nextStep: text == "bayes" ? "a grid is exact, and points that share maps cost next to nothing" : nil)
        }
        return method
    }

    /// `metric: {name: val/hmean, goal: maximize}`: a path in front of the name is W&B's way of grouping.
    private func target(_ node: Node) throws -> SweepConfiguration.Target {
        var target = SweepConfiguration.Target.hmean
        for (key, value) in try members(node, of: "metric") {
            switch key.name {
            case "name":
                let name = try string(value, "name")
                let leaf = String(name.split(separator: "/").last ?? "")
                guard let found = SweepConfiguration.Target(rawValue: leaf) else {
                    let names = SweepConfiguration.Target.allCases.map(\.rawValue)
                    throw error(
                        "no metric is called \(name)", value, expected: names.joined(separator: ", "),
                        nextStep: NearestName.hint(for: leaf, among: names))
                }
                target = found
            case "goal":
                guard try string(value, "goal") == "maximize" else {
                    throw error("the goal can only be to maximize", value, expected: "goal: maximize")
                }
            case "target": continue  // W&B stops there; a sweep of seconds has no need to.
            default: throw unknown(key, among: ["name", "goal", "target"])
            }
        }
        return target
    }

    private func axes(_ node: Node, prefix: String) throws -> [Axis] {
        try members(node, of: "parameters").flatMap { key, value throws -> [Axis] in
            let name = prefix + key.name
            if Parameter(named: name) == .boxThresh, value.scalar?.string == "exact" {
                return [Axis([.boxThresh], .exact)]
            }
            let inner = try members(value, of: name)
            if inner.count == 1, inner[0].key.name == "parameters" {
                return try axes(inner[0].value, prefix: name + ".")
            }
            return [try axis(parameter(named: name, key), inner, value)]
        }
    }

    private func parameter(named name: String, _ key: Key) throws -> Parameter {
        guard let parameter = Parameter(named: name) else {
            throw unknown(Key(name: name, node: key.node), among: Parameter.allCases.flatMap(\.names))
        }
        return parameter
    }

    private func axis(_ parameter: Parameter, _ members: [Member], _ node: Node) throws -> Axis {
        var range = RangeKeys()
        var rows: [[JSONValue]]?
        for (key, value) in members {
            switch key.name {
            case "value": rows = [[try self.value(value, for: parameter)]]
            case "values":
                rows = try elements(value, "values").map { [try self.value($0, for: parameter)] }
                guard rows?.isEmpty == false else {
                    throw error("the search space has no point: values is empty", value, expected: parameter.expected)
                }
            case "min": range.minimum = (try self.value(value, for: parameter), value)
            case "max": range.maximum = (try self.value(value, for: parameter), value)
            case "q": range.quantum = (try number(value, "q"), value)
            case "distribution": range.distribution = (try string(value, "distribution"), value)
            default:
                throw unknown(key, among: ["values", "value", "min", "max", "distribution", "q", "parameters"])
            }
        }
        if let rows {
            let allowed = ["constant", "categorical"]
            guard range.minimum == nil, range.maximum == nil, range.quantum == nil,
                range.distribution.map({ allowed.contains($0.text) }) ?? true
            else {
                throw error("\(parameter.rawValue) has values and a range", node, expected: "one of the two")
            }
            return Axis([parameter], .rows(rows))
        }
        return Axis([parameter], try domain(range, parameter, node))
    }

    private func pointAxis(_ node: Node) throws -> Axis {
        var columns: [Parameter] = []
        var rowsNode: Node?
        for (key, value) in try members(node, of: "points") {
            switch key.name {
            case "columns":
                columns = try elements(value, "columns").map { try parameter(named: string($0, "a column"), Key($0)) }
            case "rows": rowsNode = value
            default: throw unknown(key, among: ["columns", "rows"])
            }
        }
        guard let rowsNode, !columns.isEmpty else {
            throw error(
                "points needs columns and rows", node, expected: "columns: [thresh, box_thresh], rows: [[.24, .25]]")
        }
        let rows = try elements(rowsNode, "rows").map { row in
            let values = try elements(row, "a row")
            guard values.count == columns.count else {
                throw error(
                    "a row does not fit the columns", row, found: "\(values.count) values",
                    expected: columns.map(\.rawValue).joined(separator: ", "))
            }
            return try zip(columns, values).map { try value($1, for: $0) }
        }
        guard !rows.isEmpty else { throw error("the search space has no point: rows is empty", rowsNode) }
        return Axis(columns, .rows(rows))
    }
}
