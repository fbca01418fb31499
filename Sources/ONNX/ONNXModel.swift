import Core
import Inference

/// A graph as an ONNX file, for other engines.
///
/// One Float32 input, `input` (N,C,H,W), and one Float32 output, `output`. Operator set 13 and IR version 8, which ONNX
/// Runtime, OpenVINO and OpenCV read. Batch norms are folded into the convolutions in Float64 as our own engines fold
/// them. Initializers carry the state dict's names; the bias that folding makes of a batch norm carries the norm's.
/// The same graph and weights give the same bytes.
public struct ONNXModel: Sendable {
    /// The input's name, and the result's.
    public static let (inputName, outputName) = ("input", "output")
    /// The version of ONNX's operators.
    public static let operatorSet = 13
    /// The version of ONNX's file format.
    public static let formatVersion = 8

    /// The file: a serialized `ModelProto`.
    public let bytes: [UInt8]

    /// Writes `graph`.
    ///
    /// - Parameters:
    ///   - channels: the input's channels.
    ///   - size: the input's rows and columns in pixels, for a file that takes batches of one of this size alone; nil
    ///     leaves batch, height and width free.
    ///   - metadata: names and texts that the file carries along, in this order.
    ///   - byteLimit: protocol buffers hold no more than 2^31 - 1.
    /// - Throws: the weight source's errors; `InferenceError` where the graph cannot take `size`, or a weight, alone or
    ///   with its batch norm folded in, is not finite; `ONNXError` (65) beyond `byteLimit`.
    public init(
        graph: Graph, weights: some WeightSource, channels: Int = 3, size: (height: Int, width: Int)? = nil,
        metadata: KeyValuePairs<String, String> = [:], byteLimit: Int = Int(Int32.max)
    ) throws {
        // Where sizes are free, any that the graph takes shows that layers and weights fit.
        let probe = TensorShape(1, channels, size?.height ?? 64, size?.width ?? 64)
        let shapes = try graph.shapes(input: probe) { try weights.weight($0).shape }
        var writer = GraphWriter(graph: graph, weights: weights, shapes: size == nil ? nil : shapes, limit: byteLimit)
        try writer.write()
        var ends = ProtobufWriter()
        let output = shapes[graph.output.index]
        let grows = (output.height, output.width) != (probe.height, probe.width)
        ends.valueInfo(
            11, Self.inputName, size == nil ? ["batch", .fixed(channels), "height", "width"] : probe.dimensions)
        ends.valueInfo(
            12, Self.outputName,
            size != nil
                ? output.dimensions
                : ["batch", .fixed(output.channels)]
                    + (grows ? ["output_height", "output_width"] : ["height", "width"]))
        var name = ProtobufWriter()
        name.string(2, "network")

        var model = ProtobufWriter()
        model.integer(1, Self.formatVersion)
        model.string(2, "submit")
        model.message(7, [writer.nodes, name, writer.initializers, ends])
        model.message(8) {
            $0.string(1, "")
            $0.integer(2, Self.operatorSet)
        }
        for (key, value) in metadata {
            model.message(14) {
                $0.string(1, key)
                $0.string(2, value)
            }
        }
        guard model.bytes.count <= byteLimit else { throw ONNXError.tooLarge(model.bytes.count, limit: byteLimit) }
        bytes = model.bytes
    }
}

/// A size of an axis, or the name of one that is free.
enum Dimension: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case fixed(Int)
    case free(String)

    init(stringLiteral name: String) { self = .free(name) }
    init(integerLiteral size: Int) { self = .fixed(size) }
}

extension TensorShape {
    fileprivate var dimensions: [Dimension] { [batch, channels, height, width].map(Dimension.fixed) }
}

extension ProtobufWriter {
    /// ONNX's number of the element type.
    static let float32 = 1

    /// A `ValueInfoProto` of a Float32 tensor.
    fileprivate mutating func valueInfo(_ number: Int, _ name: String, _ dimensions: [Dimension]) {
        message(number) { info in
            info.string(1, name)
            info.message(2) { type in
                type.message(1) { tensor in
                    tensor.integer(1, ProtobufWriter.float32)
                    tensor.message(2) { shape in
                        for dimension in dimensions {
                            shape.message(1) {
                                switch dimension {
                                case .fixed(let size): $0.integer(1, size)
                                case .free(let name): $0.string(2, name)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
