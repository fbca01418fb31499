import Core
import Geometry
import Maps

/// A source whose maps are brought to the size and place of another source's, so that the two lie on each other.
///
/// A map that has the other's geometry stays as it is, bit for bit. Else each pixel's centre is carried to the image and
/// into the source's map, and read there bilinearly, the border repeated. Maps of images whose sizes differ are left
/// alone: whoever combines them refuses them.
public struct ResampledMaps: MapSource {
    private let source: any MapSource
    private let target: any MapSource

    /// `source` on the geometry of `target`.
    public init(_ source: any MapSource, to target: any MapSource) {
        self.source = source
        self.target = target
    }

    /// The source's label.
    public var label: String { source.label }
    /// The source's images.
    public var imageNames: [String] { source.imageNames }

    /// A digest of both sources' fingerprints.
    public func fingerprint() throws -> String {
        SHA256.hexDigest(of: "resampled\n\(try source.fingerprint())\n\(try target.fingerprint())")
    }

    /// The map of one image on the target's geometry.
    ///
    /// - Throws: the sources' own errors.
    public func read(_ name: String) throws -> ImageMap {
        Self.resample(try source.read(name), to: try target.read(name))
    }

    static func resample(_ map: ImageMap, to target: ImageMap) -> ImageMap {
        let (width, height) = (target.map.width, target.map.height)
        guard map.imageWidth == target.imageWidth, map.imageHeight == target.imageHeight,
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
