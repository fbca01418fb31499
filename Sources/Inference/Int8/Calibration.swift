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
    }

    /// - Throws: as `Engine`.
    public init(graph: Graph, weights: some WeightSource, threads: Int) throws {
        let observer = Observer()
        self.observer = observer
        engine = try Engine(graph: graph, weights: weights, threads: threads) { name, values in
            values.withUnsafeBufferPointer { observer.histograms[name, default: ValueHistogram()].add($0) }
        }
    }

    /// Counts the numbers of every map of a batch.
    ///
    /// - Parameter input: (N,C,H,W), row-major, as the network will see it.
    /// - Throws: as `Engine.run`.
    public func add(_ input: [Float], shape: TensorShape) throws {
        _ = try engine.run(input, shape: shape)
    }

    /// The ranges of what was counted.
    public var calibration: Calibration {
        Calibration(ranges: observer.histograms.mapValues(\.range))
    }
}
