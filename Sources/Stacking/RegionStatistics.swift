import Geometry
import Maps
import PostProc

/// Mean and spread of a map inside a polygon, with its memory.
struct RegionStatistics: ~Copyable {
    private var coverage = Coverage()
    private var outline = Buffer<MapPoint>()

    /// The mean and standard deviation over the pixels that OpenCV's `fillPoly` covers; 0 where none lies on the map.
    ///
    /// - Parameter polygon: image pixels.
    mutating func over(_ polygon: Polygon, on map: ImageMap) -> (mean: Double, spread: Double) {
        let (width, height) = (map.map.width, map.map.height)
        // Far outside of any map, and within 32 bits.
        let limit = Double(4 * PostProcessor.maxSide)
        func place(_ value: Double, _ scale: Double, _ offset: Double) -> Int {
            let moved = (value - offset) / scale
            return moved.isFinite ? Int(min(max(moved.rounded(), -limit), limit)) : 0
        }
        let points = polygon.points.map {
            (
                x: place($0.x, map.inverse.scaleX, map.inverse.offsetX),
                y: place($0.y, map.inverse.scaleY, map.inverse.offsetY)
            )
        }
        let left = max(points.map(\.x).min() ?? 0, 0)
        let right = min(points.map(\.x).max() ?? -1, width - 1)
        let top = max(points.map(\.y).min() ?? 0, 0)
        let bottom = min(points.map(\.y).max() ?? -1, height - 1)
        guard left <= right, top <= bottom else { return (0, 0) }
        outline.removeAll()
        for point in points { outline.append(MapPoint(Int32(point.x - left), Int32(point.y - top))) }
        coverage.fill(outline.elements, width: right - left + 1, height: bottom - top + 1)
        var (sum, squares, count) = (0.0, 0.0, 0)
        map.map.values.withUnsafeBufferPointer { values in
            for y in 0...(bottom - top) {
                let row = (top + y) * width + left
                for word in 0..<coverage.wordsPerRow {
                    var bits = coverage.word(word, row: y)
                    count += bits.nonzeroBitCount
                    while bits != 0 {
                        let value = Double(values[row + 64 * word + bits.trailingZeroBitCount])
                        sum += value
                        squares += value * value
                        bits &= bits - 1
                    }
                }
            }
        }
        guard count > 0 else { return (0, 0) }
        let mean = sum / Double(count)
        return (mean, max(0, squares / Double(count) - mean * mean).squareRoot())
    }
}
