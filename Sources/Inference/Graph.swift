/// The network as data, and the engines that run it.
///
/// A network in single-assignment form: each node reads earlier values and makes one. `Backbone` and `DBHead`
/// build it; the engines here run it; neither knows the other. Activations are (N,C,H,W) Float32.
public struct Graph: Sendable {
    /// A value of the graph: the input or a node's result.
    public struct Value: Sendable, Hashable {
        /// 0 for the graph's input, then one a node.
        public let index: Int
    }

    /// One step of the network.
    public struct Node: Sendable {
        /// What the step does.
        public let operation: Operation
        /// The values it reads, in the operation's order.
        public let inputs: [Value]
        /// The value it makes.
        public let output: Value
        /// Where the step stands in the network, for profiles and errors: the state dict's prefix, such as
        /// `encoder.model.layer1.0.conv1`.
        public let label: String
    }

    /// The graph's input, (N,3,H,W).
    public let input = Value(index: 0)
    /// The steps, in an order that runs.
    public private(set) var nodes: [Node] = []
    /// The graph's result; set by the builder, the last value until then.
    public var output = Value(index: 0)

    /// A graph without nodes.
    public init() {}

    /// Appends a step that reads `inputs`, and returns its value.
    public mutating func append(_ operation: Operation, _ inputs: Value..., label: String) -> Value {
        append(operation, inputs, label: label)
    }

    /// Appends a step that reads `inputs`, and returns its value.
    public mutating func append(_ operation: Operation, _ inputs: [Value], label: String) -> Value {
        let value = Value(index: nodes.count + 1)
        precondition(inputs.allSatisfy { $0.index < value.index }, "a node reads values made before it")
        nodes.append(Node(operation: operation, inputs: inputs, output: value, label: label))
        output = value
        return value
    }
}

/// The kinds of step that a graph knows. Weights are named by their keys in the state dict.
public enum Operation: Sendable, Hashable {
    /// 2-D convolution, weight (O,I/groups,kH,kW), optional bias (O).
    case convolution(Convolution)
    /// 2-D transposed convolution, kernel = stride, weight (I,O,k,k), optional bias (O).
    case transposedConvolution(weight: String, bias: String?, stride: Int)
    /// Batch norm in evaluation mode; reads `prefix.weight`, `.bias`, `.running_mean`, `.running_var`.
    case batchNorm(prefix: String, epsilon: Float)
    case activation(Activation)
    /// Maximum over square windows; padding counts as minus infinity.
    case maxPool(kernel: Int, stride: Int, padding: Int)
    /// Mean over H and W: (N,C,H,W) to (N,C,1,1).
    case globalAveragePool
    /// Element-wise sum of two values of one shape.
    case add
    /// Product of (N,C,H,W) and a gate (N,C,1,1).
    case multiplyChannels
    /// Nearest-neighbour upsampling by a whole factor.
    case upsampleNearest(factor: Int)
    /// Channels of all inputs, in order.
    case concatenate
    /// Sum of the nine taps' maps of each input; engines make it of convolutions of upsampled maps.
    case tapSum(TapSum)
}

/// An element-wise function.
public enum Activation: Sendable, Hashable {
    case relu
    case silu
    case sigmoid
}

/// The shape of a convolution; sizes in pixels.
public struct Convolution: Sendable, Hashable {
    /// How the border is padded with zeros.
    public enum Padding: Sendable, Hashable {
        /// The same number of zeros on all four sides.
        case symmetric(Int)
        /// TensorFlow's SAME: output = ceil(input / stride), the odd zero at the bottom and right.
        case same
    }

    /// The state dict's key of the weight, (O,I/groups,kH,kW).
    public var weight: String
    /// The key of the bias, (O).
    public var bias: String?
    /// Pixels from one window to the next, both ways.
    public var stride: Int
    /// Zeros around the map.
    public var padding: Padding
    /// Equal parts that input and output channels are cut into; part i sees part i alone.
    public var groups: Int

    /// A convolution without padding and groups where nothing else is said.
    public init(weight: String, bias: String? = nil, stride: Int = 1, padding: Padding = .symmetric(0), groups: Int = 1)
    {
        self.weight = weight
        self.bias = bias
        self.stride = stride
        self.padding = padding
        self.groups = groups
    }
}

/// A weight in memory, any shape, row-major Float32.
public struct Weight: Sendable {
    /// Sizes of its axes.
    public let shape: [Int]
    /// Its elements, the last axis fastest.
    public let values: [Float]

    /// A weight of `shape`.
    ///
    /// - Precondition: `values` fills `shape`.
    public init(shape: [Int], values: [Float]) {
        precondition(shape.reduce(1, *) == values.count, "a weight's values must fill its shape")
        self.shape = shape
        self.values = values
    }
}

/// The sum of nine maps an input, one a tap of a 3x3 kernel, each upsampled (nearest) and shifted by its tap, zeros
/// beyond its border: (N,9*C,h,w) each, tap-major, to (N,C,h*factor,w*factor); C is a multiple of 16.
public struct TapSum: Sendable, Hashable {
    /// How much larger the result is than each input; one an input.
    public var factors: [Int]

    /// Inputs that one step takes.
    static let mostInputs = 4

    /// A sum over inputs that are upsampled by `factors`.
    public init(factors: [Int]) {
        self.factors = factors
    }
}

/// Where an engine gets its weights: a checkpoint, or a generator in tests.
public protocol WeightSource: Sendable {
    /// The weight called `name`, widened to Float32.
    ///
    /// - Throws: where there is none, or a value is not finite: an error that names the tensor.
    func weight(_ name: String) throws -> Weight

    /// The shape of the weight called `name`, without reading it where that can be.
    func shape(of name: String) throws -> [Int]

    /// Gives back the memory that reading took; called when an engine has what it wants, which may read again later.
    func release()
}

extension WeightSource {
    /// The shape of the weight, which is read for it.
    public func shape(of name: String) throws -> [Int] { try weight(name).shape }

    /// Nothing to give back.
    public func release() {}
}
