import Dispatch

/// Runs a network through compiled plans, one image after another in each stream.
///
/// The plans of the latest input shapes are kept, each with weights prepared for it. With one stream they take turns in
/// one arena; with several, one may run while another is compiled, and each has its own.
///
/// Sendable: `compiling` lets one stream at a time to what changes.
final class OneDNNExecutor: Executor, @unchecked Sendable {
    private let network: FusedNetwork
    /// The element type of maps that are not bytes.
    private let precision: ElementType
    private let quantizations: [Int: Quantization]
    /// The colour of what surrounds images.
    private let padding: [Float]
    private let streams: Int
    /// Of one stream.
    private let threads: Int
    private let compiling = DispatchSemaphore(value: 1)
    /// Weights folded when the engine was made; given up as the first plan takes them, folded again for other shapes.
    private var folded: [FoldedKernel?]
    /// Plans by input shape, the latest used last.
    private var plans: [(input: TensorShape, compiled: CompiledPlan)] = []
    /// Plans kept: more than the sizes that are worth averaging.
    private static let keptPlans = 6

    /// - Throws: `InferenceError` where this machine has no instructions for `precision`.
    init(_ network: FusedNetwork, _ options: EngineOptions) throws {
        self.network = network
        padding = options.padding
        streams = options.streams
        threads = max(1, options.threads / streams)
        precision =
            (options.precision == .int8 ? Engine.arithmeticBesideInt8 : options.precision).elementType
        let ranges = options.precision == .int8 ? options.calibration?.ranges ?? [:] : [:]
        quantizations = network.valueNames.compactMapValues { ranges[$0].map(Quantization.init) }
        folded = try network.layers.indices.map { try network.folded(layerAt: $0) }
        network.folding.source.release()
    }

    func execute(
        _ shapes: [TensorShape], _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
        _ profile: Profile?
    ) throws {
        let batch = shapes[0].batch
        let plan = try plan(for: shapes.map { TensorShape(1, $0.channels, $0.height, $0.width) })
        let (inputCount, outputCount) = (shapes[0].imageCount, shapes[network.output].imageCount)
        for image in 0..<batch {
            try plan.execute(input: input + image * inputCount, output: output + image * outputCount, profile: profile)
        }
    }

    private func plan(for shapes: [TensorShape]) throws -> CompiledPlan {
        compiling.wait()
        defer { compiling.signal() }
        if let index = plans.firstIndex(where: { $0.input == shapes[0] }) {
            let plan = plans.remove(at: index)
            plans.append(plan)
            return plan.compiled
        }
        var kept = plans.suffix(Self.keptPlans - 1)
        // The shared arena is gone where a larger one could not be had.
        plans = []
        let compiled = try Planner.compile(
            layers: network.layers, kernelSizes: network.kernelSizes, shapes: shapes, output: network.output,
            precision: precision, quantizations: quantizations, threads: threads, streams: streams,
            padding: padding, sharing: streams == 1 ? kept.last?.compiled : nil
        ) { index in
            defer { folded[index] = nil }
            guard let kernel = try folded[index] ?? network.folded(layerAt: index) else {
                preconditionFailure("only convolutions ask for weights")
            }
            return kernel
        }
        network.folding.source.release()
        kept.append((shapes[0], compiled))
        plans = Array(kept)
        return compiled
    }
}
