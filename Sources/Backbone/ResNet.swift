import Inference

/// The ResNets of He et al., "Deep Residual Learning for Image Recognition" (arXiv:1512.03385), as timm builds them.
public enum ResNet: String, Sendable, CaseIterable {
    case resnet18, resnet34, resnet50, resnet101

    /// Blocks in each of the four stages.
    public var blocks: [Int] {
        switch self {
        case .resnet18: [2, 2, 2, 2]
        case .resnet34, .resnet50: [3, 4, 6, 3]
        case .resnet101: [3, 4, 23, 3]
        }
    }

    /// Whether a block is 1x1, 3x3, 1x1 instead of two 3x3.
    public var hasBottlenecks: Bool { self == .resnet50 || self == .resnet101 }

    var channels: [Int] {
        [64, 128, 256, 512].map { hasBottlenecks ? $0 * 4 : $0 }
    }

    func append(to builder: inout NetworkBuilder, prefix: String) -> [Graph.Value] {
        var value = builder.convolution(
            builder.graph.input, prefix + "conv1", channels: (3, 64), kernel: 7, stride: 2)
        value = builder.batchNorm(value, prefix + "bn1", channels: 64, then: .relu)
        value = builder.graph.append(.maxPool(kernel: 3, stride: 2, padding: 1), value, label: prefix + "maxpool")
        var input = 64
        var maps: [Graph.Value] = []
        for (stage, width) in [64, 128, 256, 512].enumerated() {
            for block in 0..<blocks[stage] {
                value = residual(
                    value, in: &builder, name: "\(prefix)layer\(stage + 1).\(block)", channels: (input, width),
                    stride: stage > 0 && block == 0 ? 2 : 1)
                input = channels[stage]
            }
            maps.append(value)
        }
        return maps
    }

    private func residual(
        _ value: Graph.Value, in builder: inout NetworkBuilder, name: String, channels: (input: Int, width: Int),
        stride: Int
    ) -> Graph.Value {
        let output = hasBottlenecks ? channels.width * 4 : channels.width
        // Kernel and output channels of each convolution; the stride sits on the 3x3 (on the first of two).
        let layers =
            hasBottlenecks
            ? [(1, channels.width, 1), (3, channels.width, stride), (1, output, 1)]
            : [(3, output, stride), (3, output, 1)]
        var branch = value
        var input = channels.input
        for (index, (kernel, width, stride)) in layers.enumerated() {
            branch = builder.convolution(
                branch, "\(name).conv\(index + 1)", channels: (input, width), kernel: kernel, stride: stride)
            let isLast = index == layers.count - 1
            branch = builder.batchNorm(branch, "\(name).bn\(index + 1)", channels: width, then: isLast ? nil : .relu)
            input = width
        }
        var shortcut = value
        if stride != 1 || channels.input != output {
            shortcut = builder.convolution(
                value, name + ".downsample.0", channels: (channels.input, output), kernel: 1, stride: stride)
            shortcut = builder.batchNorm(shortcut, name + ".downsample.1", channels: output)
        }
        let sum = builder.graph.append(.add, branch, shortcut, label: name)
        return builder.graph.append(.activation(.relu), sum, label: name)
    }
}
