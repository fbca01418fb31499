import CInference

/// Sums of nine taps a pixel, which 3x3 convolutions of upsampled maps become: `LowResolution`.
extension Planner {
    mutating func appendTapSum(_ sum: TapSum, _ layer: Layer) {
        let sources = layer.inputs.map { source($0, as: precision) }
        let result = destination(layer.output, precision)
        steps.append(
            Step(label: layer.label, touches: sources + [result]) { plan, views, _ in
                var step = Self.step(sum.factors, sources.map { views[$0] }, to: views[result])
                try plan.append(label: layer.label, kind: "sum of taps") {
                    cinference_plan_add_tap_sum($0, &step, &$1)
                }
            })
    }

    /// The 1x1 convolution of bytes at `index` and the sum of taps after it that alone reads it: its result, the largest
    /// map of the network, never is in memory as a whole. Whether there are such two.
    mutating func appendConvolvedTapSum(at index: Int) -> Bool {
        guard index + 1 < layers.count, isQuantized(layerAt: index), let (convolution, geometry) = pointwise(at: index),
            convolution.isBare, geometry.stride == 1, case .tapSum(let sum) = layers[index + 1].kind
        else { return false }
        let (made, layer) = (layers[index].output, layers[index + 1])
        let places = layer.inputs.indices.filter { layer.inputs[$0] == made }
        guard places.count == 1, lastUse[made] == index + 1, shapes[layer.output].channels % block == 0 else {
            return false
        }
        // The one that is made comes last.
        let others = layer.inputs.indices.filter { $0 != places[0] }
        let factors = (others + places).map { sum.factors[$0] }
        let (value, outputs) = (layers[index].inputs[0], shapes[made])
        let padding = ChannelPadding(inputs: padded(shapes[value].channels), outputs: outputs.channels, groups: 1)
        let from = source(value, as: .uint8)
        let sources = others.map { source(layer.inputs[$0], as: precision) }
        // Convolutions of bytes need no more than 16 bits of a summand.
        let result = destination(layer.output, isSummandOfBytes(layer.output) ? .bfloat16 : precision)
        let work = 2e-9 * Double(shapes[value].channels * outputs.channels) * Double(outputs.area)
        steps.append(
            Step(label: layer.label, touches: [from, result] + sources) { plan, views, weights in
                let kernel = padding.pad(try weights(index), groups: 1)
                var last = CInferenceConvolution()
                last.source = views[from]
                (last.groups, last.kernel_height, last.kernel_width, last.stride) = (1, 1, 1, 1)
                last.activation = Activation?.none.code
                last.quantized = 1
                var step = Self.step(factors, sources.map { views[$0] }, to: views[result])
                try kernel.weights.withUnsafeBufferPointer { weights in
                    try kernel.bias.withUnsafeBufferPointer { bias in
                        (last.weights, last.bias) = (weights.baseAddress, bias.baseAddress)
                        try withUnsafePointer(to: last) { last in
                            step.convolution = last
                            try plan.append(label: layer.label, kind: "conv 1x1, sum of taps", gigaFLOP: work) {
                                cinference_plan_add_tap_sum($0, &step, &$1)
                            }
                        }
                    }
                }
            })
        return true
    }

    private static func step(
        _ factors: [Int], _ sources: [CInferenceTensor], to destination: CInferenceTensor
    ) -> CInferenceTapSum {
        var step = CInferenceTapSum()
        step.count = Int32(factors.count)
        step.destination = destination
        withUnsafeMutableBytes(of: &step.sources) {
            _ = $0.bindMemory(to: CInferenceTensor.self).update(fromContentsOf: sources)
        }
        withUnsafeMutableBytes(of: &step.factors) {
            _ = $0.bindMemory(to: Int32.self).update(fromContentsOf: factors.map(Int32.init))
        }
        return step
    }
}
