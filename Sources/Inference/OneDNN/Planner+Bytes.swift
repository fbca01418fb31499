import CInference

/// Which maps of an int8 network are bytes, and the convolutions that read them.
extension Planner {
    /// Sums of so many products of bytes fill 32 bits.
    var mostQuantizedInputs: Int { 1 << 16 }

    /// Whether the layer at `index` is a convolution whose inputs and weights are bytes.
    func isQuantized(layerAt index: Int) -> Bool {
        guard !quantizations.isEmpty, case .convolution(let convolution) = layers[index].kind,
            quantizations[layers[index].inputs[0]] != nil
        else { return false }
        switch convolution.kernel {
        case .identity: return false
        case .transposed: return true
        case .convolution(let geometry):
            let (size, inputs) = (kernelSizes[index] ?? [], shapes[layers[index].inputs[0]].channels)
            guard geometry.stride <= 2 else { return false }
            guard geometry.groups > 1 else {
                let taps = size.reduce(1, *)
                return taps <= 49 && taps * padded(inputs) <= mostQuantizedInputs
            }
            return geometry.groups == inputs && shapes[layers[index].output].channels == inputs
                && (size == [3, 3] || size == [5, 5]) && quantizations[layers[index].output] != nil
                && convolution.residual == nil
        }
    }

    /// Finds the values that are kept in bytes: those that a convolution of bytes reads, and what they are picked from.
    mutating func findKept() {
        for index in layers.indices.reversed() {
            let input = layers[index].inputs[0]
            switch layers[index].kind {
            case .convolution where isQuantized(layerAt: index):
                kept.insert(input)
            case .maxPool, .upsampleNearest:
                if kept.contains(layers[index].output), quantizations[input] != nil { kept.insert(input) }
            default: break
            }
        }
    }

    /// What the bytes stand for that a convolution of bytes reads of `value`.
    func quantization(of value: Int) -> Quantization? {
        guard let tensor = tensors[value], placement.tensors[tensor].type == .uint8 else { return quantizations[value] }
        return placement.tensors[tensor].quantization
    }

    /// What a layer of bytes writes to `value`; the network's result is never rounded.
    func resultType(_ value: Int) -> ElementType {
        value == output ? .float32 : kept.contains(value) ? .uint8 : precision
    }

    /// The same of layers whose kernels write bfloat16 on any machine that has bytes: convolutions of bytes need no more
    /// of a summand.
    func resultOrSummandType(_ value: Int) -> ElementType {
        isSummandOfBytes(value) ? .bfloat16 : resultType(value)
    }

    /// The input of a layer that picks some of its numbers, as bytes where its result may be bytes too.
    mutating func movable(_ layer: Layer) -> Int {
        kept.contains(layer.output) || isSummandOfBytes(layer.output)
            ? blocked(layer.inputs[0]) : source(layer.inputs[0])
    }

    /// Whether all that is done with `value` is that convolutions of bytes add it: they take it in any type.
    func isSummandOfBytes(_ value: Int) -> Bool {
        value != output
            && layers.indices.allSatisfy { index in
                let layer = layers[index]
                guard layer.reads.contains(value) else { return true }
                guard case .convolution(let convolution) = layer.kind else { return false }
                return isQuantized(layerAt: index) && convolution.residual == value && layer.inputs[0] != value
            }
    }

    mutating func appendQuantized(
        _ convolution: FusedConvolution, _ geometry: Convolution, _ layer: Layer, _ index: Int
    ) {
        let value = layer.inputs[0]
        let (inputs, outputs) = (shapes[value].channels, shapes[layer.output].channels)
        // The image itself is read as it is, by kernels made for three channels.
        let readsImage = value == 0 && inputs <= 3 && geometry.stride == 2 && convolution.gate == nil
        let from = readsImage ? tensors[0] ?? 0 : source(value, as: .uint8)
        let padding = ChannelPadding(inputs: readsImage ? inputs : padded(inputs), outputs: padded(outputs), groups: 1)
        let summand = convolution.residual.map { blocked($0) }
        let overwrites =
            convolution.residual.map {
                canOverwrite($0, at: index, others: [value] + (convolution.gate.map { [$0] } ?? []))
            } ?? false
        let result = destination(layer.output, resultOrSummandType(layer.output))
        if let summand, overwrites, type(of: summand) == type(of: result) { placement.alias(summand, inside: result) }
        appendConvolution(
            convolution, geometry, padding, from: from, to: result, layer: layer, index: index, summand: summand)
    }
}
