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

/// An image on the canvases of some views, each size once.
public struct ViewCanvases: Sendable {
    /// How the image lies on the plain canvas.
    public let plain: Letterbox
    /// (side,side,3) RGB, by side.
    let canvases: [Int: [UInt8]]

    /// Resizes `image` once for each size, always from the image itself.
    ///
    /// - Parameters:
    ///   - size: the plain canvas' side.
    ///   - views: those that the plain one is averaged with.
    /// - Throws: `ImagingError` where the image cannot be resized.
    public init(_ image: RGBImage, size: Int, views: [View]) throws {
        let plain = Letterbox(imageWidth: image.width, imageHeight: image.height, side: size)
        self.plain = plain
        var canvases: [Int: [UInt8]] = [:]
        for view in [.plain] + views {
            let letterbox = PlacedView(view, plain: plain).letterbox
            if canvases[letterbox.side] == nil {
                canvases[letterbox.side] = try Imaging.letterbox(image, letterbox)
            }
        }
        self.canvases = canvases
    }

    /// The canvas of one of the views.
    func canvas(of view: View) -> [UInt8] {
        let side = view.side(for: plain.side)
        guard let canvas = canvases[side] else { preconditionFailure("the canvases were made for other views") }
        return view.symmetry.apply(to: canvas, side: side)
    }
}
