import Geometry

/// Probability maps in memory and on disk: where the network wing hands over to the decision wing.
///
/// A probability of text for each map pixel: (H,W) Float32, row-major, in [0,1].
public struct ProbabilityMap: Sendable, Equatable {
    /// Pixels a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// `height * width` values, row by row.
    public let values: [Float]

    /// - Precondition: `values.count == width * height`.
    public init(width: Int, height: Int, values: [Float]) {
        precondition(width > 0 && height > 0 && values.count == width * height, "a map's values must fill its size")
        self.width = width
        self.height = height
        self.values = values
    }
}

/// A probability map with what it takes to place its polygons on the image.
public struct ImageMap: Sendable, Equatable {
    /// The image's file name, such as `receipt_7_000.jpg`.
    public var imageName: String
    /// The image's size in pixels, after EXIF orientation.
    public var imageWidth, imageHeight: Int
    /// Map pixels to image pixels.
    public var inverse: MapToImageTransform
    /// The probabilities.
    public var map: ProbabilityMap

    /// A map of the image `imageName`.
    public init(
        imageName: String, imageWidth: Int, imageHeight: Int, inverse: MapToImageTransform, map: ProbabilityMap
    ) {
        self.imageName = imageName
        self.imageWidth = imageWidth
        self.imageHeight = imageHeight
        self.inverse = inverse
        self.map = map
    }
}
