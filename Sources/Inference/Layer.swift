/// A step of the network after fusion, as the fast engines run it. Values carry the graph's indices.
struct Layer: Sendable {
    enum Kind: Sendable {
        case convolution(FusedConvolution)
        case activation(Activation)
        case maxPool(kernel: Int, stride: Int, padding: Int)
        case globalAveragePool
        case add(then: Activation?)
        case multiplyChannels(then: Activation?)
        case upsampleNearest(factor: Int)
        case concatenate
        case tapSum(TapSum)
    }

    var kind: Kind
    var inputs: [Int]
    var output: Int
    var label: String
}

/// A convolution with what the graph does to its result: batch norm folded into its weights, then the sum with
/// `residual`, then the activation.
struct FusedConvolution: Sendable {
    enum Kernel: Sendable {
        case convolution(Convolution)
        /// Kernel = stride: a 1x1 convolution to stride * stride phases, then a pixel shuffle.
        case transposed(weight: String, bias: String?, stride: Int)
        /// The identity on each channel, which a lone batch norm is folded into.
        case identity
    }

    var kernel: Kernel
    var batchNorm: BatchNorm?
    /// A value to add to the result, of its shape.
    var residual: Int?
    var activation: Activation?
    /// A value (N,C,1,1) that multiplies the source's channels; 1x1 kernels with one group and stride 1 only.
    var gate: Int?
    /// A value (N,C,1,1) that receives the mean of the result.
    var pooled: Int?

    struct BatchNorm: Sendable {
        var prefix: String
        var epsilon: Float
    }

    /// Whether an activation is all that follows the kernel.
    var isPlain: Bool { residual == nil && pooled == nil }

    /// Whether nothing follows the kernel yet, so that a batch norm or a residual can be taken in.
    var isBare: Bool { residual == nil && activation == nil && pooled == nil }
}
