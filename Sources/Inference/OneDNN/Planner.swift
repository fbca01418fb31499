import CInference

/// Turns fused layers into a plan for oneDNN and our own kernels, for one input shape.
///
/// Activations are blocked from the first convolution to the last (`nChw16c` with AVX-512, `nChw8c` elsewhere), with
/// channels padded to whole blocks: padded lanes carry zero weights, so that their contents never matter. Images of a
/// batch run one after another through the same plan; a result cannot depend on its neighbours.
///
/// Maps hold elements of `precision`; what is one number a channel (the gates of squeeze-excite) and the network's
/// result stay Float32.
struct Planner {
    /// Prepared weights of the layer at an index of `layers`.
    typealias Weights = (_ layer: Int) throws -> FoldedKernel

    let block = Int(cinference_block())
    let layers: [Layer]
    let kernelSizes: [Int: [Int]]
    let shapes: [TensorShape]
    let output: Int
    /// The element type of maps that are not bytes.
    let precision: ElementType
    /// How maps are kept in bytes, by value; empty unless the network is int8.
    let quantizations: [Int: Quantization]
    /// The values that are kept in bytes where the layer which makes them can.
    var kept: Set<Int> = []
    /// The last layer that reads each value of the graph.
    private(set) var lastUse: [Int: Int] = [:]
    var placement = TensorPlacement()
    /// The tensor of each value of the graph.
    var tensors: [Int: Int] = [:]
    var steps: [Step] = []

    /// A step whose tensors have no addresses yet.
    struct Step {
        var label: String
        var touches: [Int]
        /// Adds the step to a plan; `views` are the tensors.
        var add: (_ plan: CompiledPlan, _ views: [CInferenceTensor], _ weights: Weights) throws -> Void
    }

    /// Compiles a plan.
    ///
    /// - Parameters:
    ///   - kernelSizes: height and width of the convolutions' kernels, by layer.
    ///   - shapes: the shape of each value of the graph.
    ///   - output: the value that is the network's result.
    ///   - precision: the element type of maps that are not bytes.
    ///   - quantizations: how maps are kept in bytes, by value; none are where it is empty.
    ///   - threads: those of one image.
    ///   - streams: images that may be computed at once.
    ///   - padding: the colour of what surrounds images, where their maps there are to be computed once.
    ///   - other: a plan whose arena this one shares.
    ///   - weights: called once for each layer with weights.
    static func compile(
        layers: [Layer], kernelSizes: [Int: [Int]], shapes: [TensorShape], output: Int, precision: ElementType,
        quantizations: [Int: Quantization], threads: Int, streams: Int, padding: [Float],
        sharing other: CompiledPlan?, weights: Weights
    ) throws -> CompiledPlan {
        var planner = Planner(
            layers: layers, kernelSizes: kernelSizes, shapes: shapes, output: output, precision: precision,
            quantizations: quantizations)
        planner.findKept()
        var index = 0
        while index < layers.count {
            if let (expansion, depthwise, geometry) = planner.expandedDepthwise(at: index) {
                planner.append(expansion, depthwise, geometry, at: index)
                index += 2
            } else if planner.appendTransposedPair(at: index) || planner.appendJoined(at: index) {
                index += 2
            } else if let count = planner.appendTapSum(at: index) {
                index += count
            } else {
                planner.append(layerAt: index)
                index += 1
            }
        }
        planner.appendOutput()
        for (index, step) in planner.steps.enumerated() {
            for tensor in step.touches { planner.placement.touch(tensor, at: index) }
        }
        let plan = try CompiledPlan(threads: threads, streams: streams, sharing: other)
        let views = planner.placement.views
        for step in planner.steps { try step.add(plan, views, weights) }
        try plan.finish(planner.placement.resolve(scratch: plan.scratch), padding: padding)
        return plan
    }

    private init(
        layers: [Layer], kernelSizes: [Int: [Int]], shapes: [TensorShape], output: Int, precision: ElementType,
        quantizations: [Int: Quantization]
    ) {
        self.precision = precision
        self.quantizations = quantizations
        self.kernelSizes = kernelSizes
        self.layers = layers
        self.shapes = shapes
        self.output = output
        for (index, layer) in layers.enumerated() {
            for value in layer.reads { lastUse[value] = index }
        }
        lastUse[output] = layers.count
        let input = shapes[0]
        tensors[0] = placement.add(
            .init(
                channels: input.channels, padded: input.channels, height: input.height, width: input.width,
                space: CInferenceInput, blocked: false, quantization: quantizations[0]))
    }

    private mutating func append(layerAt index: Int) {
        let layer = layers[index]
        switch layer.kind {
        case .convolution(let convolution):
            append(convolution, layer, index)
        case .concatenate:
            appendConcatenation(layer, index)
        case .tapSum:
            preconditionFailure("sums of taps are appended with what is beside them")
        case .activation(let activation):
            appendInPlace(CInferenceActivate, "activation", layer, index, activation)
        case .add(let activation):
            appendInPlace(CInferenceAdd, "add", layer, index, activation)
        case .multiplyChannels(let activation):
            appendInPlace(CInferenceScale, "multiply", layer, index, activation)
        case .globalAveragePool:
            let from = source(layer.inputs[0])
            appendMap(CInferenceMean, "mean", [from], destination(layer.output, .float32), layer.label)
        case .upsampleNearest(let factor):
            let from = movable(layer)
            appendMap(
                CInferenceUpsample, "upsample x\(factor)", [from], destination(layer.output, like: from), layer.label
            ) { $0.factor = Int32(factor) }
        case .maxPool(let kernel, let stride, let padding):
            let from = movable(layer)
            appendMap(
                CInferenceMaxPool, "max pool \(kernel)x\(kernel)", [from], destination(layer.output, like: from),
                layer.label
            ) { step in
                (step.kernel, step.stride, step.pad) = (Int32(kernel), Int32(stride), Int32(padding))
            }
        }
    }

    /// The convolutions at `index` and after it where they are an expansion and the depthwise convolution that alone
    /// reads it.
    private func expandedDepthwise(at index: Int) -> (FusedConvolution, FusedConvolution, Convolution)? {
        guard cinference_has_fast_kernels() != 0, index + 1 < layers.count, kernelSizes[index] == [1, 1],
            isQuantized(layerAt: index) == isQuantized(layerAt: index + 1),
            case .convolution(let expansion) = layers[index].kind,
            case .convolution(let plain) = expansion.kernel,
            case .convolution(let depthwise) = layers[index + 1].kind,
            case .convolution(let geometry) = depthwise.kernel,
            layers[index + 1].inputs == [layers[index].output], lastUse[layers[index].output] == index + 1
        else { return nil }
        let (source, wide) = (shapes[layers[index].inputs[0]], shapes[layers[index].output])
        let isExpansion =
            plain.groups == 1 && source.area == wide.area && expansion.gate == nil && expansion.isPlain
        let isDepthwise =
            geometry.groups == wide.channels && geometry.groups > 1
            && shapes[layers[index + 1].output].channels == geometry.groups && depthwise.residual == nil
        guard isExpansion, isDepthwise,
            ExpansionPolicy.applies(
                inputs: source.channels, depthwise: kernelSizes[index + 1], stride: geometry.stride)
        else { return nil }
        return (expansion, depthwise, geometry)
    }

    // MARK: Tensors

    func padded(_ channels: Int) -> Int {
        (channels + block - 1) / block * block
    }

    mutating func newTensor(channels: Int, _ shape: TensorShape, _ type: ElementType, blocked: Bool = true) -> Int {
        placement.add(
            .init(
                channels: channels, padded: blocked ? padded(channels) : channels, height: shape.height,
                width: shape.width, blocked: blocked, type: type))
    }

    /// The blocked tensor that will hold graph value `value`.
    mutating func destination(_ value: Int, _ type: ElementType) -> Int {
        let tensor = newTensor(channels: shapes[value].channels, shapes[value], type)
        if type == .uint8 { placement.quantize(tensor, quantizations[value]) }
        tensors[value] = tensor
        return tensor
    }

    /// The blocked tensor that will hold graph value `value` as `other` holds its own.
    mutating func destination(_ value: Int, like other: Int) -> Int {
        let tensor = destination(value, type(of: other))
        placement.quantize(tensor, placement.tensors[other].quantization)
        return tensor
    }

    func type(of tensor: Int) -> ElementType { placement.tensors[tensor].type }

    /// The blocked tensor of graph value `value`, whatever it holds; the input is blocked at its first use as such.
    mutating func blocked(_ value: Int) -> Int {
        if let tensor = tensors[value], placement.tensors[tensor].blocked { return tensor }
        let plain = tensors[value] ?? 0
        let tensor = destination(value, precision)
        appendCopy(plain, to: tensor, label: "input")
        return tensor
    }

    /// The blocked tensor of graph value `value`, a copy of it where it holds bytes.
    mutating func source(_ value: Int) -> Int {
        let tensor = blocked(value)
        return type(of: tensor) == .uint8 ? source(value, as: precision) : tensor
    }

    /// The blocked tensor of graph value `value`, a copy of it where its elements are of another type.
    mutating func source(_ value: Int, as type: ElementType) -> Int {
        let tensor = blocked(value)
        guard self.type(of: tensor) != type else { return tensor }
        let copy = newTensor(channels: shapes[value].channels, shapes[value], type)
        if type == .uint8 { placement.quantize(copy, quantizations[value]) }
        if type == .uint8 || self.type(of: tensor) == .uint8 {
            appendMap(CInferenceConvert, "convert", [tensor], copy, "to \(type)")
        } else {
            appendCopy(tensor, to: copy, label: "to \(type)")
        }
        return copy
    }

    /// Whether the memory of `value`, read by layer `index` and not needed after it, can take that layer's result.
    func canOverwrite(_ value: Int, at index: Int, others: [Int]) -> Bool {
        guard let tensor = tensors[value], placement.isFree(tensor) else { return false }
        let root = placement.root(tensor).tensor
        let overlaps = others.contains { tensors[$0].map { placement.root($0).tensor == root } ?? false }
        guard !overlaps else { return false }
        let members = Set(placement.members(of: tensor))
        return tensors.allSatisfy { !members.contains($0.value) || (lastUse[$0.key] ?? -1) <= index }
    }

    // MARK: Map steps

    mutating func appendMap(
        _ kind: Int, _ name: String, _ sources: [Int], _ destination: Int, _ label: String,
        activation: Activation? = nil, _ configure: (inout CInferenceMapStep) -> Void = { _ in }
    ) {
        var step = CInferenceMapStep()
        step.kind = Int32(kind)
        step.activation = activation.code
        configure(&step)
        let configured = step
        steps.append(
            Step(label: label, touches: sources + [destination]) { plan, views, _ in
                var step = configured
                step.source = views[sources[0]]
                if sources.count > 1 { step.second = views[sources[1]] }
                step.destination = views[destination]
                try plan.append(label: label, kind: name) { cinference_plan_add_map_step($0, &step, &$1) }
            })
    }

    private mutating func appendInPlace(
        _ kind: Int, _ name: String, _ layer: Layer, _ index: Int, _ activation: Activation?
    ) {
        let first = source(layer.inputs[0])
        // A gate is Float32, a summand of its sum's type.
        let other = kind == CInferenceScale ? .float32 : type(of: first)
        let sources = [first] + layer.inputs.dropFirst().map { source($0, as: other) }
        let overwrites = canOverwrite(layer.inputs[0], at: index, others: Array(layer.inputs.dropFirst()))
        let result = destination(layer.output, type(of: first))
        if overwrites { placement.alias(sources[0], inside: result) }
        appendMap(kind, name, sources, result, layer.label, activation: activation)
    }

    mutating func appendCopy(_ source: Int, to destination: Int, channel: Int = 0, label: String) {
        let channels = placement.tensors[source].channels
        appendMap(CInferenceCopyChannels, "copy", [source], destination, label) { step in
            (step.channels, step.first_channel) = (Int32(channels), Int32(channel))
        }
    }

    /// Inputs that begin at a block are computed where the result stands; the others are copied there.
    private mutating func appendConcatenation(_ layer: Layer, _ index: Int) {
        let sources = layer.inputs.map { source($0, as: precision) }
        let result = destination(layer.output, precision)
        var channel = 0
        for (value, tensor) in zip(layer.inputs, sources) {
            let channels = shapes[value].channels
            if channel % block == 0, channels % block == 0, placement.isFree(tensor) {
                placement.alias(tensor, inside: result, channel: channel)
            } else {
                appendCopy(tensor, to: result, channel: channel, label: layer.label)
            }
            channel += channels
        }
    }

    /// The result leaves the arena in (C,H,W).
    private mutating func appendOutput() {
        guard let tensor = tensors[output], placement.tensors[tensor].space != CInferenceOutput else { return }
        appendCopy(source(output), to: outputTensor(), label: "output")
    }

    mutating func outputTensor() -> Int {
        let shape = shapes[output]
        return placement.add(
            .init(
                channels: shape.channels, padded: shape.channels, height: shape.height, width: shape.width,
                space: CInferenceOutput, blocked: false))
    }
}

extension Layer {
    /// All values that the layer reads.
    var reads: [Int] {
        guard case .convolution(let convolution) = kind else { return inputs }
        return inputs + [convolution.residual, convolution.gate].compactMap { $0 }
    }
}

extension Activation? {
    /// The shim's name of the activation.
    var code: Int32 {
        switch self {
        case nil: Int32(CInferenceIdentity)
        case .relu: Int32(CInferenceRelu)
        case .silu: Int32(CInferenceSilu)
        case .sigmoid: Int32(CInferenceSigmoid)
        }
    }
}
