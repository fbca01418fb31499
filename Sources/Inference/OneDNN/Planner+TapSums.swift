import CInference

/// Sums of nine taps a pixel, which 3x3 convolutions of upsampled maps become: `LowResolution`.
extension Planner {
    /// The sum of taps at `index`, with the convolutions beside it:
    /// - A 1x1 convolution of bytes at `index` that the sum after it alone reads: its result, the largest map of the
    ///   network, never is in memory as a whole.
    /// - A convolution that adds the sum and does no more comes first instead, and the sum is added to its result: what
    ///   an image reaches of that is less than what it reaches of the sum.
    ///
    /// - Returns: how many layers these are; nil where there is no sum.
    mutating func appendTapSum(at index: Int) -> Int? {
        let isConvolved = isConvolvedTapSum(at: index)
        let place = isConvolved ? index + 1 : index
        guard case .tapSum(let sum) = layers[place].kind else { return nil }
        let value = layers[place].output
        var layer = layers[place]
        var summand: Int?
        if let convolution = convolution(at: place + 1, adding: value), isQuantized(layerAt: place + 1) == isConvolved {
            var first = layers[place + 1]
            (layer.output, first.output) = (first.output, value)
            append(convolution, first, place + 1)
            summand = source(value, as: isConvolved ? .bfloat16 : precision)
        }
        if isConvolved {
            appendConvolved(sum, layer, index, summand)
        } else {
            append(sum, layer, summand)
        }
        return place - index + (summand == nil ? 1 : 2)
    }

    /// The convolution at `index` without the sum, where all that follows it is that `value` is added, which nobody else
    /// reads.
    private func convolution(at index: Int, adding value: Int) -> FusedConvolution? {
        guard index < layers.count, case .convolution(var fused) = layers[index].kind, case .convolution = fused.kernel,
            fused.residual == value, lastUse[value] == index, layers[index].inputs[0] != value, fused.gate == nil
        else { return nil }
        fused.residual = nil
        return fused.isBare ? fused : nil
    }

    private mutating func append(_ sum: TapSum, _ layer: Layer, _ summand: Int?) {
        let sources = layer.inputs.map { source($0, as: precision) }
        let result = destination(layer.output, precision)
        if let summand { placement.alias(summand, inside: result) }
        steps.append(
            Step(label: layer.label, touches: sources + [result] + (summand.map { [$0] } ?? [])) { plan, views, _ in
                var step = Self.step(
                    sum.factors, sources.map { views[$0] }, summand.map { views[$0] }, to: views[result])
                try plan.append(label: layer.label, kind: "sum of taps") {
                    cinference_plan_add_tap_sum($0, &step, &$1)
                }
            })
    }

    private func isConvolvedTapSum(at index: Int) -> Bool {
        guard index + 1 < layers.count, isQuantized(layerAt: index), let (convolution, geometry) = pointwise(at: index),
            convolution.isBare, geometry.stride == 1, case .tapSum = layers[index + 1].kind
        else { return false }
        let (made, layer) = (layers[index].output, layers[index + 1])
        return layer.inputs.count { $0 == made } == 1 && lastUse[made] == index + 1
            && shapes[layer.output].channels % block == 0
    }

    /// `layer`, of which the layer at `index` makes one input.
    private mutating func appendConvolved(_ sum: TapSum, _ layer: Layer, _ index: Int, _ summand: Int?) {
        let made = layers[index].output
        // The one that is made comes last.
        let others = layer.inputs.indices.filter { layer.inputs[$0] != made }
        let factors = (others + layer.inputs.indices.filter { layer.inputs[$0] == made }).map { sum.factors[$0] }
        let (value, outputs) = (layers[index].inputs[0], shapes[made])
        let padding = ChannelPadding(inputs: padded(shapes[value].channels), outputs: outputs.channels, groups: 1)
        let from = source(value, as: .uint8)
        let sources = others.map { source(layer.inputs[$0], as: precision) }
        let result = destination(layer.output, resultOrSummandType(layer.output))
        let work = 2e-9 * Double(shapes[value].channels * outputs.channels) * Double(outputs.area)
        let touches = [from, result] + sources + (summand.map { [$0] } ?? [])
        steps.append(
            Step(label: layer.label, touches: touches) { plan, views, weights in
                let kernel = padding.pad(try weights(index), groups: 1)
                var last = CInferenceConvolution()
                last.source = views[from]
                (last.groups, last.kernel_height, last.kernel_width, last.stride) = (1, 1, 1, 1)
                last.activation = Activation?.none.code
                last.quantized = 1
                var step = Self.step(factors, sources.map { views[$0] }, summand.map { views[$0] }, to: views[result])
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
    }

    private static func step(
        _ factors: [Int], _ sources: [CInferenceTensor], _ summand: CInferenceTensor?,
        to destination: CInferenceTensor
    ) -> CInferenceTapSum {
        var step = CInferenceTapSum()
        step.count = Int32(factors.count)
        if let summand { (step.accumulates, step.summand) = (1, summand) }
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
