import COnnxRuntime
import Core
import Inference
import ONNX

/// Runs a network as ONNX Runtime's session.
///
/// Sendable: `session` is made once and run on the inference thread only, a call at a time.
final class ONNXRuntimeExecutor: Executor, @unchecked Sendable {
    private let library: ONNXRuntimeLibrary
    private let provider: String
    private let session: OpaquePointer
    private let output: Int

    /// - Throws: what `ONNXModel` throws; `ONNXRuntimeError` where the library refuses the model or the provider.
    init(
        graph: Graph, weights: some WeightSource, channels: Int, library: ONNXRuntimeLibrary, provider: String?,
        threads: Int
    ) throws {
        let model = try ONNXModel(graph: graph, weights: weights, channels: channels)
        self.library = library
        self.provider = provider ?? "cpu"
        output = graph.output.index
        var opened: OpaquePointer?
        let (code, message) = model.bytes.withUnsafeBytes { bytes in
            ShimMessage.of {
                connxruntime_session_open(
                    library.api, bytes.baseAddress, bytes.count, Int32(clamping: threads), provider, &opened, $0, $1)
            }
        }
        guard Int(code) == CONNXRUNTIME_OK, let opened else {
            throw ONNXRuntimeError.refused(
                "ONNX Runtime \(library.version) does not take the network"
                    + (provider.map { " on the execution provider \($0)" } ?? ""),
                path: library.path, message: message,
                nextStep: provider == nil
                    ? "another version of the library, or another engine"
                    : "leave --execution-provider out, or name a build that has it; this one has \(library.providers)")
        }
        session = opened
    }

    deinit { connxruntime_session_close(session) }

    func execute(
        _ shapes: [TensorShape], _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
        _ profile: Profile?
    ) throws {
        let start = ContinuousClock.now
        let (source, result) = (shapes[0].dimensions, shapes[self.output].dimensions)
        let (code, message) = ShimMessage.of {
            connxruntime_session_run(
                session, ONNXModel.inputName, input, source, ONNXModel.outputName, output, result, $0, $1)
        }
        guard Int(code) == CONNXRUNTIME_OK else {
            throw ONNXRuntimeError.refused(
                "ONNX Runtime \(library.version) failed on an input of \(shapes[0])", path: library.path,
                message: message, nextStep: "a smaller --size or --batch, or another engine")
        }
        profile?.steps.append(
            StepTiming(
                label: "network", kind: provider, implementation: "onnxruntime \(library.version)",
                seconds: (ContinuousClock.now - start) / .seconds(1)))
    }
}

extension TensorShape {
    fileprivate var dimensions: [Int64] { [batch, channels, height, width].map(Int64.init) }
}

extension Engine {
    /// An engine that runs `graph` by ONNX Runtime.
    ///
    /// - Parameters:
    ///   - channels: the input's channels.
    ///   - provider: `cuda`, `tensorrt` or another execution provider's own name; nil is the processor.
    ///   - threads: within an operator, on the processor; at least 1.
    /// - Throws: the weight source's errors; `InferenceError` where a weight, or a weight with its batch norm folded
    ///   in, is not finite; `ONNXRuntimeError` where the library refuses the network or the provider.
    public convenience init(
        graph: Graph, weights: some WeightSource, channels: Int = 3, library: ONNXRuntimeLibrary,
        provider: String? = nil, threads: Int = 1
    ) throws {
        try self.init(graph: graph, weights: weights) {
            try ONNXRuntimeExecutor(
                graph: graph, weights: weights, channels: channels, library: library, provider: provider,
                threads: max(1, threads))
        }
    }
}
