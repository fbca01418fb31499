/// The way from map pixels to image pixels: a scale and an offset for each axis, as the letterbox's inverse has.
///
/// `x_image = scaleX * x_map + offsetX`, and likewise y: the two non-trivial rows of the reference's 3x3 matrix.
public struct MapToImageTransform: Sendable, Hashable {
    public var scaleX, offsetX, scaleY, offsetY: Double

    /// `x_image = scaleX * x_map + offsetX`, `y_image = scaleY * y_map + offsetY`.
    public init(scaleX: Double, offsetX: Double, scaleY: Double, offsetY: Double) {
        self.scaleX = scaleX
        self.offsetX = offsetX
        self.scaleY = scaleY
        self.offsetY = offsetY
    }

    /// No change: the map has the image's size.
    public static let identity = MapToImageTransform(scaleX: 1, offsetX: 0, scaleY: 1, offsetY: 0)
}
