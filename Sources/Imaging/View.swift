/// A flipped or turned look at a square canvas, for test-time augmentation; exact both ways, since no pixel is mixed.
///
/// Turns run counterclockwise, as numpy's `rot90` does.
public enum View: String, Sendable, CaseIterable {
    case hflip, vflip, rot90, rot180, rot270

    /// The view of `canvas`, (side,side,channels) interleaved.
    public func apply<Element>(to canvas: [Element], side: Int, channels: Int) -> [Element] {
        var result = canvas
        canvas.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                forEachPixel(side: side) { position, origin in
                    for channel in 0..<channels {
                        target[position * channels + channel] = source[origin * channels + channel]
                    }
                }
            }
        }
        return result
    }

    /// Adds a map of the view, (side,side) row-major, to `sum` in the plain canvas' geometry.
    public func addInverse(
        of map: UnsafeBufferPointer<Float>, to sum: UnsafeMutableBufferPointer<Float>, side: Int
    ) {
        forEachPixel(side: side) { position, origin in sum[origin] += map[position] }
    }

    /// Calls `body` with each pixel of the view and the pixel of the plain canvas that it shows.
    private func forEachPixel(side: Int, _ body: (_ position: Int, _ origin: Int) -> Void) {
        let last = side - 1
        for y in 0..<side {
            for x in 0..<side {
                let origin =
                    switch self {
                    case .hflip: y * side + last - x
                    case .vflip: (last - y) * side + x
                    case .rot90: x * side + last - y
                    case .rot180: (last - y) * side + last - x
                    case .rot270: (last - x) * side + y
                    }
                body(y * side + x, origin)
            }
        }
    }
}
