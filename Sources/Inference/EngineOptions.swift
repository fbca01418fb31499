import CInference

/// How an engine runs a graph.
public struct EngineOptions: Sendable {
    /// What computes.
    public enum Backend: String, Sendable, CaseIterable {
        /// oneDNN with blocked layouts and our own kernels beside it; the fastest on x86-64.
        case oneDNN = "onednn"
        /// Matrix products by OpenBLAS; portable.
        case blas
        /// Plain loops in Swift, to test the others by: minutes where they take seconds.
        case reference

        /// The fastest backend of this kind of machine.
        public static var fastest: Backend {
            #if arch(x86_64)
                .oneDNN
            #else
                .blas
            #endif
        }
    }

    /// The arithmetic of the network.
    public enum Precision: String, Sendable, CaseIterable {
        /// Float32 throughout.
        case fp32
        /// Maps and weights of bfloat16, sums in Float32; oneDNN on x86-64 with AVX512-BF16 only.
        case bf16
        /// Maps and weights of dense convolutions in bytes, by a calibration; the rest in bf16, or in fp32 where the
        /// processor has no bf16. oneDNN on x86-64 with AVX512-VNNI only.
        case int8
    }

    /// What computes; the fastest of this kind of machine by default.
    public var backend: Backend
    /// The arithmetic; Float32 by default.
    public var precision: Precision
    /// Threads that compute, at least 1. The result does not depend on it.
    public var threads: Int
    /// Images that oneDNN computes at once where as many callers ask, 1 or 2, each with its part of the threads and
    /// memory of its own: nobody waits for the slower half of a layer, or for what else runs on its core. A single
    /// image takes longer. The result does not depend on it.
    public private(set) var streams: Int
    /// The ranges that int8 needs; other precisions ignore it.
    public var calibration: Calibration?
    /// The colour of the padding around images, (C). oneDNN computes the maps of padding once, of an empty canvas, and
    /// copies them beside what each image's pixels reach; none by default.
    public var padding: [Float]

    /// Options; one thread unless told.
    ///
    /// - Parameters:
    ///   - threads: at least 1; smaller numbers count as 1.
    ///   - streams: 1 or 2, and no more than threads; 1 for other backends than oneDNN.
    ///   - padding: the colour around letterboxed images.
    public init(
        backend: Backend = .fastest, precision: Precision = .fp32, threads: Int = 1, streams: Int = 1,
        calibration: Calibration? = nil, padding: [Float] = []
    ) {
        self.backend = backend
        self.precision = precision
        self.calibration = calibration
        self.padding = padding
        self.threads = max(1, threads)
        self.streams = backend == .oneDNN ? max(1, min(streams, threads, InferenceThread.all.count)) : 1
    }

    /// - Throws: `InferenceError` where the engine or this machine cannot compute in the precision.
    public func check() throws {
        let type = precision.elementType
        guard type != .float32 else { return }
        guard backend == .oneDNN, cinference_has_type(type.code) != 0 else {
            throw InferenceError.precision(
                precision, found: "engine \(backend.rawValue), instructions \(Engine.instructionSet)")
        }
        if precision == .int8, calibration == nil { throw InferenceError.noCalibration }
    }
}

extension EngineOptions.Precision {
    /// What the maps of most layers hold.
    var elementType: ElementType {
        switch self {
        case .fp32: .float32
        case .bf16: .bfloat16
        case .int8: .uint8
        }
    }
}
