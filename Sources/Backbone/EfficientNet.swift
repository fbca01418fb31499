import Inference

/// The EfficientNets of Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks"
/// (arXiv:1905.11946), as timm builds them.
public struct EfficientNet: Sendable, Hashable {
    /// The compound scalings.
    public enum Variant: String, Sendable, CaseIterable {
        case b0, b1, b2, b3, b4, b5

        /// Width and depth multipliers.
        var scale: (width: Double, depth: Double) {
            switch self {
            case .b0: (1.0, 1.0)
            case .b1: (1.0, 1.1)
            case .b2: (1.1, 1.2)
            case .b3: (1.2, 1.4)
            case .b4: (1.4, 1.8)
            case .b5: (1.6, 2.2)
            }
        }
    }

    /// Width and depth.
    public let variant: Variant
    /// Whether it is timm's `tf_` form, ported from TensorFlow: SAME padding, batch norm epsilon 1e-3 instead of 1e-5.
    /// The tensors' shapes do not tell.
    public let isTensorFlow: Bool

    /// The network of this scaling and form.
    public init(variant: Variant, isTensorFlow: Bool) {
        self.variant = variant
        self.isTensorFlow = isTensorFlow
    }

    /// timm's name.
    public var name: String { (isTensorFlow ? "tf_" : "") + "efficientnet_" + variant.rawValue }

    /// A stage of mobile inverted bottlenecks, after scaling.
    public struct Stage: Sendable, Hashable {
        public let blocks, kernel, stride, expansion, channels: Int
    }

    /// The seven stages.
    public var stages: [Stage] {
        // Blocks, kernel, stride, expansion and channels of B0.
        let base = [
            (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
            (4, 5, 2, 6, 192),
            (1, 3, 1, 6, 320),
        ]
        return base.map { blocks, kernel, stride, expansion, channels in
            Stage(
                blocks: Int((Double(blocks) * variant.scale.depth).rounded(.up)), kernel: kernel, stride: stride,
                expansion: expansion, channels: scaled(channels))
        }
    }

    /// Channels of the stem's convolution.
    public var stemChannels: Int { scaled(32) }

    var channels: [Int] { EfficientNet.mapStages.map { stages[$0].channels } }

    /// The stages whose results are the maps at strides 4, 8, 16 and 32.
    private static let mapStages = [1, 2, 4, 6]

    /// To the nearest multiple of 8, not more than a tenth below.
    private func scaled(_ channels: Int) -> Int {
        let exact = Double(channels) * variant.scale.width
        let rounded = max(8, Int(exact + 4) / 8 * 8)
        return Double(rounded) < 0.9 * exact ? rounded + 8 : rounded
    }

    private var epsilon: Float { isTensorFlow ? 1e-3 : 1e-5 }

    func append(to builder: inout NetworkBuilder, prefix: String) -> [Graph.Value] {
        var value = builder.convolution(
            builder.graph.input, prefix + "conv_stem", channels: (3, stemChannels), kernel: 3, stride: 2,
            padding: padding(kernel: 3, stride: 2))
        value = builder.batchNorm(value, prefix + "bn1", channels: stemChannels, epsilon: epsilon, then: .silu)
        var input = stemChannels
        var maps: [Graph.Value] = []
        for (index, stage) in stages.enumerated() {
            for block in 0..<stage.blocks {
                value = bottleneck(
                    value, in: &builder, name: "\(prefix)blocks.\(index).\(block)", input: input, stage: stage,
                    stride: block == 0 ? stage.stride : 1)
                input = stage.channels
            }
            if EfficientNet.mapStages.contains(index) { maps.append(value) }
        }
        return maps
    }

    private func padding(kernel: Int, stride: Int) -> Convolution.Padding {
        isTensorFlow && stride > 1 ? .same : .symmetric(kernel / 2)
    }

    /// Expansion, depthwise convolution, squeeze and excitation, projection; without expansion the norms and the
    /// projection have the names of timm's `DepthwiseSeparableConv`.
    private func bottleneck(
        _ value: Graph.Value, in builder: inout NetworkBuilder, name: String, input: Int, stage: Stage, stride: Int
    ) -> Graph.Value {
        let isExpanded = stage.expansion > 1
        let width = input * stage.expansion
        var branch = value
        if isExpanded {
            branch = builder.convolution(branch, name + ".conv_pw", channels: (input, width), kernel: 1)
            branch = builder.batchNorm(branch, name + ".bn1", channels: width, epsilon: epsilon, then: .silu)
        }
        branch = builder.convolution(
            branch, name + ".conv_dw", channels: (width, width), kernel: stage.kernel, stride: stride,
            padding: padding(kernel: stage.kernel, stride: stride), groups: width)
        branch = builder.batchNorm(
            branch, name + (isExpanded ? ".bn2" : ".bn1"), channels: width, epsilon: epsilon, then: .silu)
        branch = squeezeExcite(branch, in: &builder, name: name + ".se", channels: width, reduced: input / 4)
        branch = builder.convolution(
            branch, name + (isExpanded ? ".conv_pwl" : ".conv_pw"), channels: (width, stage.channels), kernel: 1)
        branch = builder.batchNorm(
            branch, name + (isExpanded ? ".bn3" : ".bn2"), channels: stage.channels, epsilon: epsilon)
        guard stride == 1 && input == stage.channels else { return branch }
        return builder.graph.append(.add, branch, value, label: name)
    }

    private func squeezeExcite(
        _ value: Graph.Value, in builder: inout NetworkBuilder, name: String, channels: Int, reduced: Int
    ) -> Graph.Value {
        var gate = builder.graph.append(.globalAveragePool, value, label: name)
        gate = builder.convolution(gate, name + ".conv_reduce", channels: (channels, reduced), kernel: 1, hasBias: true)
        gate = builder.graph.append(.activation(.silu), gate, label: name + ".conv_reduce")
        gate = builder.convolution(gate, name + ".conv_expand", channels: (reduced, channels), kernel: 1, hasBias: true)
        gate = builder.graph.append(.activation(.sigmoid), gate, label: name + ".conv_expand")
        return builder.graph.append(.multiplyChannels, value, gate, label: name)
    }
}
