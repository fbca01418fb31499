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
        let quantization = isQuantized(layerAt: index) ? quantizations[first.output] : nil
        let from = source(first.inputs[0], as: quantization == nil ? precision : .uint8)
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
                    height: Int32(wide.height), width: Int32(wide.width), scale: quantization?.scale ?? 1,
                    zero: quantization?.zero ?? 0, part: 0)
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
        var summand: Int?
        if let value = convolution.residual {
            let tensor = source(value, as: type(of: from))
            overwrites = canOverwrite(
                value, at: index, others: [layer.inputs[0]] + (convolution.gate.map { [$0] } ?? []))
            summand = tensor
        }
        let result = destination(layer.output, type(of: from))
        if let tensor = summand {
            if overwrites || tensors[convolution.residual ?? 0] != tensor {
                placement.alias(tensor, inside: result)
            } else {
                appendCopy(tensor, to: result, label: layer.label)
                summand = nil
            }
        }
        appendConvolution(
            convolution, geometry, padding, from: from, to: result, layer: layer, index: index, summand: summand)
    }

    /// Two 1x1 convolutions whose sum is all that is wanted of them, as one with the inputs of both: neither map is ever
    /// in memory. Whether `index` is the first of such.
    mutating func appendJoined(at index: Int) -> Bool {
        let quantized = isQuantized(layerAt: index)
        let type = quantized ? ElementType.uint8 : precision
        guard cinference_joins(type.code) != 0, index + 1 < layers.count,
            quantized == isQuantized(layerAt: index + 1),
            let (first, unit) = pointwise(at: index), let (second, geometry) = pointwise(at: index + 1),
            first.isBare, unit.stride == 1, geometry.stride <= 2, second.pooled == nil,
            second.residual == layers[index].output, lastUse[layers[index].output] == index + 1
        else { return false }
        let layer = layers[index + 1]
        guard layer.inputs[0] != layers[index].output else { return false }
        let values = [layer.inputs[0], layers[index].inputs[0]]
        let inputs = values.reduce(0) { $0 + padded(shapes[$1].channels) }
        // Bytes of both are summed as they are.
        let zeros = values.map { quantization(of: $0)?.zero }
        if quantized, inputs > mostQuantizedInputs || zeros[0] != zeros[1] { return false }
        let sources = values.map { source($0, as: type) }
        let result = destination(layer.output, quantized ? resultType(layer.output) : type)
        var sum = second
        sum.residual = nil
        let outputs = padded(shapes[layer.output].channels)
        let padding = values.map { ChannelPadding(inputs: padded(shapes[$0].channels), outputs: outputs, groups: 1) }
        appendConvolution(
            sum, geometry, padding[0], from: sources[0], to: result, layer: layer, index: index + 1,
            joined: (index, sources[1], padding[1]))
        return true
    }

    /// The layer at `index` where it is a 1x1 convolution of whole maps without a gate.
    func pointwise(at index: Int) -> (FusedConvolution, Convolution)? {
        guard case .convolution(let fused) = layers[index].kind, case .convolution(let plain) = fused.kernel,
            kernelSizes[index] == [1, 1], plain.groups == 1, plain.padsNothing, fused.gate == nil
        else { return nil }
        return (fused, plain)
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
        layer: Layer, index: Int, summand: Int? = nil,
        joined other: (layer: Int, source: Int, padding: ChannelPadding)? = nil,
        reshaped: ((FoldedKernel) -> FoldedKernel)? = nil
    ) {
        let quantized = isQuantized(layerAt: index)
        let (shape, outputShape) = (shapes[layer.inputs[0]], shapes[layer.output])
        let gate = convolution.gate.map { source($0, as: .float32) }
        let inputs =
            shape.channels / geometry.groups + (other.map { shapes[layers[$0.layer].inputs[0]].channels } ?? 0)
        steps.append(
            Step(label: layer.label, touches: [from, result] + [gate, summand, other?.source].compactMap { $0 }) {
                plan, views, weights in
                let folded = try weights(index)
                var kernel = padding.pad(reshaped?(folded) ?? folded, groups: geometry.groups)
                let window = geometry.window(kernelHeight: kernel.shape[2], kernelWidth: kernel.shape[3], on: shape)
                var step = CInferenceConvolution()
                (step.source, step.destination) = (views[from], views[result])
                step.groups = Int32(padding.groups)
                (step.kernel_height, step.kernel_width) = (Int32(window.kernelHeight), Int32(window.kernelWidth))
                step.stride = Int32(window.stride)
                (step.pad_top, step.pad_left) = (Int32(window.padding.top), Int32(window.padding.left))
                (step.pad_bottom, step.pad_right) = (Int32(window.padding.bottom), Int32(window.padding.right))
                step.activation = convolution.activation.code
                step.accumulates = convolution.residual == nil ? 0 : 1
                step.summand = views[summand ?? result]
                step.quantized = quantized ? 1 : 0
                if let other {
                    kernel = kernel.joined(with: other.padding.pad(try weights(other.layer), groups: 1))
                    (step.joins, step.second) = (1, views[other.source])
                }
                if let gate { (step.gated, step.gate) = (1, views[gate]) }
                let kind =
                    (convolution.isTransposed ? "transposed " : "conv ")
                    + "\(window.kernelHeight)x\(window.kernelWidth)" + (other == nil ? "" : " + 1x1")
                let taps = window.kernelHeight * window.kernelWidth
                let work = 2e-9 * Double(taps * inputs * outputShape.channels) * Double(outputShape.area)
                try kernel.weights.withUnsafeBufferPointer { weights in
                    try kernel.bias.withUnsafeBufferPointer { bias in
                        (step.weights, step.bias) = (weights.baseAddress, bias.baseAddress)
                        try plan.append(label: layer.label, kind: kind, gigaFLOP: work) {
                            cinference_plan_add_convolution($0, &step, &$1)
                        }
                    }
                }
            })
    }
}
