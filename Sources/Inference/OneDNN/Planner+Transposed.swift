import CInference

/// Transposed convolutions: a 1x1 convolution to all phases of the result, and a shuffle of pixels.
extension Planner {
    /// A 1x1 convolution to every phase of the result, then a shuffle of pixels: oneDNN's own transposed convolution
    /// is some forty times slower.
    mutating func appendTransposed(_ convolution: FusedConvolution, _ stride: Int, _ layer: Layer, _ index: Int) {
        let phases = appendPhases(convolution, stride, layer, index)
        appendShuffle(phases.tensor, stride, phases.channels, layer)
    }

    /// The transposed convolution at `index` and the one after it where that alone reads it and makes few channels.
    ///
    /// Each pixel of the first's phases is a pixel of its own to the second: a 1x1 convolution of all phases, zero
    /// between them, and one shuffle. The large map between the two never is in memory.
    mutating func appendTransposedPair(at index: Int) -> Bool {
        guard index + 1 < layers.count, case .convolution(let one) = layers[index].kind,
            case .convolution(let two) = layers[index + 1].kind, case .transposed(_, _, let inner) = one.kernel,
            case .transposed(_, _, let outer) = two.kernel, layers[index + 1].inputs == [layers[index].output],
            lastUse[layers[index].output] == index + 1, one.isPlain, two.isPlain
        else { return false }
        let (stride, outputs) = (inner * outer, shapes[layers[index + 1].output].channels)
        guard stride * stride * outputs <= block else { return false }
        let first = appendPhases(one, inner, layers[index], index)
        let layer = layers[index + 1]
        let middle = newTensor(
            channels: stride * stride * outputs, shapes[layers[index].inputs[0]], resultType(layer.output))
        placement.quantize(middle, quantizations[layer.output])
        let inputs = placement.tensors[first.tensor].padded
        let padding = ChannelPadding(inputs: inputs, outputs: block, groups: 1)
        appendConvolution(
            two, Convolution(weight: ""), padding, from: first.tensor, to: middle, layer: layer, index: index + 1
        ) { kernel in
            let sources = kernel.shape[1]
            var both = FoldedKernel(
                weights: [Float](repeating: 0, count: stride * stride * outputs * inputs), bias: [],
                shape: [stride * stride * outputs, inputs, 1, 1])
            for phase in 0..<stride * stride {
                let (y, x) = (phase / stride, phase % stride)
                let (from, to) = (y / outer * inner + x / outer, y % outer * outer + x % outer)
                for output in to * outputs..<(to + 1) * outputs {
                    let target = both.bias.count * inputs + from * first.channels
                    for source in 0..<sources {
                        both.weights[target + source] = kernel.weights[output * sources + source]
                    }
                    both.bias.append(kernel.bias[output])
                }
            }
            return both
        }
        appendShuffle(middle, stride, outputs, layer)
        return true
    }

    /// A 1x1 convolution to every phase of a transposed convolution's result, and how far apart the phases stand.
    private mutating func appendPhases(
        _ convolution: FusedConvolution, _ stride: Int, _ layer: Layer, _ index: Int
    ) -> (tensor: Int, channels: Int) {
        let shape = shapes[layer.inputs[0]]
        let from = isQuantized(layerAt: index) ? source(layer.inputs[0], as: .uint8) : source(layer.inputs[0])
        let outputs = shapes[layer.output].channels
        // Phases of a block or more begin at a block of their own; smaller ones stand close together.
        let phaseChannels = outputs < block ? outputs : padded(outputs)
        let phases = stride * stride
        let tensor = newTensor(channels: phases * phaseChannels, shape, resultType(layer.output))
        placement.quantize(tensor, quantizations[layer.output])
        let padding = ChannelPadding(
            inputs: padded(shape.channels), outputs: padded(phases * phaseChannels), groups: 1,
            phases: phases, phaseChannels: phaseChannels)
        appendConvolution(
            convolution, Convolution(weight: ""), padding, from: from, to: tensor, layer: layer, index: index)
        return (tensor, phaseChannels)
    }

    private mutating func appendShuffle(_ phases: Int, _ stride: Int, _ phaseChannels: Int, _ layer: Layer) {
        let isLast = layer.output == output
        let result = isLast ? outputTensor() : destination(layer.output, like: phases)
        if isLast { tensors[layer.output] = result }
        let outputs = shapes[layer.output].channels
        appendMap(CInferenceShuffle, "shuffle x\(stride)", [phases], result, layer.label) { step in
            (step.factor, step.phase_channels) = (Int32(stride), Int32(phaseChannels))
            step.channels = Int32(outputs)
        }
    }
}
