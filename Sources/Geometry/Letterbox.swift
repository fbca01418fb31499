/// How an image is laid onto a square canvas: longest side to `side`, the rest padded, centred.
///
/// Source: the reference's `letterbox`. The forward sizes are rounded half to even, the inverse's are truncated:
/// a deliberate quirk of the family's dataset code, kept for parity.
public struct Letterbox: Sendable, Hashable {
    /// The image's size in pixels, after EXIF orientation.
    public let imageWidth, imageHeight: Int
    /// The canvas' side in map pixels, a multiple of 32.
    public let side: Int

    /// The letterbox of an image of this size.
    ///
    /// - Precondition: all sizes are positive.
    public init(imageWidth: Int, imageHeight: Int, side: Int) {
        precondition(imageWidth > 0 && imageHeight > 0 && side > 0, "a letterbox needs positive sizes")
        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
        self.side = side
    }

    private var scale: Double { Double(side) / Double(max(imageWidth, imageHeight)) }

    /// The resized image's width in map pixels, at least 1.
    public var resizedWidth: Int { max(1, Int((Double(imageWidth) * scale).rounded(.toNearestOrEven))) }
    /// The resized image's height in map pixels, at least 1.
    public var resizedHeight: Int { max(1, Int((Double(imageHeight) * scale).rounded(.toNearestOrEven))) }
    /// The padding left of the resized image.
    public var left: Int { (side - resizedWidth) / 2 }
    /// The padding above the resized image.
    public var top: Int { (side - resizedHeight) / 2 }

    /// Map pixels to image pixels, from truncated sizes.
    ///
    /// A side so short that it truncates to 0 counts as 1, where the reference divides by zero.
    public var inverse: MapToImageTransform {
        let width = max(1, Int(Double(imageWidth) * scale))
        let height = max(1, Int(Double(imageHeight) * scale))
        let scaleX = Double(imageWidth) / Double(width)
        let scaleY = Double(imageHeight) / Double(height)
        return MapToImageTransform(
            scaleX: scaleX, offsetX: scaleX * -Double((side - width) / 2),
            scaleY: scaleY, offsetY: scaleY * -Double((side - height) / 2))
    }
}
