/// A graph's fused layers and folded weights, what the fast engines share.
struct FusedNetwork: Sendable {
    let layers: [Layer]
    let output: Int
    let folding: WeightFolding
    /// Height and width of the convolutions' kernels, by layer.
    private(set) var kernelSizes: [Int: [Int]] = [:]
    /// What calibrations call the input and each layer's result, by value: the layer's label, numbered from its second
    /// use on.
    private(set) var valueNames = [0: "input"]

    /// - Parameter weightShapes: the shape of each of the graph's weights.
    init(graph: Graph, weights: some WeightSource, weightShapes: [String: [Int]]) throws {
        layers = try Fusion.layers(of: graph) { weightShapes[$0] ?? [] }
        output = graph.output.index
        folding = WeightFolding(source: weights)
        var uses: [String: Int] = [:]
        for (index, layer) in layers.enumerated() {
            uses[layer.label, default: 0] += 1
            let use = uses[layer.label] ?? 1
            valueNames[layer.output] = use > 1 ? "\(layer.label)#\(use)" : layer.label
            guard case .convolution(let fused) = layer.kind, case .convolution(let convolution) = fused.kernel
            else { continue }
            kernelSizes[index] = weightShapes[convolution.weight].map { Array($0.suffix(2)) }
        }
    }

    /// The folded weights of the layer at `index`; nil where it has none.
    func folded(layerAt index: Int) throws -> FoldedKernel? {
        guard case .convolution(let convolution) = layers[index].kind else { return nil }
        return try folding.folded(convolution, label: layers[index].label)
    }
}

extension Graph {
    /// The names of all weights, in the order of the nodes.
    var weightNames: [String] {
        nodes.flatMap { node -> [String] in
            switch node.operation {
            case .convolution(let convolution): [convolution.weight, convolution.bias].compactMap { $0 }
            case .transposedConvolution(let weight, let bias, _): [weight, bias].compactMap { $0 }
            case .batchNorm(let prefix, _):
                [".weight", ".bias", ".running_mean", ".running_var"].map { prefix + $0 }
            default: []
            }
        }
    }
}
