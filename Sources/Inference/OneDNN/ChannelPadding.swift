import CInference

/// How a convolution's weights are laid out for blocked maps: channels padded with zero weights, groups merged.
struct ChannelPadding {
    var inputs: Int
    var outputs: Int
    /// Groups as the kernel sees them, a divisor of the layer's.
    var groups: Int
    /// A transposed convolution's output channels stand in `phases` runs that begin `phaseChannels` apart.
    var phases = 1
    var phaseChannels = 0

    /// `kernel`, of `groups` groups, in (outputs, inputs / self.groups, kH, kW).
    func pad(_ kernel: FoldedKernel, groups kernelGroups: Int) -> FoldedKernel {
        let (sourceOutputs, sourceInputs) = (kernel.shape[0], kernel.shape[1])
        let taps = kernel.shape[2] * kernel.shape[3]
        let inputsPerGroup = inputs / groups
        let merged = kernelGroups / groups
        let outputsPerGroup = sourceOutputs / kernelGroups
        if sourceOutputs == outputs, sourceInputs == inputsPerGroup { return kernel }
        var weights = [Float](repeating: 0, count: outputs * inputsPerGroup * taps)
        var bias = [Float](repeating: 0, count: outputs)
        let sourcePhase = sourceOutputs / phases
        for output in 0..<sourceOutputs {
            let place = phases == 1 ? output : output / sourcePhase * phaseChannels + output % sourcePhase
            let firstInput = output / outputsPerGroup % merged * sourceInputs
            let from = output * sourceInputs * taps
            let to = (place * inputsPerGroup + firstInput) * taps
            for index in 0..<sourceInputs * taps { weights[to + index] = kernel.weights[from + index] }
            bias[place] = kernel.bias[output]
        }
        return FoldedKernel(
            weights: weights, bias: bias, shape: [outputs, inputsPerGroup, kernel.shape[2], kernel.shape[3]])
    }
}

extension FoldedKernel {
    /// The kernel of some input channels; its bias is zero where another part has it.
    func part(_ channels: Range<Int>, hasBias: Bool) -> FoldedKernel {
        let (inputs, taps) = (shape[1], shape[2] * shape[3])
        var part = [Float]()
        part.reserveCapacity(shape[0] * channels.count * taps)
        for output in 0..<shape[0] {
            let first = output * inputs * taps
            part += weights[first + channels.lowerBound * taps..<first + channels.upperBound * taps]
        }
        return FoldedKernel(
            weights: part, bias: hasBias ? bias : bias.map { _ in 0 },
            shape: [shape[0], channels.count, shape[2], shape[3]])
    }
}

/// Where Winograd's F(4x4,3x3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
/// arXiv:1509.09308) replaces the direct algorithm: fixed by shape, so that results never depend on timing.
enum WinogradPolicy {
    /// Channels below which transforming the tiles costs more than the fewer multiplications save.
    static let leastChannels = 64

    /// Bytes of transformed tiles above which the input channels are taken part by part.
    static let mostTileBytes = 96 << 20

    /// In how many parts of its input channels a convolution is computed: the transformed tiles of all of them are in
    /// memory at once, and they are 2.25 times the map.
    static func parts(inputs: Int, kernel: [Int]?, area: Int, block: Int) -> Int {
        guard kernel == [3, 3], block == 16 else { return 1 }
        let tileBytes = inputs * area * 9
        var parts = 1
        while tileBytes / parts > mostTileBytes, inputs / parts % (2 * leastChannels) == 0 { parts *= 2 }
        return parts
    }

    /// Whether to ask for Winograd; the library may still have none on this machine.
    static func applies(_ window: ConvolutionWindow, inputs: Int, outputs: Int, groups: Int) -> Bool {
        window.kernelHeight == 3 && window.kernelWidth == 3 && window.stride == 1 && groups == 1
            && min(inputs, outputs) >= leastChannels
    }
}

/// Where an expansion is fused with its depthwise convolution; fixed by shape, so that results never depend on timing.
enum ExpansionPolicy {
    /// Input channels above which reading the source once for every two blocks of the result costs more than the wide
    /// map in memory.
    static let mostInputs = 64

    /// Whether to ask for the fused kernel; there is one for 3x3 and 5x5 with strides 1 and 2.
    static func applies(inputs: Int, depthwise: [Int]?, stride: Int) -> Bool {
        inputs <= mostInputs && (depthwise == [3, 3] || depthwise == [5, 5]) && (1...2).contains(stride)
    }
}
