import Geometry
import Imaging

/// A view of an image of a known size: the way to its canvas, and the way of its map back to the plain canvas.
public struct PlacedView: Sendable {
    /// How the image lies on the view's canvas, before it is flipped or turned.
    public let letterbox: Letterbox
    private let view: View
    private let plain: Letterbox

    /// - Parameter plain: how the image lies on the plain canvas.
    public init(_ view: View, plain: Letterbox) {
        self.view = view
        self.plain = plain
        letterbox = Letterbox(
            imageWidth: plain.imageWidth, imageHeight: plain.imageHeight, side: view.side(for: plain.side))
    }

    /// The side of the view's canvas.
    public var side: Int { letterbox.side }

    /// Lays the image onto the view's canvas and flips or turns it.
    ///
    /// - Returns: (side,side,3) RGB.
    public func canvas(of image: RGBImage) throws -> [UInt8] {
        view.symmetry.apply(to: try Imaging.letterbox(image, letterbox), side: side)
    }

    /// Adds the view's map to `sum` in the plain canvas' geometry.
    ///
    /// - Parameters:
    ///   - map: (side,side), row-major.
    ///   - sum: as many values as the plain canvas has pixels, row-major.
    public func addInverse(of map: UnsafeBufferPointer<Float>, to sum: UnsafeMutableBufferPointer<Float>) {
        precondition(map.count == side * side && sum.count == plain.side * plain.side, "a map of another size")
        Alignment(of: letterbox, on: plain).add(map, in: view.symmetry.inverse.origin(side: side), to: sum)
    }
}

/// What the views of an image are laid from: its plain canvas, and the image itself where a view has another size.
public struct ViewCanvases: Sendable {
    /// How the image lies on the plain canvas.
    public let plain: Letterbox
    /// (side,side,3) RGB of the plain canvas.
    private let canvas: [UInt8]
    private let image: RGBImage?

    /// Lays `image` onto the plain canvas.
    ///
    /// - Parameters:
    ///   - size: the plain canvas' side.
    ///   - views: those that the plain one is averaged with.
    /// - Throws: `ImagingError` where the image cannot be resized.
    public init(_ image: RGBImage, size: Int, views: [View]) throws {
        plain = Letterbox(imageWidth: image.width, imageHeight: image.height, side: size)
        canvas = try letterbox(image, plain)
        self.image = views.contains { $0.side(for: size) != size } ? image : nil
    }

    /// The canvas of one of the views; one of another size is always resized from the image itself.
    func canvas(of view: View) throws -> [UInt8] {
        let placed = PlacedView(view, plain: plain)
        guard placed.side != plain.side else { return view.symmetry.apply(to: canvas, side: plain.side) }
        guard let image else { preconditionFailure("the canvases were made for other views") }
        return try placed.canvas(of: image)
    }
}
