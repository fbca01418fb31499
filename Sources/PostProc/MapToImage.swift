import Geometry

/// Final polygons in image pixels.
enum MapToImage {
    /// Rounds half to even and wraps into 16 bits, as the reference's cast does; values beyond 32 bits become 0.
    @inline(__always) static func int16(_ value: Double) -> Double {
        let rounded = value.rounded(.toNearestOrEven)
        guard rounded >= -2_147_483_648, rounded <= 2_147_483_647 else { return 0 }
        return Double(Int16(truncatingIfNeeded: Int(rounded)))
    }

    /// Maps one corner; with a size given, clips it to `[0, width - 1] x [0, height - 1]` instead of wrapping.
    @inline(__always)
    static func point(_ x: Double, _ y: Double, _ transform: MapToImageTransform, clip: (width: Int, height: Int)?)
        -> Point
    {
        let imageX = transform.scaleX * x + transform.offsetX
        let imageY = transform.scaleY * y + transform.offsetY
        guard let clip else { return Point(int16(imageX), int16(imageY)) }
        return Point(
            min(max(imageX.rounded(.toNearestOrEven), 0), Double(clip.width - 1)),
            min(max(imageY.rounded(.toNearestOrEven), 0), Double(clip.height - 1)))
    }
}
