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

/// Where an expansion is fused with its depthwise convolution; fixed by shape, so that results never depend on timing.
enum ExpansionPolicy {
    /// Input channels above which reading the source once for every few blocks of the result costs more than the wide
    /// map in memory.
    static let mostInputs = 64

    /// Whether to ask for the fused kernel; there is one for 3x3 and 5x5 with strides 1 and 2.
    static func applies(inputs: Int, depthwise: [Int]?, stride: Int) -> Bool {
        inputs <= mostInputs && (depthwise == [3, 3] || depthwise == [5, 5]) && (1...2).contains(stride)
    }
}
