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
    }

    /// What computes; the fastest of this kind of machine by default.
    public var backend: Backend
    /// The arithmetic; Float32 by default.
    public var precision: Precision
    /// Threads that compute, at least 1. The result does not depend on it.
    public var threads: Int

    /// Options; one thread unless told.
    ///
    /// - Parameter threads: at least 1; smaller numbers count as 1.
    public init(backend: Backend = .fastest, precision: Precision = .fp32, threads: Int = 1) {
        self.backend = backend
        self.precision = precision
        self.threads = max(1, threads)
    }

    /// - Throws: `InferenceError` where the engine or this machine cannot compute in the precision.
    public func check() throws {
        guard precision != .fp32 else { return }
        guard backend == .oneDNN, cinference_has_type(ElementType.bfloat16.code) != 0 else {
            throw InferenceError.precision(
                precision, found: "engine \(backend.rawValue), instructions \(Engine.instructionSet)")
        }
    }
}
