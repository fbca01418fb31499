import Inference

/// Appends layers to a graph and remembers which tensors they need, under which names and shapes.
public struct NetworkBuilder: Sendable {
    /// The layers so far.
    public var graph = Graph()
    /// The tensors that the layers read, in order, with their shapes.
    public private(set) var tensors: [(name: String, shape: [Int])] = []

    /// A builder without layers.
    public init() {}

    /// A convolution without activation; weight `NAME.weight`, `NAME.bias` where `hasBias`.
    ///
    /// - Parameters:
    ///   - input: what it reads.
    ///   - name: the layer's name in the state dict.
    ///   - channels: input and output channels.
    ///   - padding: zeros around; nil is `kernel / 2` on each side.
    /// - Returns: (N, output channels, H', W').
    public mutating func convolution(
        _ input: Graph.Value, _ name: String, channels: (Int, Int), kernel: Int, stride: Int = 1,
        padding: Convolution.Padding? = nil, groups: Int = 1, hasBias: Bool = false
    ) -> Graph.Value {
        tensors.append((name + ".weight", [channels.1, channels.0 / groups, kernel, kernel]))
        if hasBias { tensors.append((name + ".bias", [channels.1])) }
        let layer = Convolution(
            weight: name + ".weight", bias: hasBias ? name + ".bias" : nil, stride: stride,
            padding: padding ?? .symmetric(kernel / 2), groups: groups)
        return graph.append(.convolution(layer), input, label: name)
    }

    /// A transposed convolution whose kernel is its stride; weight `NAME.weight`, `NAME.bias` where `hasBias`.
    public mutating func transposedConvolution(
        _ input: Graph.Value, _ name: String, channels: (Int, Int), stride: Int, hasBias: Bool
    ) -> Graph.Value {
        tensors.append((name + ".weight", [channels.0, channels.1, stride, stride]))
        if hasBias { tensors.append((name + ".bias", [channels.1])) }
        return graph.append(
            .transposedConvolution(weight: name + ".weight", bias: hasBias ? name + ".bias" : nil, stride: stride),
            input,
            label: name)
    }

    /// A batch norm in evaluation mode, and what follows it.
    public mutating func batchNorm(
        _ input: Graph.Value, _ name: String, channels: Int, epsilon: Float = 1e-5, then activation: Activation? = nil
    ) -> Graph.Value {
        for leaf in ["weight", "bias", "running_mean", "running_var"] {
            tensors.append(("\(name).\(leaf)", [channels]))
        }
        let value = graph.append(.batchNorm(prefix: name, epsilon: epsilon), input, label: name)
        return activation.map { graph.append(.activation($0), value, label: name) } ?? value
    }
}
