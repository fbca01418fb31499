import Core

extension Graph {
    /// The shape of each value, by index, when the input has shape `input`.
    ///
    /// - Parameter weightShape: the shape of the weight of a name; called for convolutions and batch norms.
    /// - Throws: `InferenceError` that names the layer, the shape found and the one expected.
    public func shapes(
        input: TensorShape, weightShape: (_ name: String) throws -> [Int]
    ) throws -> [TensorShape] {
        guard min(input.batch, input.channels, input.height, input.width) > 0 else {
            throw InferenceError.shape(
                "empty input", label: "input", found: "\(input)",
                expected: "at least one image, channel, row and column")
        }
        var shapes = [input]
        shapes.reserveCapacity(nodes.count + 1)
        return try withoutActuallyEscaping(weightShape) { weightShape in
            for node in nodes {
                let inputs = node.inputs.map { shapes[$0.index] }
                shapes.append(try ShapeRule(node: node, inputs: inputs, weightShape: weightShape).result())
            }
            return shapes
        }
    }
}

/// What one node's operation demands of its inputs' shapes, and the shape it makes.
private struct ShapeRule {
    let node: Graph.Node
    let inputs: [TensorShape]
    let weightShape: (String) throws -> [Int]

    func result() throws -> TensorShape {
        try expectInputs()
        var shape = inputs[0]
        switch node.operation {
        case .convolution(let convolution):
            return try self.convolution(convolution, shape)
        case .transposedConvolution(let weight, let bias, let stride):
            return try transposed(weight, bias, stride, shape)
        case .batchNorm(let prefix, let epsilon):
            guard epsilon > 0 else { throw refusal("batch norm's epsilon", found: "\(epsilon)", "above 0") }
            for suffix in [".weight", ".bias", ".running_mean", ".running_var"] {
                try expectVector(prefix + suffix, count: shape.channels)
            }
        case .activation:
            break
        case .maxPool(let kernel, let stride, let padding):
            guard kernel > 0, stride > 0, padding >= 0, padding <= kernel / 2 else {
                throw refusal(
                    "max pooling that cannot be", found: "kernel \(kernel), stride \(stride), padding \(padding)",
                    "padding at most half the kernel")
            }
            let edge = min(shape.height, shape.width) + 2 * padding
            guard edge >= kernel else {
                throw refusal("map smaller than the window", found: "\(shape)", "\(kernel) pixels")
            }
            shape.height = (shape.height + 2 * padding - kernel) / stride + 1
            shape.width = (shape.width + 2 * padding - kernel) / stride + 1
        case .globalAveragePool:
            shape.height = 1
            shape.width = 1
        case .add:
            guard inputs[1] == shape else {
                throw refusal("sum of different shapes", found: "\(shape) and \(inputs[1])", "one shape")
            }
        case .multiplyChannels:
            let gate = TensorShape(shape.batch, shape.channels, 1, 1)
            guard inputs[1] == gate else { throw refusal("gate of the wrong shape", found: "\(inputs[1])", "\(gate)") }
        case .upsampleNearest(let factor):
            guard factor >= 1 else { throw refusal("upsampling factor", found: "\(factor)", "at least 1") }
            shape.height *= factor
            shape.width *= factor
        case .concatenate:
            for other in inputs.dropFirst() {
                guard (other.batch, other.height, other.width) == (shape.batch, shape.height, shape.width) else {
                    throw refusal(
                        "concatenation of different sizes", found: "\(other)", "\(shape) but for its channels")
                }
            }
            shape.channels = inputs.reduce(0) { $0 + $1.channels }
        case .tapSum(let sum):
            shape = try tapSum(sum, shape)
        }
        return shape
    }

    private func convolution(_ convolution: Convolution, _ shape: TensorShape) throws -> TensorShape {
        let weight = try weightShape(convolution.weight)
        let groups = convolution.groups
        guard groups > 0, convolution.stride > 0, shape.channels % groups == 0 else {
            throw refusal(
                "convolution that cannot be",
                found: "\(groups) groups, stride \(convolution.stride), input \(shape)", "channels a multiple of groups"
            )
        }
        guard weight.count == 4, weight[0] % groups == 0, weight[1] == shape.channels / groups,
            weight.allSatisfy({ $0 > 0 })
        else {
            throw InferenceError.weightShape(
                convolution.weight, label: node.label, found: weight,
                expected: "Ox\(shape.channels / groups)xkHxkW for input \(shape) and \(groups) group(s)")
        }
        if let bias = convolution.bias { try expectVector(bias, count: weight[0]) }
        let window = convolution.window(kernelHeight: weight[2], kernelWidth: weight[3], on: shape)
        guard window.padding.top >= 0, window.outputHeight > 0, window.outputWidth > 0 else {
            throw refusal(
                "map smaller than the kernel", found: "\(shape)", "a map that kernel \(weight[2])x\(weight[3]) fits on")
        }
        return TensorShape(shape.batch, weight[0], window.outputHeight, window.outputWidth)
    }

    private func transposed(
        _ name: String, _ bias: String?, _ stride: Int, _ shape: TensorShape
    ) throws -> TensorShape {
        let weight = try weightShape(name)
        guard stride > 0, weight.count == 4, weight[0] == shape.channels, weight[1] > 0, weight[2] == stride,
            weight[3] == stride
        else {
            throw InferenceError.weightShape(
                name, label: node.label, found: weight,
                expected: "\(shape.channels)xOx\(stride)x\(stride) for input \(shape) and stride \(stride)")
        }
        if let bias { try expectVector(bias, count: weight[1]) }
        return TensorShape(shape.batch, weight[1], shape.height * stride, shape.width * stride)
    }

    private func tapSum(_ sum: TapSum, _ shape: TensorShape) throws -> TensorShape {
        guard sum.factors.count == inputs.count, inputs.count <= TapSum.mostInputs, sum.factors.allSatisfy({ $0 > 0 })
        else {
            throw refusal("sum of taps that cannot be", found: "\(sum.factors)", "a factor for each of 1 to 4 inputs")
        }
        let results = zip(inputs, sum.factors).map { input, factor in
            TensorShape(input.batch, input.channels / 9, input.height * factor, input.width * factor)
        }
        guard inputs.allSatisfy({ $0.channels % 144 == 0 }), results.allSatisfy({ $0 == results[0] }) else {
            throw refusal("sum of different shapes", found: "\(results)", "one shape of 16 channels or a multiple")
        }
        return results[0]
    }

    private func expectInputs() throws {
        let expected: String
        let holds: Bool
        switch node.operation {
        case .add, .multiplyChannels: (expected, holds) = ("2 inputs", inputs.count == 2)
        case .concatenate, .tapSum: (expected, holds) = ("at least 1 input", !inputs.isEmpty)
        default: (expected, holds) = ("1 input", inputs.count == 1)
        }
        guard holds else { throw refusal("wrong number of inputs", found: "\(inputs.count)", expected) }
    }

    private func expectVector(_ name: String, count: Int) throws {
        let shape = try weightShape(name)
        guard shape == [count] else {
            throw InferenceError.weightShape(name, label: node.label, found: shape, expected: "\(count)")
        }
    }

    private func refusal(_ what: String, found: String, _ expected: String) -> InferenceError {
        .shape(what, label: node.label, found: found, expected: expected)
    }
}

/// Where a kernel's windows stand on a map, resolved for one map size.
struct ConvolutionWindow {
    var kernelHeight: Int
    var kernelWidth: Int
    var stride: Int
    var padding: (top: Int, left: Int, bottom: Int, right: Int)
    var outputHeight: Int
    var outputWidth: Int
}

extension Convolution {
    /// The windows of this convolution on a map of `shape`.
    func window(kernelHeight: Int, kernelWidth: Int, on shape: TensorShape) -> ConvolutionWindow {
        func outputs(_ size: Int, _ kernel: Int) -> (count: Int, before: Int, after: Int) {
            switch padding {
            case .symmetric(let padding):
                let room = size + 2 * padding - kernel
                return (room < 0 ? 0 : room / stride + 1, padding, padding)
            case .same:
                // TensorFlow's rule: ceil(size / stride) windows, the odd zero after the map.
                let count = (size + stride - 1) / stride
                let total = max(0, (count - 1) * stride + kernel - size)
                return (count, total / 2, total - total / 2)
            }
        }
        let rows = outputs(shape.height, kernelHeight)
        let columns = outputs(shape.width, kernelWidth)
        return ConvolutionWindow(
            kernelHeight: kernelHeight, kernelWidth: kernelWidth, stride: stride,
            padding: (rows.before, columns.before, rows.after, columns.after),
            outputHeight: rows.count, outputWidth: columns.count)
    }
}
