import Geometry

/// How the map of one canvas is read on the pixels of another canvas of the same image.
///
/// Pixel centres lie at `+ 0.5`. The centre of plain pixel `x` shows the image at
/// `u = (x + 0.5 - left) * imageWidth / resizedWidth`; the other canvas shows `u` at
/// `x' = left' + u * resizedWidth' / imageWidth - 0.5`, both with the rounded sizes that pixels are laid by. The map is
/// read there bilinearly, its border repeated: a constant stays as it is bit for bit, a linear ramp stays linear where
/// the border is not near, and equal canvases give equal maps.
struct Alignment {
    private let columns, rows: [Tap]

    /// - Parameters:
    ///   - other: the canvas of the map that is read.
    ///   - plain: the canvas whose pixels are filled.
    init(of other: Letterbox, on plain: Letterbox) {
        columns = (0..<plain.side).map {
            let ratio = Double(other.resizedWidth) / Double(plain.resizedWidth)
            return Tap(Double(other.left) + (Double($0) + 0.5 - Double(plain.left)) * ratio - 0.5, of: other.side)
        }
        rows = (0..<plain.side).map {
            let ratio = Double(other.resizedHeight) / Double(plain.resizedHeight)
            return Tap(Double(other.top) + (Double($0) + 0.5 - Double(plain.top)) * ratio - 0.5, of: other.side)
        }
    }

    /// Adds `map`, whose pixel (x,y) stands at `order.of(x: x, y: y)`, to `sum`, row-major.
    func add(
        _ map: UnsafeBufferPointer<Float>, in order: PixelOrder, to sum: UnsafeMutableBufferPointer<Float>
    ) {
        var position = 0
        columns.withUnsafeBufferPointer { columns in
            for row in rows {
                let (above, below) = (order.of(x: 0, y: row.first), order.of(x: 0, y: row.second))
                for column in columns {
                    let (first, second) = (column.first * order.stepX, column.second * order.stepX)
                    let top = column.mix(map[above + first], map[above + second])
                    let bottom = column.mix(map[below + first], map[below + second])
                    sum[position] += row.mix(top, bottom)
                    position += 1
                }
            }
        }
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
