import CInference

extension Planner {
    mutating func append(_ convolution: FusedConvolution, _ layer: Layer, _ index: Int) {
        switch convolution.kernel {
        case .identity:
            let one = Convolution(weight: "", groups: shapes[layer.output].channels)
            appendDepthwise(convolution, one, layer, index)
        case .transposed(_, _, let stride):
            appendTransposed(convolution, stride, layer, index)
        case .convolution(let geometry):
            let (source, result) = (shapes[layer.inputs[0]].channels, shapes[layer.output].channels)
            if geometry.groups > 1, geometry.groups == source, source == result {
                appendDepthwise(convolution, geometry, layer, index)
            } else {
                if isQuantized(layerAt: index) {
                    appendQuantized(convolution, geometry, layer, index)
                } else {
                    appendDense(convolution, geometry, layer, index)
                }
                if let pooled = convolution.pooled {
                    let from = self.source(layer.output)
                    appendMap(CInferenceMean, "mean", [from], destination(pooled, .float32), layer.label)
                }
            }
        }
    }

    private mutating func appendDepthwise(
        _ convolution: FusedConvolution, _ geometry: Convolution, _ layer: Layer, _ index: Int
    ) {
        let shape = shapes[layer.inputs[0]]
        let from = isQuantized(layerAt: index) ? source(layer.inputs[0], as: .uint8) : source(layer.inputs[0])
        let result = destination(layer.output, type(of: from))
        let pooled = convolution.pooled.map { destination($0, .float32) }
        let (channels, area) = (padded(shape.channels), shapes[layer.output].area)
        steps.append(
            Step(label: layer.label, touches: [from, result] + (pooled.map { [$0] } ?? [])) { plan, views, weights in
                let kernel = try weights(index)
                var (step, taps, bias) = Self.depthwiseStep(
                    convolution, geometry, kernel, on: shape, padded: channels, views[result], pooled.map { views[$0] })
                step.source = views[from]
                let work = 2e-9 * Double(kernel.weights.count) * Double(area)
                try taps.withUnsafeBufferPointer { taps in
                    try bias.withUnsafeBufferPointer { bias in
                        (step.weights, step.bias) = (taps.baseAddress, bias.baseAddress)
                        try plan.append(
                            label: layer.label, kind: "depthwise \(kernel.shape[2])x\(kernel.shape[3])", gigaFLOP: work
                        ) { cinference_plan_add_depthwise($0, &step, &$1) }
                    }
                }
            })
    }

    /// An expansion and its depthwise convolution in one step: the wide map between them never is in memory.
    mutating func append(
        _ expansion: FusedConvolution, _ depthwise: FusedConvolution, _ geometry: Convolution, at index: Int
    ) {
        let (first, second) = (layers[index], layers[index + 1])
        let from = source(first.inputs[0])
        let (shape, wide) = (shapes[first.inputs[0]], shapes[first.output])
        let (inputs, outputs) = (padded(shape.channels), padded(wide.channels))
        let result = destination(second.output, type(of: from))
        let pooled = depthwise.pooled.map { destination($0, .float32) }
        let area = shapes[second.output].area
        steps.append(
            Step(label: second.label, touches: [from, result] + (pooled.map { [$0] } ?? [])) { plan, views, weights in
                let pointwise = ChannelPadding(inputs: inputs, outputs: outputs, groups: 1).pad(
                    try weights(index), groups: 1)
                let kernel = try weights(index + 1)
                let (step, taps, bias) = Self.depthwiseStep(
                    depthwise, geometry, kernel, on: wide, padded: outputs, views[result], pooled.map { views[$0] })
                var both = CInferenceExpandedDepthwise()
                both.source = views[from]
                both.inputs = Int32(shape.channels)
                both.activation = expansion.activation.code
                both.depthwise = step
                both.depthwise.source = CInferenceTensor(
                    index: -1, type: both.source.type, blocked: 1, channels: Int32(outputs),
                    height: Int32(wide.height), width: Int32(wide.width), scale: 1, zero: 0)
                let work =
                    2e-9
                    * (Double(shape.channels * wide.channels) * Double(wide.area)
                        + Double(kernel.weights.count) * Double(area))
                try pointwise.weights.withUnsafeBufferPointer { weights in
                    try pointwise.bias.withUnsafeBufferPointer { pointwiseBias in
                        try taps.withUnsafeBufferPointer { taps in
                            try bias.withUnsafeBufferPointer { bias in
                                (both.weights, both.bias) = (weights.baseAddress, pointwiseBias.baseAddress)
                                (both.depthwise.weights, both.depthwise.bias) = (taps.baseAddress, bias.baseAddress)
                                try plan.append(
                                    label: second.label,
                                    kind: "conv 1x1, depthwise \(kernel.shape[2])x\(kernel.shape[3])",
                                    gigaFLOP: work
                                ) { cinference_plan_add_expanded_depthwise($0, &both, &$1) }
                            }
                        }
                    }
                }
            })
    }

    /// A depthwise step without its source and weights, and the weights and bias with padding.
    private static func depthwiseStep(
        _ convolution: FusedConvolution, _ geometry: Convolution, _ kernel: FoldedKernel, on shape: TensorShape,
        padded: Int, _ result: CInferenceTensor, _ pooled: CInferenceTensor?
    ) -> (CInferenceDepthwise, weights: [Float], bias: [Float]) {
        let window = geometry.window(kernelHeight: kernel.shape[2], kernelWidth: kernel.shape[3], on: shape)
        var step = CInferenceDepthwise()
        step.destination = result
        (step.kernel_height, step.kernel_width) = (Int32(window.kernelHeight), Int32(window.kernelWidth))
        step.stride = Int32(window.stride)
        (step.pad_top, step.pad_left) = (Int32(window.padding.top), Int32(window.padding.left))
        step.activation = convolution.activation.code
        if let pooled { (step.pools, step.pooled) = (1, pooled) }
        let missing = padded - shape.channels
        let taps = window.kernelHeight * window.kernelWidth
        return (
            step, kernel.weights + [Float](repeating: 0, count: missing * taps),
            kernel.bias + [Float](repeating: 0, count: missing)
        )
    }

    private mutating func appendDense(
        _ convolution: FusedConvolution, _ geometry: Convolution, _ layer: Layer, _ index: Int
    ) {
        let value = layer.inputs[0]
        let (inputs, outputs) = (shapes[value].channels, shapes[layer.output].channels)
        // The image itself is read as it is, by kernels made for three channels.
        let readsImage =
            value == 0 && inputs <= 3 && geometry.groups == 1 && convolution.gate == nil
        let from = readsImage ? image() : source(value)
        // Groups of less than a block of channels run as larger groups with zeros between.
        let groups = (1...geometry.groups).last { groups in
            geometry.groups % groups == 0 && inputs % (groups * block) == 0 && outputs % (groups * block) == 0
        }
        let padding = ChannelPadding(
            inputs: readsImage ? inputs : padded(inputs), outputs: padded(outputs), groups: groups ?? 1)
        var overwrites = false
        var residual: Int?
        if let value = convolution.residual {
            let tensor = source(value, as: type(of: from))
            overwrites = canOverwrite(
                value, at: index, others: [layer.inputs[0]] + (convolution.gate.map { [$0] } ?? []))
            residual = tensor
        }
        let result = destination(layer.output, type(of: from))
        if let residual {
            if overwrites || tensors[convolution.residual ?? 0] != residual {
                placement.alias(residual, inside: result)
            } else {
                appendCopy(residual, to: result, label: layer.label)
            }
        }
        let parts = WinogradPolicy.parts(
            inputs: padding.inputs, kernel: kernelSizes[index], area: shapes[layer.output].area, block: block)
        guard type(of: from) == .float32, parts > 1, geometry.stride == 1, padding.groups == 1, convolution.gate == nil
        else {
            return appendConvolution(
                convolution, geometry, padding, from: from, to: result, layer: layer, index: index)
        }
        let kernel = Once<FoldedKernel>()
        for part in 0..<parts {
            let channels = part * padding.inputs / parts..<(part + 1) * padding.inputs / parts
            let view = newTensor(channels: channels.count, shapes[value], .float32)
            placement.alias(view, inside: from, channel: channels.lowerBound)
            appendConvolution(
                convolution, geometry, padding, from: view, to: result, layer: layer, index: index,
                part: Part(channels: channels, isFirst: part == 0, isLast: part == parts - 1, kernel: kernel))
        }
    }

    /// Some input channels of a convolution whose result is summed part by part.
    struct Part {
        var channels: Range<Int>
        var isFirst: Bool
        var isLast: Bool
        /// The whole convolution's, padded.
        var kernel: Once<FoldedKernel>
    }

    /// A value that is made when it is first asked for.
    final class Once<Value> {
        private var value: Value?

        func get(_ make: () throws -> Value) rethrows -> Value {
            if let value { return value }
            let made = try make()
            value = made
            return made
        }
    }

    /// The image as it is, plain, in the maps' element type.
    private mutating func image() -> Int {
        let image = tensors[0] ?? 0
        guard type(of: image) != precision else { return image }
        let shape = shapes[0]
        let copy = newTensor(channels: shape.channels, shape, precision, blocked: false)
        appendCopy(image, to: copy, label: "input")
        return copy
    }

    mutating func appendConvolution(
        _ convolution: FusedConvolution, _ geometry: Convolution, _ padding: ChannelPadding, from: Int, to result: Int,
        layer: Layer, index: Int, summand: Int? = nil, part: Part? = nil,
        reshaped: ((FoldedKernel) -> FoldedKernel)? = nil
    ) {
        let quantized = isQuantized(layerAt: index)
        let (shape, outputShape) = (shapes[layer.inputs[0]], shapes[layer.output])
        let gate = convolution.gate.map { source($0, as: .float32) }
        steps.append(
            Step(label: layer.label, touches: [from, result] + [gate, summand].compactMap { $0 }) {
                plan, views, weights in
                func whole() throws -> FoldedKernel {
                    let kernel = try weights(index)
                    return padding.pad(reshaped?(kernel) ?? kernel, groups: geometry.groups)
                }
                let kernel = try part.map { try $0.kernel.get(whole).part($0.channels, hasBias: $0.isLast) } ?? whole()
                let window = geometry.window(kernelHeight: kernel.shape[2], kernelWidth: kernel.shape[3], on: shape)
                var step = CInferenceConvolution()
                (step.source, step.destination) = (views[from], views[result])
                step.groups = Int32(padding.groups)
                (step.kernel_height, step.kernel_width) = (Int32(window.kernelHeight), Int32(window.kernelWidth))
                step.stride = Int32(window.stride)
                (step.pad_top, step.pad_left) = (Int32(window.padding.top), Int32(window.padding.left))
                (step.pad_bottom, step.pad_right) = (Int32(window.padding.bottom), Int32(window.padding.right))
                step.activation = part?.isLast == false ? Activation?.none.code : convolution.activation.code
                step.accumulates = convolution.residual == nil && part?.isFirst != false ? 0 : 1
                step.summand = views[summand ?? result]
                step.quantized = quantized ? 1 : 0
                if let gate { (step.gated, step.gate) = (1, views[gate]) }
                let kind =
                    (convolution.isTransposed ? "transposed " : "conv ")
                    + "\(window.kernelHeight)x\(window.kernelWidth)"
                let inputs = (part?.channels.count ?? shape.channels) / geometry.groups
                let taps = window.kernelHeight * window.kernelWidth
                let work = 2e-9 * Double(taps * inputs * outputShape.channels) * Double(outputShape.area)
                let winograd =
                    step.source.type == CInferenceFloat32 && !quantized
                    && WinogradPolicy.applies(
                        window, inputs: Int(step.source.channels), outputs: padding.outputs, groups: padding.groups)
                try kernel.weights.withUnsafeBufferPointer { weights in
                    try kernel.bias.withUnsafeBufferPointer { bias in
                        (step.weights, step.bias) = (weights.baseAddress, bias.baseAddress)
                        func append(optional: Bool) throws -> Bool {
                            try plan.append(label: layer.label, kind: kind, gigaFLOP: work, optional: optional) {
                                cinference_plan_add_convolution($0, &step, &$1)
                            }
                        }
                        step.winograd = winograd ? 1 : 0
                        if winograd, try append(optional: true) { return }
                        step.winograd = 0
                        _ = try append(optional: false)
                    }
                }
            })
    }
}
