/// A convolution's weights as PyTorch lays them out, its batch norm folded in: what leaves for another engine, by the
/// same arithmetic and the same checks as our own engines'.
package struct FoldedWeights: Sendable {
    /// (O,I/groups,kH,kW); (I,O,k,k) of a transposed convolution; (C,1,1,1) of a batch norm alone.
    package let weight: Weight
    /// (O).
    package let bias: Weight

    /// Reads and folds the weights of `node`.
    ///
    /// - Parameters:
    ///   - node: a convolution, a transposed convolution, or a batch norm that follows neither.
    ///   - batchNorm: the batch norm that follows the convolution.
    /// - Returns: nil for another operation.
    /// - Throws: the source's errors; `InferenceError` where a weight or a folded weight is not finite, or a shape
    ///   does not fit.
    package init?(of node: Graph.Node, batchNorm: Graph.Node?, from source: some WeightSource) throws {
        let kernel: FusedConvolution.Kernel
        var norm = batchNorm
        var stride: Int?
        switch node.operation {
        case .convolution(let convolution):
            kernel = .convolution(convolution)
        case .transposedConvolution(let weight, let bias, let factor):
            kernel = .transposed(weight: weight, bias: bias, stride: factor)
            stride = factor
        case .batchNorm:
            kernel = .identity
            norm = node
        default:
            return nil
        }
        var convolution = FusedConvolution(kernel: kernel)
        if case .batchNorm(let prefix, let epsilon) = norm?.operation {
            convolution.batchNorm = FusedConvolution.BatchNorm(prefix: prefix, epsilon: epsilon)
        }
        let folded = try WeightFolding(source: source).folded(convolution, label: node.label)
        guard let stride else {
            weight = Weight(shape: folded.shape, values: folded.weights)
            bias = Weight(shape: [folded.bias.count], values: folded.bias)
            return
        }
        // Back from (phase, output, input) to (input, output, phase).
        let phases = stride * stride
        let (outputs, inputs) = (folded.shape[0] / phases, folded.shape[1])
        var turned = [Float](repeating: 0, count: folded.weights.count)
        for input in 0..<inputs {
            for output in 0..<outputs {
                for phase in 0..<phases {
                    turned[(input * outputs + output) * phases + phase] =
                        folded.weights[(phase * outputs + output) * inputs + input]
                }
            }
        }
        weight = Weight(shape: [inputs, outputs, stride, stride], values: turned)
        bias = Weight(shape: [outputs], values: Array(folded.bias[..<outputs]))
    }
}
