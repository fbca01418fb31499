import Core
import Geometry
import Imaging

extension View {
    /// Pixels that a symmetry's way there and back does not leave in their place; 0 is right.
    ///
    /// - Parameters:
    ///   - forward: takes (side,side,3) to (side,side,3).
    ///   - addInverse: brings a map back, (side,side).
    package static func misplacedPixels(
        side: Int, forward: ([UInt8]) -> [UInt8],
        addInverse: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) -> Int {
        // 24 bits tell 4096 x 4096 pixels apart, and a Float holds them.
        let number = { (index: Int) in index % (1 << 24) }
        let canvas = (0..<side * side).flatMap { index in (0..<3).map { UInt8(number(index) >> (8 * $0) & 255) } }
        let seen = forward(canvas)
        let map = (0..<side * side).map { pixel in
            (0..<3).reduce(Float(0)) { $0 + Float(Int(seen[3 * pixel + $1]) << (8 * $1)) }
        }
        let back = inverted(map, side: side, addInverse)
        return back.indices.count { back[$0] != Float(number($0)) }
    }

    /// Checks on a test pattern that the way back undoes the way there.
    ///
    /// Flips and turns must leave each pixel in its place. Across scales, a pattern of slopes is laid onto both canvases
    /// as images are; brought back, the view's must lie on the plain one within a twentieth of a pixel of the coarsest of
    /// image and canvases, and equal it up to the rounding of pixels.
    ///
    /// - Parameter plain: how the image lies on the plain canvas.
    /// - Throws: `AugmentationError` (1) with what was found.
    func checkInverse(on plain: Letterbox) throws {
        let flipped = View(symmetry: symmetry)
        if symmetry != .identity {
            let square = Letterbox(imageWidth: plain.side, imageHeight: plain.side, side: plain.side)
            let placed = PlacedView(flipped, plain: square)
            let misplaced = Self.misplacedPixels(side: plain.side) {
                symmetry.apply(to: $0, side: plain.side)
            } addInverse: {
                placed.addInverse(of: $0, to: $1)
            }
            guard misplaced == 0 else { throw failure("\(misplaced) pixels elsewhere", "every pixel in its place") }
        }
        guard self != flipped else { return }
        let placed = PlacedView(self, plain: plain)
        let found = try Misalignment(plain: plain, other: placed.letterbox) {
            try placed.canvas(of: $0)
        } addInverse: {
            placed.addInverse(of: $0, to: $1)
        }
        guard found.isNegligible else { throw failure(found.description, "the pattern in its place") }
    }

    private func failure(_ found: String, _ expected: String) -> AugmentationError {
        AugmentationError(
            Diagnosis(
                .failure, "the view \(name) is not undone by its inverse", found: found, expected: expected,
                nextStep: "leave the view out, and report this with the image's size"))
    }
}

/// How far a test pattern that went to another canvas and back lies from the one that stayed on the plain canvas.
package struct Misalignment: CustomStringConvertible {
    /// Shift along columns and rows in plain pixels; nil where the image is too thin to tell.
    package private(set) var x, y: Double?
    /// Mean difference along columns and rows, in levels of 255.
    package private(set) var levels = 0.0
    /// The largest pixel of image and canvases, in plain pixels.
    private let unit: Double

    /// Lays a pattern of slopes along columns (red) and rows (green), on a slow ramp that no flip leaves as it is (blue),
    /// onto both canvases.
    ///
    /// - Parameters:
    ///   - plain: how the image lies on the plain canvas.
    ///   - other: how it lies on the other canvas.
    ///   - forward: lays the image onto the other canvas: (side,side,3).
    ///   - addInverse: brings a map of the other canvas back to the plain one.
    package init(
        plain: Letterbox, other: Letterbox, forward: (RGBImage) throws -> [UInt8],
        addInverse: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws {
        let longest = Double(max(plain.imageWidth, plain.imageHeight))
        unit = max(1, Double(plain.side) / Double(other.side), Double(plain.side) / longest)
        let axes = [
            Slopes(unit: unit, first: plain.left, count: plain.resizedWidth, imageCount: plain.imageWidth),
            Slopes(unit: unit, first: plain.top, count: plain.resizedHeight, imageCount: plain.imageHeight),
        ]
        let (across, down) = (axes[0].imageLevels, axes[1].imageLevels)
        let image = RGBImage(
            width: plain.imageWidth, height: plain.imageHeight,
            pixels: [UInt8](unsafeUninitializedCapacity: across.count * down.count * 3) { pixels, count in
                for (y, level) in down.enumerated() {
                    for (x, other) in across.enumerated() {
                        let ramp = UInt8(170 * x / across.count + 85 * y / down.count)
                        (pixels[count], pixels[count + 1], pixels[count + 2]) = (other, level, ramp)
                        count += 3
                    }
                }
            })
        let expected = try letterbox(image, plain)
        let seen = try forward(image)
        for (channel, axis) in axes.enumerated() {
            let map = stride(from: channel, to: seen.count, by: 3).map { Float(seen[$0]) }
            let back = inverted(map, side: plain.side, addInverse)
            let across = axes[1 - channel].inside(margin: 2 * unit)
            var (moment, weight, difference, count) = (0.0, 0.0, 0.0, 0)
            for position in axis.inside(margin: 2 * unit) {
                guard let slope = axis.slope(at: position, margin: 2 * unit) else { continue }
                for line in across {
                    let pixel = channel == 0 ? line * plain.side + position : position * plain.side + line
                    let change = Double(back[pixel]) - Double(expected[3 * pixel + channel])
                    moment += change * slope
                    weight += slope * slope
                    difference += abs(change)
                    count += 1
                }
            }
            guard count > 0 else { continue }
            if channel == 0 { x = moment / weight } else { y = moment / weight }
            levels = max(levels, difference / Double(count))
        }
        let ramp = inverted(
            stride(from: 2, to: seen.count, by: 3).map { Float(seen[$0]) }, side: plain.side, addInverse)
        let (columns, rows) = (axes[0].inside(margin: 2 * unit), axes[1].inside(margin: 2 * unit))
        let pixels = rows.flatMap { row in columns.map { row * plain.side + $0 } }
        let difference = pixels.reduce(0.0) { $0 + abs(Double(ramp[$1]) - Double(expected[3 * $1 + 2])) }
        if !pixels.isEmpty { levels = max(levels, difference / Double(pixels.count)) }
    }

    /// Whether the pattern came back to its place, but for the rounding of pixels.
    package var isNegligible: Bool {
        [x, y].compactMap { $0 }.allSatisfy { abs($0) <= 0.05 * unit } && levels <= 2
    }

    package var description: String {
        func text(_ shift: Double?) -> String { shift.map { "\(($0 * 1e3).rounded() / 1e3)" } ?? "-" }
        return "a shift of (\(text(x)), \(text(y))) pixels, \((levels * 10).rounded() / 10) of 255 levels off"
    }
}

/// A zigzag between 0 and 255 along one axis of an image.
private struct Slopes {
    /// The image's first pixel on the canvas, and how many it has there.
    private let first, count: Int
    private let imageCount: Int
    /// Length of one way up and down, in canvas pixels.
    private let period: Double

    init(unit: Double, first: Int, count: Int, imageCount: Int) {
        (self.first, self.count, self.imageCount) = (first, count, imageCount)
        period = max(32, 16 * unit)
    }

    /// The pattern along the image's pixels.
    var imageLevels: [UInt8] {
        (0..<imageCount).map {
            let phase = (Double($0) + 0.5) * Double(count) / Double(imageCount) / period
            return UInt8((255 * abs(2 * (phase - phase.rounded(.down)) - 1)).rounded())
        }
    }

    /// The canvas' pixels that show the image, without those nearer than `margin` to its border.
    func inside(margin: Double) -> Range<Int> {
        let (from, to) = (first + Int(margin.rounded(.up)), first + count - Int(margin.rounded(.up)))
        return from..<max(from, to)
    }

    /// Levels a canvas pixel at `position`; nil nearer than `margin` to a turn of the zigzag.
    func slope(at position: Int, margin: Double) -> Double? {
        let phase = (Double(position - first) + 0.5) / period
        let part = phase - phase.rounded(.down)
        guard min(part, abs(part - 0.5), 1 - part) * period > margin else { return nil }
        return (part < 0.5 ? -510 : 510) / period
    }
}

/// `map` brought back alone, onto (side,side).
private func inverted(
    _ map: [Float], side: Int,
    _ addInverse: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
) -> [Float] {
    var result = [Float](repeating: 0, count: side * side)
    map.withUnsafeBufferPointer { map in
        result.withUnsafeMutableBufferPointer { addInverse(map, $0) }
    }
    return result
}
