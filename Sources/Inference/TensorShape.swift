/// The shape of an activation, (N,C,H,W).
public struct TensorShape: Sendable, Hashable, CustomStringConvertible {
    /// Images.
    public var batch: Int
    /// Maps an image.
    public var channels: Int
    /// Rows of pixels.
    public var height: Int
    /// Pixels a row.
    public var width: Int

    /// A shape in the order N, C, H, W.
    ///
    /// - Precondition: no size is negative.
    public init(_ batch: Int, _ channels: Int, _ height: Int, _ width: Int) {
        precondition(min(batch, channels, height, width) >= 0, "sizes of a tensor are not negative")
        self.batch = batch
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// Elements of the whole tensor.
    public var count: Int { batch * imageCount }

    /// Elements of one image.
    public var imageCount: Int { channels * height * width }

    /// Pixels of one channel.
    var area: Int { height * width }

    /// Such as `1x3x960x960`.
    public var description: String { "\(batch)x\(channels)x\(height)x\(width)" }
}
