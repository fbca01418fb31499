/// Turns a graph into fewer, larger steps: batch norms, activations, sums and gates move into the convolution beside
/// them wherever nobody else reads the value between.
struct Fusion {
    private let graph: Graph
    private let weightShape: (String) throws -> [Int]
    /// How often each value is read; the graph's output counts as read.
    private var uses: [Int]
    /// Layers in order; nil where one was absorbed or moved.
    private var layers: [Layer?] = []
    /// The layer that makes each value.
    private var producer: [Int: Int] = [:]

    /// The fused layers of `graph`, in an order that runs.
    ///
    /// - Parameter weightShape: the shape of the weight of a name.
    static func layers(of graph: Graph, weightShape: @escaping (String) throws -> [Int]) throws -> [Layer] {
        var fusion = Fusion(graph: graph, weightShape: weightShape)
        for node in graph.nodes { try fusion.append(node) }
        return fusion.layers.compactMap { $0 }
    }

    private init(graph: Graph, weightShape: @escaping (String) throws -> [Int]) {
        self.graph = graph
        self.weightShape = weightShape
        uses = [Int](repeating: 0, count: graph.nodes.count + 1)
        for node in graph.nodes {
            for input in node.inputs { uses[input.index] += 1 }
        }
        uses[graph.output.index] += 1
    }

    private mutating func append(_ node: Graph.Node) throws {
        let inputs = node.inputs.map(\.index)
        switch node.operation {
        case .convolution(let convolution):
            try append(convolution, node)
        case .transposedConvolution(let weight, let bias, let stride):
            let kernel = FusedConvolution.Kernel.transposed(weight: weight, bias: bias, stride: stride)
            emit(.convolution(FusedConvolution(kernel: kernel)), inputs, node)
        case .batchNorm(let prefix, let epsilon):
            let norm = FusedConvolution.BatchNorm(prefix: prefix, epsilon: epsilon)
            let absorbed = absorb(inputs[0], into: node) { convolution in
                guard convolution.isBare, convolution.batchNorm == nil else { return false }
                convolution.batchNorm = norm
                return true
            }
            if !absorbed {
                emit(.convolution(FusedConvolution(kernel: .identity, batchNorm: norm)), inputs, node)
            }
        case .activation(let activation):
            append(activation, node)
        case .maxPool(let kernel, let stride, let padding):
            emit(.maxPool(kernel: kernel, stride: stride, padding: padding), inputs, node)
        case .globalAveragePool:
            appendPool(node)
        case .add:
            appendAdd(node)
        case .multiplyChannels:
            emit(.multiplyChannels(then: nil), inputs, node)
        case .upsampleNearest(let factor):
            emit(.upsampleNearest(factor: factor), inputs, node)
        case .concatenate:
            emit(.concatenate, inputs, node)
        case .tapSum(let sum):
            emit(.tapSum(sum), inputs, node)
        }
    }

    private mutating func emit(_ kind: Layer.Kind, _ inputs: [Int], _ node: Graph.Node) {
        producer[node.output.index] = layers.count
        layers.append(Layer(kind: kind, inputs: inputs, output: node.output.index, label: node.label))
    }

    /// Lets the convolution that makes `value` take `node` in, where it is the only reader and `change` agrees.
    private mutating func absorb(
        _ value: Int, into node: Graph.Node, _ change: (inout FusedConvolution) -> Bool
    ) -> Bool {
        guard uses[value] == 1, let index = producer[value], var layer = layers[index],
            case .convolution(var convolution) = layer.kind, change(&convolution)
        else { return false }
        layer.kind = .convolution(convolution)
        layer.output = node.output.index
        layers[index] = layer
        producer[node.output.index] = index
        return true
    }

    /// A convolution; a gate before a 1x1 one moves into it.
    private mutating func append(_ convolution: Convolution, _ node: Graph.Node) throws {
        var inputs = node.inputs.map(\.index)
        var fused = FusedConvolution(kernel: .convolution(convolution))
        if let index = producer[inputs[0]], let layer = layers[index], case .multiplyChannels(then: nil) = layer.kind,
            uses[inputs[0]] == 1, convolution.groups == 1, convolution.stride == 1,
            try weightShape(convolution.weight).suffix(2) == [1, 1], convolution.padsNothing
        {
            fused.gate = layer.inputs[1]
            inputs = [layer.inputs[0]]
            layers[index] = nil
        }
        emit(.convolution(fused), inputs, node)
    }

    private mutating func append(_ activation: Activation, _ node: Graph.Node) {
        let value = node.inputs[0].index
        let absorbed = absorb(value, into: node) { convolution in
            guard convolution.activation == nil, convolution.pooled == nil else { return false }
            convolution.activation = activation
            return true
        }
        if absorbed { return }
        if uses[value] == 1, let index = producer[value], var layer = layers[index] {
            switch layer.kind {
            case .add(then: nil): layer.kind = .add(then: activation)
            case .multiplyChannels(then: nil): layer.kind = .multiplyChannels(then: activation)
            default: return emit(.activation(activation), [value], node)
            }
            layer.output = node.output.index
            layers[index] = layer
            producer[node.output.index] = index
        } else {
            emit(.activation(activation), [value], node)
        }
    }

    /// The mean of a grouped convolution's result is taken while it is computed; others are layers of their own.
    private mutating func appendPool(_ node: Graph.Node) {
        let value = node.inputs[0].index
        if let index = producer[value], var layer = layers[index], case .convolution(var fused) = layer.kind,
            case .convolution(let convolution) = fused.kernel, convolution.groups > 1, fused.pooled == nil
        {
            fused.pooled = node.output.index
            layer.kind = .convolution(fused)
            layers[index] = layer
            producer[node.output.index] = index
        } else {
            emit(.globalAveragePool, [value], node)
        }
    }

    /// A sum moves into the later of its two convolutions; where the other summand is made later still, the
    /// convolution waits for it.
    private mutating func appendAdd(_ node: Graph.Node) {
        let inputs = node.inputs.map(\.index)
        let candidates = [(inputs[0], inputs[1]), (inputs[1], inputs[0])]
            .filter { takesResidual($0.0) && $0.0 != $0.1 }
            .sorted { (producer[$0.0] ?? 0) > (producer[$1.0] ?? 0) }
        guard let (value, residual) = candidates.first, let index = producer[value], var layer = layers[index],
            case .convolution(var convolution) = layer.kind
        else { return emit(.add(then: nil), inputs, node) }
        convolution.residual = residual
        layer.kind = .convolution(convolution)
        layer.output = node.output.index
        if let other = producer[residual], other > index {
            layers[index] = nil
            producer[node.output.index] = layers.count
            layers.append(layer)
        } else {
            layers[index] = layer
            producer[node.output.index] = index
        }
    }

    private func takesResidual(_ value: Int) -> Bool {
        guard uses[value] == 1, let index = producer[value], let layer = layers[index],
            case .convolution(let fused) = layer.kind, fused.isBare,
            case .convolution(let convolution) = fused.kernel
        else { return false }
        return convolution.groups == 1
    }
}

extension Convolution {
    /// Whether a 1x1 kernel of this convolution sees no border.
    var padsNothing: Bool {
        switch padding {
        case .symmetric(let padding): padding == 0
        case .same: true
        }
    }
}
