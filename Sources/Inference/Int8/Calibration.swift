/// The ranges that bytes cover in an int8 network, one for each map between layers.
public struct Calibration: Sendable, Equatable {
    /// By the name of the layer that makes the map; `input` is the network's.
    public var ranges: [String: ClosedRange<Float>]

    /// A calibration of these ranges.
    public init(ranges: [String: ClosedRange<Float>]) {
        self.ranges = ranges
    }
}

/// Runs a network in fp32 over some images and chooses the range of each map.
///
/// Not thread-safe: one image after another.
public final class Calibrator {
    private let engine: Engine
    private let observer: Observer

    /// What the engine's thread counts while a run goes on.
    private final class Observer: @unchecked Sendable {
        var histograms: [String: ValueHistogram] = [:]
        /// The first map that is not finite.
        var overflowed: String?

        func add(_ name: String, _ values: [Float]) {
            guard overflowed == nil else { return }
            // A sum is not finite where one of its terms is not.
            guard values.reduce(0, +).isFinite else { return overflowed = name }
            values.withUnsafeBufferPointer { histograms[name, default: ValueHistogram()].add($0) }
        }
    }

    /// - Throws: as `Engine`.
    public init(graph: Graph, weights: some WeightSource, threads: Int) throws {
        let observer = Observer()
        self.observer = observer
        engine = try Engine(graph: graph, weights: weights, threads: threads) { observer.add($0, $1) }
    }

    /// Counts the numbers of every map of a batch.
    ///
    /// - Parameter input: (N,C,H,W), row-major, as the network will see it.
    /// - Throws: as `Engine.run`; `InferenceError` that names the layer where a map is not finite.
    public func add(_ input: [Float], shape: TensorShape) throws {
        _ = try engine.run(input, shape: shape)
        if let label = observer.overflowed { throw InferenceError.overflow(label: label) }
    }

    /// The ranges of what was counted.
    public var calibration: Calibration {
        Calibration(ranges: observer.histograms.mapValues(\.range))
    }
}
