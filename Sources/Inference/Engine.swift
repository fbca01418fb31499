import CInference
import Core

/// Runs a `Graph` on images: validates it, folds its batch norms, fuses its steps and compiles them for an input shape;
/// oneDNN's plans of the latest shapes are kept.
///
/// A run computes on a dedicated thread and its OpenMP workers, whoever calls; more calls at once than there are streams
/// wait for each other. The result is bit for bit the same for any number of threads and streams and any composition of
/// the batch.
public final class Engine: Sendable {
    private let graph: Graph
    private let weightShapes: [String: [Int]]
    private let executor: any Executor
    private let streams: InferenceStreams

    /// Reads and folds the weights; kernels are compiled at the first run of a shape.
    ///
    /// - Throws: the weight source's errors; `InferenceError` where a weight, or a weight with its batch norm folded
    ///   in, is not finite, or where this machine or engine lacks the precision.
    public init(graph: Graph, weights: some WeightSource, options: EngineOptions = EngineOptions()) throws {
        try options.check()
        let (graph, weights): (Graph, any WeightSource) =
            switch options.backend {
            case .reference: (graph, weights)
            case .blas, .oneDNN: try LowResolution.lowered(graph, weights)
            }
        var weightShapes: [String: [Int]] = [:]
        for name in graph.weightNames where weightShapes[name] == nil {
            weightShapes[name] = try weights.shape(of: name)
        }
        self.graph = graph
        self.weightShapes = weightShapes
        streams = InferenceStreams(options.streams)
        var network: FusedNetwork {
            get throws { try FusedNetwork(graph: graph, weights: weights, weightShapes: weightShapes) }
        }
        executor =
            switch options.backend {
            case .reference: try ReferenceExecutor(graph: graph, weights: weights)
            case .blas: try BLASExecutor(network, threads: options.threads)
            case .oneDNN: try OneDNNExecutor(network, options)
            }
    }

    /// Runs the layers that oneDNN runs, by OpenBLAS, and tells `observer` the numbers of each map between them.
    init(
        graph: Graph, weights: some WeightSource, threads: Int,
        observer: @escaping @Sendable (_ name: String, _ values: [Float]) -> Void
    ) throws {
        let (graph, weights): (Graph, any WeightSource) = try LowResolution.lowered(graph, weights)
        let shapes = try graph.weightNames.reduce(into: [:]) { $0[$1] = try weights.shape(of: $1) }
        self.graph = graph
        weightShapes = shapes
        streams = InferenceStreams(1)
        let network = try FusedNetwork(graph: graph, weights: weights, weightShapes: shapes)
        executor = try BLASExecutor(network, threads: threads, observer: observer)
    }

    /// Runs `graph` by an executor from outside this module.
    ///
    /// - Parameter executor: makes it; called once.
    /// - Throws: the weight source's errors and those of `executor`.
    package init(graph: Graph, weights: some WeightSource, executor: () throws -> any Executor) throws {
        self.graph = graph
        weightShapes = try graph.weightNames.reduce(into: [:]) { $0[$1] = try weights.shape(of: $1) }
        streams = InferenceStreams(1)
        self.executor = try executor()
    }

    /// The instruction set that oneDNN uses in this process, such as `avx512_core_bf16`; `ONEDNN_MAX_CPU_ISA` limits it.
    public static var instructionSet: String { String(cString: cinference_instruction_set()) }

    /// What int8 computes with where it does not with bytes.
    public static var arithmeticBesideInt8: EngineOptions.Precision {
        cinference_has_type(ElementType.bfloat16.code) != 0 ? .bf16 : .fp32
    }

    /// GFLOP/s of `threads` threads that only multiply and add in registers, measured in half a second: what no
    /// kernel without Winograd's algorithm can pass.
    public static func peak(threads: Int, precision: EngineOptions.Precision) -> Double {
        (try? InferenceThread.shared.sync { cinference_peak(Int32(threads), precision.elementType.code) }) ?? 0
    }

    /// The result's shape for an input of shape `input`.
    ///
    /// - Throws: `InferenceError` that names the layer which cannot take its input.
    public func outputShape(for input: TensorShape) throws -> TensorShape {
        try shapes(for: input)[graph.output.index]
    }

    /// Runs the network. The first run of a shape compiles it.
    ///
    /// - Parameters:
    ///   - input: (N,C,H,W), row-major.
    ///   - shape: the input's shape.
    ///   - output: receives the graph's result, row-major; (N,1,H,W) for a text detector.
    /// - Throws: `InferenceError` where the graph cannot take `shape` or a buffer has the wrong size.
    public func run(
        input: UnsafeBufferPointer<Float>, shape: TensorShape, output: UnsafeMutableBufferPointer<Float>
    ) throws {
        try execute(input, shape, output, nil)
    }

    /// Runs the network on an array, (N,C,H,W) row-major, and returns the result's elements.
    public func run(_ input: [Float], shape: TensorShape) throws -> [Float] {
        var result = [Float](repeating: 0, count: try outputShape(for: shape).count)
        try input.withUnsafeBufferPointer { input in
            try result.withUnsafeMutableBufferPointer { try run(input: input, shape: shape, output: $0) }
        }
        return result
    }

    /// Runs the network and tells what each step took, compilation aside.
    ///
    /// - Returns: the steps in the order they ran.
    public func profile(
        input: UnsafeBufferPointer<Float>, shape: TensorShape, output: UnsafeMutableBufferPointer<Float>
    ) throws -> [StepTiming] {
        let profile = Profile()
        try execute(input, shape, output, profile)
        return profile.steps
    }

    private func execute(
        _ input: UnsafeBufferPointer<Float>, _ shape: TensorShape, _ output: UnsafeMutableBufferPointer<Float>,
        _ profile: Profile?
    ) throws {
        let shapes = try shapes(for: shape)
        let outputShape = shapes[graph.output.index]
        guard input.count == shape.count, output.count == outputShape.count, let source = input.baseAddress,
            let destination = output.baseAddress
        else {
            throw InferenceError.shape(
                "buffers of the wrong size", label: "engine", found: "\(input.count) in, \(output.count) out",
                expected: "\(shape.count) in, \(outputShape.count) out")
        }
        try streams.sync {
            try executor.execute(shapes, source, destination, profile)
        }
    }

    private func shapes(for input: TensorShape) throws -> [TensorShape] {
        try graph.shapes(input: input) { weightShapes[$0] ?? [] }
    }
}

/// What runs a graph for `Engine`; called on inference threads only, on as many at once as the engine has streams.
package protocol Executor: Sendable {
    /// Runs one batch: `shapes` are those of all the graph's values.
    func execute(
        _ shapes: [TensorShape], _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
        _ profile: Profile?
    ) throws
}

/// The timings of one run while they are collected.
package final class Profile {
    package var steps: [StepTiming] = []

    /// Takes in what the step at `index` took on one more image.
    func add(_ step: StepTiming, at index: Int) {
        guard index < steps.count else { return steps.append(step) }
        steps[index].seconds += step.seconds
        steps[index].gigaFLOP += step.gigaFLOP
    }
}
