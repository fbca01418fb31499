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

    /// What computes; the fastest of this kind of machine by default.
    public var backend: Backend
    /// Threads that compute, at least 1. The result does not depend on it.
    public var threads: Int

    /// Options; one thread unless told.
    ///
    /// - Parameter threads: at least 1; smaller numbers count as 1.
    public init(backend: Backend = .fastest, threads: Int = 1) {
        self.backend = backend
        self.threads = max(1, threads)
    }
}
