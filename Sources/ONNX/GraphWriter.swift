import Inference

/// The nodes and initializers of a graph, as fields of ONNX's `GraphProto`.
struct GraphWriter<Weights: WeightSource> {
    /// An attribute of a node.
    enum Attribute {
        case integer(Int)
        case integers([Int])
        case string(String)
    }

    private(set) var nodes = ProtobufWriter()
    private(set) var initializers = ProtobufWriter()

    private let graph: Graph
    private let weights: Weights
    /// The values' shapes where the input's is fixed.
    private let shapes: [TensorShape]?
    private let limit: Int
    /// How often each value is read; the graph's output counts as read.
    private var uses: [Int]
    /// The only reader of a value, where that is a batch norm.
    private var norms: [Int: Graph.Node] = [:]
    /// The values' names, by index.
    private var names: [Int: String]
    private var initializerNames: Set<String> = []
    private var scaleNames: [Int: String] = [:]

    /// - Parameter limit: bytes that nodes and initializers may take.
    init(graph: Graph, weights: Weights, shapes: [TensorShape]?, limit: Int) {
        self.graph = graph
        self.weights = weights
        self.shapes = shapes
        self.limit = limit
        uses = [Int](repeating: 0, count: graph.nodes.count + 1)
        for node in graph.nodes {
            for input in node.inputs { uses[input.index] += 1 }
        }
        uses[graph.output.index] += 1
        for node in graph.nodes {
            guard case .batchNorm = node.operation, uses[node.inputs[0].index] == 1 else { continue }
            norms[node.inputs[0].index] = node
        }
        names = [0: ONNXModel.inputName]
    }

    /// Writes all nodes.
    ///
    /// - Throws: the weight source's errors; `InferenceError` where a weight is not finite; `ONNXError` beyond `limit`.
    mutating func write() throws {
        var folded: Set<Int> = []
        for node in graph.nodes where !folded.contains(node.output.index) {
            var result = node.output
            if node.isConvolution, let norm = norms[node.output.index] {
                result = norm.output
                folded.insert(result.index)
            }
            try write(node, as: result)
            let count = nodes.bytes.count + initializers.bytes.count
            guard count <= limit else { throw ONNXError.tooLarge(count, limit: limit) }
        }
        if graph.output == graph.input { append("Identity", ["input"], "output", label: "output") }
    }

    /// - Parameter result: the value that the node makes with the batch norm that is folded into it.
    private mutating func write(_ node: Graph.Node, as result: Graph.Value) throws {
        let inputs = node.inputs.map { names[$0.index] ?? "" }
        let name = result == graph.output ? ONNXModel.outputName : "value_\(result.index)"
        names[result.index] = name
        func append(_ type: String, _ more: [String] = [], _ attributes: [(String, Attribute)] = []) {
            self.append(type, inputs + more, name, label: node.label, attributes)
        }
        switch node.operation {
        case .convolution(let convolution):
            let (weight, shape) = try convolve(node)
            append(
                "Conv", weight,
                [
                    ("group", .integer(convolution.groups)), ("kernel_shape", .integers(Array(shape.suffix(2)))),
                    ("strides", .integers([convolution.stride, convolution.stride])),
                    padding(convolution, kernel: Array(shape.suffix(2)), source: node.inputs[0]),
                ])
        case .transposedConvolution(_, _, let stride):
            let (weight, _) = try convolve(node)
            append(
                "ConvTranspose", weight,
                [("kernel_shape", .integers([stride, stride])), ("strides", .integers([stride, stride]))])
        case .batchNorm:
            // One that no convolution could take in: a 1x1 kernel for each channel.
            let (weight, shape) = try convolve(node)
            append("Conv", weight, [("group", .integer(shape[0])), ("kernel_shape", .integers([1, 1]))])
        case .activation(.relu):
            append("Relu")
        case .activation(.sigmoid):
            append("Sigmoid")
        case .activation(.silu):
            // No operator of its own in this set.
            self.append("Sigmoid", inputs, name + "_gate", label: node.label)
            append("Mul", [name + "_gate"])
        case .maxPool(let kernel, let stride, let padding):
            append(
                "MaxPool", [],
                [
                    ("kernel_shape", .integers([kernel, kernel])), ("strides", .integers([stride, stride])),
                    ("pads", .integers([padding, padding, padding, padding])),
                ])
        case .globalAveragePool:
            // ONNX Runtime's GlobalAveragePool adds up a large map in one Float32: 3e-4 in a probability.
            append("ReduceMean", [], [("axes", .integers([2, 3])), ("keepdims", .integer(1))])
        case .add:
            append("Add")
        case .multiplyChannels:
            append("Mul")
        case .upsampleNearest(let factor):
            let scales = scales(factor)
            append(
                "Resize", ["", scales],
                [
                    ("coordinate_transformation_mode", .string("asymmetric")), ("mode", .string("nearest")),
                    ("nearest_mode", .string("floor")),
                ])
        case .concatenate:
            append("Concat", [], [("axis", .integer(1))])
        case .tapSum:
            throw ONNXError.noOperator("a sum of taps", label: node.label)
        }
    }

    /// Writes a convolution's folded weights: the names of weight and bias, and the weight's shape.
    private mutating func convolve(_ node: Graph.Node) throws -> (names: [String], shape: [Int]) {
        let norm = node.isConvolution ? norms[node.output.index] : nil
        guard let folded = try FoldedWeights(of: node, batchNorm: norm, from: weights) else {
            preconditionFailure("only convolutions and batch norms have weights")
        }
        let (weightName, biasName) = node.weightNames(foldingIn: norm)
        let names = [initializer(weightName, folded.weight), initializer(biasName, folded.bias)]
        return (names, folded.weight.shape)
    }

    /// Explicit padding where it is known: sizes are fixed, or a stride of 1 makes it the kernel's alone.
    private func padding(_ convolution: Convolution, kernel: [Int], source: Graph.Value) -> (String, Attribute) {
        switch convolution.padding {
        case .symmetric(let padding):
            return ("pads", .integers([padding, padding, padding, padding]))
        case .same where convolution.stride == 1 || shapes != nil:
            let size = shapes.map { [$0[source.index].height, $0[source.index].width] } ?? [kernel[0], kernel[1]]
            let total = zip(size, kernel).map { size, kernel in
                let count = (size + convolution.stride - 1) / convolution.stride
                return max(0, (count - 1) * convolution.stride + kernel - size)
            }
            return ("pads", .integers(total.map { $0 / 2 } + total.map { $0 - $0 / 2 }))
        case .same:
            return ("auto_pad", .string("SAME_UPPER"))
        }
    }

    /// The initializer that holds the scales of an upsampling by `factor`, one for all of them.
    private mutating func scales(_ factor: Int) -> String {
        if let name = scaleNames[factor] { return name }
        let name = initializer("scales_\(factor)", Weight(shape: [4], values: [1, 1, Float(factor), Float(factor)]))
        scaleNames[factor] = name
        return name
    }

    /// Writes an initializer and returns its name, another one where it is taken.
    private mutating func initializer(_ name: String, _ weight: Weight) -> String {
        var unique = name
        var copy = 1
        while !initializerNames.insert(unique).inserted {
            copy += 1
            unique = "\(name)#\(copy)"
        }
        initializers.message(5) { tensor in
            for size in weight.shape { tensor.integer(1, size) }
            tensor.integer(2, ProtobufWriter.float32)
            tensor.string(8, unique)
            tensor.floats(9, weight.values)
        }
        return unique
    }

    private mutating func append(
        _ type: String, _ inputs: [String], _ output: String, label: String, _ attributes: [(String, Attribute)] = []
    ) {
        nodes.message(1) { node in
            for input in inputs { node.string(1, input) }
            node.string(2, output)
            node.string(3, "\(label)/\(type)")
            node.string(4, type)
            for (name, attribute) in attributes { node.message(5) { $0.attribute(name, attribute) } }
        }
    }
}

extension Graph.Node {
    fileprivate var isConvolution: Bool {
        switch operation {
        case .convolution, .transposedConvolution: true
        default: false
        }
    }

    /// The names that the folded weight and bias carry.
    fileprivate func weightNames(foldingIn norm: Graph.Node?) -> (weight: String, bias: String) {
        var prefix: String?
        if case .batchNorm(let name, _) = (norm ?? self).operation { prefix = name }
        switch operation {
        case .convolution(let convolution):
            return (convolution.weight, convolution.bias ?? "\(prefix ?? label).bias")
        case .transposedConvolution(let weight, let bias, _):
            return (weight, bias ?? "\(prefix ?? label).bias")
        default:
            return ("\(prefix ?? label).weight", "\(prefix ?? label).bias")
        }
    }
}

extension ProtobufWriter {
    /// The fields of an `AttributeProto`.
    fileprivate mutating func attribute<Weights>(_ name: String, _ attribute: GraphWriter<Weights>.Attribute) {
        string(1, name)
        switch attribute {
        case .integer(let value):
            integer(3, value)
            integer(20, 2)
        case .integers(let values):
            for value in values { integer(8, value) }
            integer(20, 7)
        case .string(let text):
            string(4, text)
            integer(20, 3)
        }
    }
}
