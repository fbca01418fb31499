import CBLAS
import CInference

/// Runs a network with matrix products by OpenBLAS: complete and portable.
///
/// Maps are (C,H,W), images run one after another. A convolution is cut into tiles of output pixels, a fixed number
/// whatever the threads; each tile is one single-threaded product of weights and unrolled pixels.
///
/// Sendable: `folded` never changes.
final class BLASExecutor: Executor {
    private let network: FusedNetwork
    private let threads: Int
    private let folded: [FoldedKernel?]
    /// After which layers each value is no longer needed.
    private let lastUse: [Int: Int]
    /// Told the numbers of the input and of each layer's result.
    private let observer: (@Sendable (_ name: String, _ values: [Float]) -> Void)?

    init(
        _ network: FusedNetwork, threads: Int,
        observer: (@Sendable (_ name: String, _ values: [Float]) -> Void)? = nil
    ) throws {
        self.observer = observer
        self.network = network
        self.threads = threads
        folded = try network.layers.indices.map { try network.folded(layerAt: $0) }
        var lastUse: [Int: Int] = [:]
        for (index, layer) in network.layers.enumerated() {
            for value in layer.reads { lastUse[value] = index }
        }
        lastUse[network.output] = network.layers.count
        self.lastUse = lastUse
    }

    func execute(
        _ shapes: [TensorShape], _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
        _ profile: Profile?
    ) throws {
        openblas_set_num_threads(1)
        let image = shapes.map { TensorShape(1, $0.channels, $0.height, $0.width) }
        for index in 0..<shapes[0].batch {
            let source = UnsafeBufferPointer(start: input + index * image[0].count, count: image[0].count)
            let result = run(image, source, profile)
            (output + index * result.count).update(from: result, count: result.count)
        }
    }

    private func run(_ shapes: [TensorShape], _ input: UnsafeBufferPointer<Float>, _ profile: Profile?) -> [Float] {
        var values: [Int: [Float]] = [0: Array(input)]
        observe(0, values)
        for (index, layer) in network.layers.enumerated() {
            let start = ContinuousClock.now
            let operation = BLASOperation(shapes: shapes, threads: threads)
            let inputs = layer.inputs.map { values[$0] ?? [] }
            if case .convolution(let convolution) = layer.kind, let kernel = folded[index] {
                let result = operation.convolution(
                    convolution, kernel, inputs[0], gate: convolution.gate.flatMap { values[$0] },
                    residual: convolution.residual.flatMap { values[$0] }, source: layer.inputs[0], output: layer.output
                )
                if let pooled = convolution.pooled { values[pooled] = operation.means(result, layer.output) }
                values[layer.output] = result
            } else {
                values[layer.output] = operation.map(layer, inputs)
            }
            observe(layer.output, values)
            for value in layer.reads where lastUse[value] == index { values[value] = nil }
            profile?.add(
                StepTiming(
                    label: layer.label, kind: layer.kind.name, implementation: "openblas",
                    seconds: (ContinuousClock.now - start) / .seconds(1),
                    gigaFLOP: gigaFLOP(layer, folded[index], shapes)), at: index)
        }
        return values[network.output] ?? []
    }

    private func observe(_ value: Int, _ values: [Int: [Float]]) {
        guard let observer, let name = network.valueNames[value], let values = values[value] else { return }
        observer(name, values)
    }

    private func gigaFLOP(_ layer: Layer, _ kernel: FoldedKernel?, _ shapes: [TensorShape]) -> Double {
        guard let kernel, case .convolution(let convolution) = layer.kind else { return 0 }
        let area = shapes[convolution.isTransposed ? layer.inputs[0] : layer.output].area
        return 2e-9 * Double(kernel.weights.count) * Double(area)
    }
}

extension Layer.Kind {
    /// A short name for profiles.
    fileprivate var name: String {
        switch self {
        case .convolution(let convolution): convolution.isTransposed ? "transposed" : "conv"
        case .activation: "activation"
        case .maxPool: "max pool"
        case .globalAveragePool: "mean"
        case .add: "add"
        case .multiplyChannels: "multiply"
        case .upsampleNearest: "upsample"
        case .concatenate: "concatenate"
        case .tapSum: "sum of taps"
        }
    }
}
