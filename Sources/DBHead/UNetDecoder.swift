import Backbone
import Inference

/// The top-down decoder: 1x1-reduced maps summed from deep to shallow, each smoothed by 3x3 and brought to stride 4.
struct UNetDecoder: Sendable, Hashable {
    /// Channels of the summed maps.
    let inner: Int
    /// Channels of each smoothed map; the head reads four times as many.
    let output: Int
    /// Whether convolutions have a bias.
    var hasInnerBias = false
    var hasOuterBias = false

    static let prefix = "decoder."

    /// The name of the smoothing convolution of map `index`, deepest first; the last stands without an upsampling.
    static func outer(_ index: Int) -> String { prefix + "outers.\(index)" + (index < 3 ? ".0" : "") }

    /// - Parameter maps: strides 4, 8, 16 and 32, with their channels.
    /// - Returns: (N, 4 * output, H/4, W/4).
    func append(to builder: inout NetworkBuilder, maps: [(value: Graph.Value, channels: Int)]) -> Graph.Value {
        let lateral = maps.enumerated().map { index, map in
            builder.convolution(
                map.value, UNetDecoder.prefix + "inners.\(index)", channels: (map.channels, inner), kernel: 1,
                hasBias: hasInnerBias)
        }
        var topDown: [Graph.Value] = []
        for (index, value) in lateral.enumerated().reversed() {
            guard let deeper = topDown.last else {
                topDown.append(value)
                continue
            }
            let label = UNetDecoder.prefix + "inners.\(index)"
            let raised = builder.graph.append(.upsampleNearest(factor: 2), deeper, label: label)
            topDown.append(builder.graph.append(.add, raised, value, label: label))
        }
        let smoothed = topDown.enumerated().map { index, value in
            let name = UNetDecoder.outer(index)
            let map = builder.convolution(value, name, channels: (inner, output), kernel: 3, hasBias: hasOuterBias)
            let factor = 1 << (topDown.count - 1 - index)
            return factor == 1 ? map : builder.graph.append(.upsampleNearest(factor: factor), map, label: name)
        }
        return builder.graph.append(.concatenate, smoothed, label: UNetDecoder.prefix + "outers")
    }
}
