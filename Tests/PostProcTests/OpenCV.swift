import COpenCV
import PostProc

/// OpenCV's own answers, for the stage tests.
enum OpenCV {
    struct Failure: Error {
        var message: String
    }

    private static func checked(_ body: (UnsafeMutablePointer<CChar>, Int32) -> Int32) throws {
        var message = [CChar](repeating: 0, count: 512)
        let status = message.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { body($0, Int32(buffer.count)) } ?? Int32(COPENCV_CONTOURS_FAILED)
        }
        guard status == Int32(COPENCV_CONTOURS_OK) else {
            throw Failure(
                message: String(
                    decoding: message.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self))
        }
    }

    private static func flat(_ points: [MapPoint]) -> [Int32] { points.flatMap { [$0.x, $0.y] } }

    private static func points(_ flat: [Int32], _ count: Int) -> [MapPoint] {
        (0..<count).map { MapPoint(flat[2 * $0], flat[2 * $0 + 1]) }
    }

    static func findContours(_ mask: [UInt8], width: Int, height: Int) throws -> [[MapPoint]] {
        let capacity = 4 * width * height + 16
        var flatPoints = [Int32](repeating: 0, count: 2 * capacity)
        var lengths = [Int32](repeating: 0, count: capacity)
        var (pointCount, count): (Int32, Int32) = (0, 0)
        try checked {
            copencv_find_contours(
                mask, Int32(width), Int32(height), &flatPoints, Int32(capacity), &pointCount, &lengths,
                Int32(capacity), &count, $0, $1)
        }
        let all = points(flatPoints, Int(pointCount))
        var start = 0
        return lengths.prefix(Int(count)).map { length in
            defer { start += Int(length) }
            return Array(all[start..<start + Int(length)])
        }
    }

    static func minAreaRect(_ points: [MapPoint]) throws -> (rect: RotatedRect, corners: [FloatPoint]) {
        var rect = [Float](repeating: 0, count: 5)
        var corners = [Float](repeating: 0, count: 8)
        try checked { copencv_min_area_rect(flat(points), Int32(points.count), &rect, &corners, $0, $1) }
        var result = RotatedRect()
        result.center = FloatPoint(rect[0], rect[1])
        result.width = rect[2]
        result.height = rect[3]
        result.angle = rect[4]
        return (result, (0..<4).map { FloatPoint(corners[2 * $0], corners[2 * $0 + 1]) })
    }

    static func arcLength(_ points: [MapPoint]) throws -> Double {
        var length = 0.0
        try checked { copencv_arc_length(flat(points), Int32(points.count), &length, $0, $1) }
        return length
    }

    static func approximate(_ contour: [MapPoint], epsilon: Double) throws -> [MapPoint] {
        var result = [Int32](repeating: 0, count: 2 * contour.count)
        var count: Int32 = 0
        try checked {
            copencv_approx_polygon(flat(contour), Int32(contour.count), epsilon, &result, &count, $0, $1)
        }
        return points(result, Int(count))
    }

    static func fillMean(
        _ polygon: [MapPoint], values: [Float], width: Int, height: Int
    ) throws -> (mask: [UInt8], mean: Double) {
        var mask = [UInt8](repeating: 0, count: width * height)
        var mean = 0.0
        try checked {
            copencv_fill_mean(
                flat(polygon), Int32(polygon.count), values, Int32(width), Int32(height), &mask, &mean, $0, $1)
        }
        return (mask, mean)
    }
}
