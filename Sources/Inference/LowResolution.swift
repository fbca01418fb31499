/// Moves 3x3 convolutions of nearest-upsampled maps to the small maps.
///
/// A pointwise product commutes with nearest upsampling, and a 3x3 convolution is the sum of nine shifted pointwise
/// products, so conv(up(x)) = sum over taps of shift(up(W_tap x)): nine products a pixel of the small map instead of
/// nine a pixel of the large one. Concatenations and sums before the convolution are taken apart, as all of it is
/// linear; a 1x1 convolution in such a sum is merged into the 3x3 kernel where that is less work. Exact up to rounding.
///
/// What is rewritten: 3x3 convolutions of stride 1, padding 1 and one group, whose input has one part at full size.
struct LowResolution {
    private let graph: Graph
    private let shape: (String) throws -> [Int]
    /// The node that makes each value.
    private var producer: [Int: Graph.Node] = [:]
    private var channels: [Int: Int] = [:]
    /// How often each value is read; the graph's output counts as read.
    private var uses: [Int: Int] = [:]
    /// The convolutions that read each value linearly; nil where something else reads it too.
    private var readers: [Int: [Reader]?] = [:]
    /// Sums whose parts are convolved one by one.
    private var distributed: Set<Int> = []
    private var derived: [String: DerivedWeight] = [:]

    /// A 3x3 convolution to `outputs` channels that sees a value upsampled by `factor`.
    private struct Reader {
        var outputs: Int
        var factor: Int
    }

    /// A part of a convolution's input: `value`, after the 1x1 convolution `lateral` where there is one, upsampled by
    /// `factor`; the convolution's input channels `channels` read it.
    private struct Term {
        var value: Int
        var factor: Int
        var channels: Range<Int>
        var lateral: Convolution?
    }

    /// Below this share of its multiplications a 3x3 convolution at full size costs, thanks to Winograd's algorithm;
    /// fixed, so that results never depend on timing.
    private static let winogradShare = 0.4

    /// `graph` with its convolutions rewritten, and weights that know the tensors which it reads.
    static func lowered(_ graph: Graph, _ weights: some WeightSource) throws -> (Graph, any WeightSource) {
        var pass = LowResolution(graph) { try weights.shape(of: $0) }
        try pass.findReaders()
        let lowered = try pass.rewritten()
        return (lowered, pass.derived.isEmpty ? weights : DerivedWeights(source: weights, derived: pass.derived))
    }

    private init(_ graph: Graph, shape: @escaping (String) throws -> [Int]) {
        self.graph = graph
        self.shape = shape
        for node in graph.nodes {
            producer[node.output.index] = node
            for input in node.inputs { uses[input.index, default: 0] += 1 }
        }
        uses[graph.output.index, default: 0] += 1
    }

    // MARK: What reads what

    /// From the last node to the first: who reads each value, and which sums are worth taking apart.
    private mutating func findReaders() throws {
        for node in graph.nodes { channels[node.output.index] = try channels(of: node) }
        readers[graph.output.index] = .some(nil)
        for node in graph.nodes.reversed() {
            let own = readers[node.output.index] ?? nil
            switch node.operation {
            case .convolution(let convolution) where try isSmoothing(convolution):
                addReaders([Reader(outputs: try shape(convolution.weight)[0], factor: 1)], to: node.inputs[0])
            case .upsampleNearest(let factor):
                let raised = own.map { $0.map { Reader(outputs: $0.outputs, factor: $0.factor * factor) } }
                addReaders(raised, to: node.inputs[0])
            case .concatenate:
                for input in node.inputs { addReaders(own, to: input) }
            case .add:
                if let own, let (lateral, raised) = try parts(of: node), try pays(lateral, raised, own) {
                    distributed.insert(node.output.index)
                    addReaders(own, to: raised)
                } else {
                    for input in node.inputs { addReaders(nil, to: input) }
                }
            default:
                for input in node.inputs { addReaders(nil, to: input) }
            }
        }
    }

    private mutating func addReaders(_ more: [Reader]?, to value: Graph.Value) {
        guard let before = readers[value.index] else { return readers[value.index] = .some(more) }
        readers[value.index] = .some(before.flatMap { before in more.map { before + $0 } })
    }

    private func channels(of node: Graph.Node) throws -> Int? {
        switch node.operation {
        case .convolution(let convolution): try shape(convolution.weight).first
        case .transposedConvolution(let weight, _, _): try shape(weight).dropFirst().first
        case .concatenate:
            node.inputs.reduce(0) { sum, input in sum.flatMap { sum in channels[input.index].map { sum + $0 } } }
        default: node.inputs.first.flatMap { channels[$0.index] }
        }
    }

    private func isSmoothing(_ convolution: Convolution) throws -> Bool {
        let shape = try shape(convolution.weight)
        // Whole blocks of 16 channels, so that each tap's products stand in blocks of their own.
        return shape.count == 4 && shape.suffix(2) == [3, 3] && convolution.stride == 1 && convolution.groups == 1
            && convolution.padding == .symmetric(1) && shape[0] % 16 == 0
    }

    /// The bare 1x1 convolution and the upsampled map whose sum `node` is.
    private func parts(of node: Graph.Node) throws -> (lateral: Convolution, raised: Graph.Value)? {
        guard node.inputs.count == 2 else { return nil }
        for (one, other) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
            guard case .convolution(let lateral) = producer[one.index]?.operation, uses[one.index] == 1,
                case .upsampleNearest = producer[other.index]?.operation, lateral.stride == 1, lateral.groups == 1,
                lateral.bias == nil, lateral.padding == .symmetric(0), channels[one.index] == channels[other.index],
                try shape(lateral.weight).suffix(2) == [1, 1]
            else { continue }
            return (lateral, other)
        }
        return nil
    }

    /// Whether convolving a sum's parts one by one is less work than making the sum, in multiplications a pixel.
    private func pays(_ lateral: Convolution, _ raised: Graph.Value, _ readers: [Reader]) throws -> Bool {
        guard case .upsampleNearest(let factor) = producer[raised.index]?.operation else { return false }
        let (inner, source) = (Double(try shape(lateral.weight)[0]), Double(try shape(lateral.weight)[1]))
        let small = 1 / Double(factor * factor)
        var (whole, apart) = (inner * source, 0.0)
        for reader in readers {
            let share = reader.factor == 1 ? LowResolution.winogradShare : 1
            whole += 9 * inner * Double(reader.outputs) * share
            apart += 9 * source * Double(reader.outputs) * share + 9 * inner * Double(reader.outputs) * small
        }
        return apart < whole
    }

    // MARK: Rewriting

    /// The terms of a convolution's input; nil where it stays as it is.
    private func terms(of node: Graph.Node, _ convolution: Convolution) throws -> [Term]? {
        guard try isSmoothing(convolution) else { return nil }
        let inputs = try shape(convolution.weight)[1]
        guard channels[node.inputs[0].index] == inputs else { return nil }
        let terms = try terms(node.inputs[0].index, factor: 1, 0..<inputs)
        let small = terms.count { $0.factor > 1 }
        guard terms.count == small + 1, (1...TapSum.mostInputs).contains(small) else { return nil }
        return terms
    }

    private func terms(_ value: Int, factor: Int, _ range: Range<Int>) throws -> [Term] {
        guard let node = producer[value] else { return [Term(value: value, factor: factor, channels: range)] }
        switch node.operation {
        case .upsampleNearest(let more):
            return try terms(node.inputs[0].index, factor: factor * more, range)
        case .concatenate:
            var first = range.lowerBound
            return try node.inputs.flatMap { input in
                let part = first..<first + (channels[input.index] ?? 0)
                first = part.upperBound
                return try terms(input.index, factor: factor, part)
            }
        case .add where distributed.contains(value):
            guard let (lateral, raised) = try parts(of: node) else { break }
            let source = producer[node.inputs[raised == node.inputs[0] ? 1 : 0].index]?.inputs[0].index ?? 0
            return [Term(value: source, factor: factor, channels: range, lateral: lateral)]
                + (try terms(raised.index, factor: factor, range))
        default: break
        }
        return [Term(value: value, factor: factor, channels: range)]
    }

    private mutating func rewritten() throws -> Graph {
        var rewritten: [Int: [Term]] = [:]
        for node in graph.nodes {
            if case .convolution(let convolution) = node.operation, let terms = try terms(of: node, convolution) {
                rewritten[node.output.index] = terms
            }
        }
        guard !rewritten.isEmpty else { return graph }
        var needed: Set<Int> = [graph.output.index]
        for node in graph.nodes.reversed() where needed.contains(node.output.index) {
            needed.formUnion(rewritten[node.output.index]?.map(\.value) ?? node.inputs.map(\.index))
        }
        var result = Graph()
        var values = [graph.input.index: result.input]
        /// Sums of small maps that wait for the batch norm after their convolution.
        var waiting: [Int: Graph.Value] = [:]
        for node in graph.nodes where needed.contains(node.output.index) {
            let index = node.output.index
            if let terms = rewritten[index], case .convolution(let convolution) = node.operation {
                let norm = try batchNorm(after: index, channels: shape(convolution.weight)[0])
                let sum = append(terms.filter { $0.factor > 1 }, convolution, norm, node, to: &result, values)
                guard let whole = terms.first(where: { $0.factor == 1 }), let source = values[whole.value] else {
                    preconditionFailure("one term is at full size, made before its reader")
                }
                var base = convolution
                base.weight = derive(DerivedWeight(outer: convolution.weight, whole.channels, whole.lateral?.weight))
                let value = result.append(.convolution(base), source, label: node.label)
                if norm == nil {
                    values[index] = result.append(.add, value, sum, label: node.label)
                } else {
                    (values[index], waiting[index]) = (value, sum)
                }
            } else {
                let inputs = node.inputs.compactMap { values[$0.index] }
                var value = result.append(node.operation, inputs, label: node.label)
                if let sum = waiting[node.inputs[0].index] {
                    value = result.append(.add, value, sum, label: node.label)
                }
                values[index] = value
            }
        }
        return result
    }

    /// The sum of the small maps' products, with `norm`'s scale in their weights.
    private mutating func append(
        _ terms: [Term], _ convolution: Convolution, _ norm: DerivedWeight.Norm?, _ node: Graph.Node,
        to result: inout Graph, _ values: [Int: Graph.Value]
    ) -> Graph.Value {
        let products = terms.map { term in
            var weight = DerivedWeight(outer: convolution.weight, term.channels, term.lateral?.weight)
            (weight.standsByTap, weight.norm) = (true, norm)
            guard let source = values[term.value] else { preconditionFailure("a term is made before its reader") }
            let taps = Convolution(weight: derive(weight))
            return result.append(.convolution(taps), source, label: node.label)
        }
        return result.append(.tapSum(TapSum(factors: terms.map(\.factor))), products, label: node.label)
    }

    private mutating func derive(_ weight: DerivedWeight) -> String {
        derived[weight.name] = weight
        return weight.name
    }

    /// The batch norm that alone reads `value`.
    private func batchNorm(after value: Int, channels: Int) throws -> DerivedWeight.Norm? {
        guard uses[value] == 1, let reader = graph.nodes.first(where: { $0.inputs.contains { $0.index == value } }),
            case .batchNorm(let prefix, let epsilon) = reader.operation,
            try [".weight", ".running_var"].allSatisfy({ try shape(prefix + $0) == [channels] })
        else { return nil }
        return DerivedWeight.Norm(prefix: prefix, epsilon: epsilon)
    }
}
