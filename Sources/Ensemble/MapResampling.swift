import Geometry
import Maps

/// Maps brought to the size and place of another map of the same image, so that the two lie on each other.
enum MapResampling {
    /// `map` on the geometry of `target`.
    ///
    /// A map that has the other's geometry stays as it is, bit for bit. Else each pixel's centre is carried to the image
    /// and into the source's map, and read there bilinearly, the border repeated.
    ///
    /// - Complexity: O(pixels of `target`).
    static func resample(_ map: ImageMap, to target: ImageMap) -> ImageMap {
        let (width, height) = (target.map.width, target.map.height)
        guard
            map.inverse != target.inverse || map.map.width != width || map.map.height != height
        else { return map }
        let (to, from) = (target.inverse, map.inverse)
        let columns = (0..<width).map {
            Tap((to.scaleX * (Double($0) + 0.5) + to.offsetX - from.offsetX) / from.scaleX - 0.5, of: map.map.width)
        }
        let rows = (0..<height).map {
            Tap((to.scaleY * (Double($0) + 0.5) + to.offsetY - from.offsetY) / from.scaleY - 0.5, of: map.map.height)
        }
        let stride = map.map.width
        let values = map.map.values.withUnsafeBufferPointer { values in
            rows.flatMap { row in
                columns.map { column in
                    let above = column.mix(
                        values[row.first * stride + column.first], values[row.first * stride + column.second])
                    let below = column.mix(
                        values[row.second * stride + column.first], values[row.second * stride + column.second])
                    return row.mix(above, below)
                }
            }
        }
        var result = target
        result.map = ProbabilityMap(width: width, height: height, values: values)
        return result
    }

    /// Two neighbours and the second one's share.
    private struct Tap {
        let first, second: Int
        let share: Float

        init(_ position: Double, of count: Int) {
            let held = min(max(position, 0), Double(count - 1))
            first = Int(held)
            second = min(first + 1, count - 1)
            share = Float(held - Double(first))
        }

        func mix(_ a: Float, _ b: Float) -> Float { a + share * (b - a) }
    }
}
