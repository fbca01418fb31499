/// A picture in memory: (H,W,3) UInt8, interleaved red, green, blue, row by row, as it is to be looked at.
public struct RGBImage: Sendable, Equatable {
    /// Pixels a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// `height * width * 3` values.
    public let pixels: [UInt8]

    /// - Precondition: `pixels.count == width * height * 3`.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0 && pixels.count == width * height * 3, "pixels must fill the picture")
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
