import COpenCV
import Core
import Geometry

/// Lays `image` onto a square black canvas: OpenCV's 8-bit bilinear resize, centred as `geometry` says.
///
/// - Parameter geometry: made for the size of `image`.
/// - Returns: (side,side,3) UInt8, interleaved RGB; equal to the reference's canvas byte for byte.
/// - Throws: `ImagingError` (1) where OpenCV refuses, such as for lack of memory.
public func letterbox(_ image: RGBImage, _ geometry: Letterbox) throws -> [UInt8] {
    precondition(
        image.width == geometry.imageWidth && image.height == geometry.imageHeight, "the letterbox is another image's")
    let side = geometry.side
    var canvas = [UInt8](repeating: 0, count: side * side * 3)
    var message = [CChar](repeating: 0, count: 256)
    let status = canvas.withUnsafeMutableBufferPointer { canvas in
        opencv_resize_linear_rgb8(
            image.pixels, Int32(image.width), Int32(image.height), image.width * 3,
            canvas.baseAddress.map { $0 + (geometry.top * side + geometry.left) * 3 }, Int32(geometry.resizedWidth),
            Int32(geometry.resizedHeight), side * 3, &message, message.count)
    }
    guard status == 0 else {
        let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
        throw ImagingError(
            Diagnosis(
                .failure, "cannot resize the image", found: text,
                expected: "\(image.width) x \(image.height) to \(geometry.resizedWidth) x \(geometry.resizedHeight)"))
    }
    return canvas
}

/// `letterbox(_:_:)` onto a canvas of `side` x `side` pixels.
public func letterbox(_ image: RGBImage, side: Int) throws -> [UInt8] {
    try letterbox(image, Letterbox(imageWidth: image.width, imageHeight: image.height, side: side))
}

/// Scales a canvas to [0,1], takes off ImageNet's mean and divides by its standard deviation, in Float32 arithmetic:
/// equal to the reference's tensor bit for bit.
///
/// - Parameters:
///   - canvas: (side,side,3) UInt8, interleaved RGB.
///   - output: `canvas.count` values, filled as (3,side,side) planes R, G, B: one image's part of a batch (N,3,H,W).
public func normalise(_ canvas: [UInt8], into output: UnsafeMutableBufferPointer<Float>) {
    precondition(canvas.count.isMultiple(of: 3) && output.count == canvas.count, "the output is another size's")
    let pixelCount = canvas.count / 3
    canvas.withUnsafeBufferPointer { canvas in
        Normalisation.table.withUnsafeBufferPointer { table in
            for pixel in 0..<pixelCount {
                output[pixel] = table[Int(canvas[3 * pixel])]
                output[pixelCount + pixel] = table[256 + Int(canvas[3 * pixel + 1])]
                output[2 * pixelCount + pixel] = table[512 + Int(canvas[3 * pixel + 2])]
            }
        }
    }
}

/// What `normalise` makes of the canvas around an image: red, green, blue.
public let letterboxPadding: [Float] = (0..<3).map { Normalisation.table[256 * $0] }

private enum Normalisation {
    /// ImageNet's statistics of red, green and blue, over values in [0,1].
    static let mean: [Float] = [0.485, 0.456, 0.406]
    static let deviation: [Float] = [0.229, 0.224, 0.225]

    /// The network's input for each channel and level: (3,256).
    static let table: [Float] = (0..<3).flatMap { channel in
        (0..<256).map { (Float($0) / 255 - mean[channel]) / deviation[channel] }
    }
}
