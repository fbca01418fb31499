/// A symmetry of the square: one of the eight ways to lay a square canvas onto itself.
///
/// Turns run counterclockwise, as numpy's `rot90` does. No pixel is mixed, so each is exact both ways.
public struct Symmetry: Sendable, Hashable {
    /// Whether rows are taken for columns before the flips.
    private let transposes: Bool
    /// Whether columns, rows are taken from the other end.
    private let flipsX, flipsY: Bool

    private init(transposes: Bool, flipsX: Bool, flipsY: Bool) {
        self.transposes = transposes
        self.flipsX = flipsX
        self.flipsY = flipsY
    }

    /// The canvas as it is.
    public static let identity = Symmetry(transposes: false, flipsX: false, flipsY: false)

    /// The flips and turns that have a name.
    static let named: [(name: String, symmetry: Symmetry)] = [
        ("hflip", Symmetry(transposes: false, flipsX: true, flipsY: false)),
        ("vflip", Symmetry(transposes: false, flipsX: false, flipsY: true)),
        ("rot90", Symmetry(transposes: true, flipsX: true, flipsY: false)),
        ("rot180", Symmetry(transposes: false, flipsX: true, flipsY: true)),
        ("rot270", Symmetry(transposes: true, flipsX: false, flipsY: true)),
    ]

    /// The named ones and the two that are products only; the canvas as it is has none.
    static let names: [Symmetry: String] = Dictionary(
        uniqueKeysWithValues: named.map { ($0.symmetry, $0.name) } + [
            (Symmetry(transposes: true, flipsX: false, flipsY: false), "hflip*rot90"),
            (Symmetry(transposes: true, flipsX: true, flipsY: true), "hflip*rot270"),
        ])

    /// This one, and then `next`.
    public func then(_ next: Symmetry) -> Symmetry {
        let (x, y) = transposes ? (next.flipsY, next.flipsX) : (next.flipsX, next.flipsY)
        return Symmetry(transposes: transposes != next.transposes, flipsX: flipsX != x, flipsY: flipsY != y)
    }

    /// What leads back.
    public var inverse: Symmetry {
        transposes ? Symmetry(transposes: true, flipsX: flipsY, flipsY: flipsX) : self
    }

    /// The symmetric view of a canvas.
    ///
    /// - Parameter canvas: (side,side,3) interleaved.
    /// - Returns: (side,side,3) interleaved.
    public func apply(to canvas: [UInt8], side: Int) -> [UInt8] {
        precondition(canvas.count == side * side * 3, "the canvas is of another size")
        guard self != .identity else { return canvas }
        let origin = origin(side: side)
        return [UInt8](unsafeUninitializedCapacity: canvas.count) { target, count in
            canvas.withUnsafeBufferPointer { source in
                var position = 0
                for y in 0..<side {
                    var pixel = 3 * origin.of(x: 0, y: y)
                    for _ in 0..<side {
                        for channel in 0..<3 { target[position + channel] = source[pixel + channel] }
                        position += 3
                        pixel += 3 * origin.stepX
                    }
                }
            }
            count = canvas.count
        }
    }

    /// Where the view's pixels come from.
    func origin(side: Int) -> PixelOrder {
        let last = side - 1
        let (x, y) = transposes ? (side, 1) : (1, side)
        let start = (flipsX ? last : 0) + (flipsY ? last * side : 0)
        // Flips turn round the step along the original's columns (1) and rows (side).
        func turned(_ step: Int) -> Int { (step == 1 ? flipsX : flipsY) ? -step : step }
        return side == 1
            ? PixelOrder(start: 0, stepX: 0, stepY: 0)
            : PixelOrder(start: start, stepX: turned(x), stepY: turned(y))
    }
}

/// Indices into a row-major square: `start + x * stepX + y * stepY`.
struct PixelOrder: Equatable {
    let start, stepX, stepY: Int

    func of(x: Int, y: Int) -> Int { start + x * stepX + y * stepY }
}
