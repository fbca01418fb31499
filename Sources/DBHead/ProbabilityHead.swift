import Backbone
import Inference

/// The DB head's probability branch; the threshold branch serves training only.
///
/// Source: Liao et al., "Real-time Scene Text Detection with Differentiable Binarization" (arXiv:1911.08947).
struct ProbabilityHead: Sendable, Hashable {
    /// Channels that the head reads.
    let channels: Int
    /// Channels inside, a quarter of `channels` in this family.
    let inner: Int
    /// Nearest upsampling and a 3x3 convolution instead of transposed convolutions, and a 1x1 convolution at the end.
    ///
    /// The family's `smooth: true` concerns the threshold branch and leaves this one plain; branches smoothed
    /// throughout are told by their names (`head.binarize.3.1`). The first published code pads the 1x1 convolution by 1,
    /// which frames the map by a pixel of the bias alone; as in the family's, there is no frame here.
    let isSmooth: Bool
    /// Whether the 3x3 convolutions have a bias; the transposed and the last one always do.
    let hasBias: Bool

    static let prefix = "head.binarize."

    /// - Returns: (N,1,4H,4W), probabilities.
    func append(to builder: inout NetworkBuilder, _ input: Graph.Value) -> Graph.Value {
        let prefix = ProbabilityHead.prefix
        var value = builder.convolution(
            input, prefix + "0", channels: (channels, inner), kernel: 3, hasBias: hasBias)
        value = builder.batchNorm(value, prefix + "1", channels: inner, then: .relu)
        if isSmooth {
            value = raise(value, in: &builder, prefix + "3")
        } else {
            value = builder.transposedConvolution(
                value, prefix + "3", channels: (inner, inner), stride: 2, hasBias: true)
        }
        value = builder.batchNorm(value, prefix + "4", channels: inner, then: .relu)
        if isSmooth {
            value = raise(value, in: &builder, prefix + "6")
            value = builder.convolution(value, prefix + "6.2", channels: (inner, 1), kernel: 1, hasBias: true)
        } else {
            value = builder.transposedConvolution(
                value, prefix + "6", channels: (inner, 1), stride: 2, hasBias: true)
        }
        return builder.graph.append(.activation(.sigmoid), value, label: prefix + "7")
    }

    private func raise(_ value: Graph.Value, in builder: inout NetworkBuilder, _ name: String) -> Graph.Value {
        let raised = builder.graph.append(.upsampleNearest(factor: 2), value, label: name + ".0")
        return builder.convolution(raised, name + ".1", channels: (inner, inner), kernel: 3, hasBias: hasBias)
    }
}
