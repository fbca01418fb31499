/// What one step of an engine took, for profiles.
public struct StepTiming: Sendable {
    /// Where the step stands in the network.
    public let label: String
    /// What it does, such as `conv 3x3` or `upsample`.
    public let kind: String
    /// The kernel that does it, such as `winograd_4x4:avx512`.
    public let implementation: String
    /// Time over all images of the run.
    public var seconds: Double
    /// Multiplications and additions over all images, by the direct algorithm, in 10^9; 0 for steps that move data.
    public var gigaFLOP: Double

    package init(label: String, kind: String, implementation: String, seconds: Double = 0, gigaFLOP: Double = 0) {
        self.label = label
        self.kind = kind
        self.implementation = implementation
        self.seconds = seconds
        self.gigaFLOP = gigaFLOP
    }
}
