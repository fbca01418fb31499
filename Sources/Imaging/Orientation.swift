/// How a stored picture is to be turned before it is looked at, by the numbers of EXIF tag 274.
enum Orientation: Int {
    case upright = 1
    case mirrored = 2
    case rotated180 = 3
    case flipped = 4
    case transposed = 5
    /// To be turned by 90° clockwise.
    case rotated90 = 6
    case transversed = 7
    /// To be turned by 90° counterclockwise.
    case rotated270 = 8

    /// Whether width and height change places.
    var swapsSides: Bool { rawValue >= 5 }

    /// The size of a picture stored as `width` x `height`, once turned.
    func size(width: Int, height: Int) -> (width: Int, height: Int) {
        swapsSides ? (height, width) : (width, height)
    }

    /// `image`, turned upright.
    ///
    /// - Complexity: O(pixels).
    func apply(to image: RGBImage) -> RGBImage {
        if self == .upright { return image }
        let last = (x: image.width - 1, y: image.height - 1)
        // The stored pixel of the result's first one, and the steps to those of its right and lower neighbours.
        let (firstX, firstY): (Int, Int) =
            switch self {
            case .upright, .transposed: (0, 0)
            case .mirrored, .rotated270: (last.x, 0)
            case .rotated180, .transversed: (last.x, last.y)
            case .flipped, .rotated90: (0, last.y)
            }
        let stepX = firstX == 0 ? 1 : -1
        let stepY = (firstY == 0 ? 1 : -1) * image.width
        let (right, down) = swapsSides ? (stepY, stepX) : (stepX, stepY)
        let (width, height) = size(width: image.width, height: image.height)
        let pixels = [UInt8](unsafeUninitializedCapacity: image.pixels.count) { target, count in
            image.pixels.withUnsafeBufferPointer { source in
                var position = 0
                for y in 0..<height {
                    var origin = 3 * (firstY * image.width + firstX + y * down)
                    for _ in 0..<width {
                        target[position] = source[origin]
                        target[position + 1] = source[origin + 1]
                        target[position + 2] = source[origin + 2]
                        position += 3
                        origin += 3 * right
                    }
                }
            }
            count = image.pixels.count
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }
}
