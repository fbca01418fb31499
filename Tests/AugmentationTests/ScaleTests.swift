import Augmentation
import Core
import Geometry
import Imaging
import Testing

/// Maps of other scales, brought back to the plain canvas.
@Suite struct ScaleTests {
    static let images = [(1280, 960), (700, 2100), (333, 500), (4000, 3001), (100, 80), (960, 960)]
    static let scales = ["scale:0.25", "scale:0.8", "scale:1.2", "hflip*scale:1.2", "rot90*scale:0.8", "scale:2"]

    @Test(arguments: images, scales) func aConstantStaysAsItIs(image: (Int, Int), scale: String) throws {
        let placed = try Self.placed(scale, image, side: 320)
        for value: Float in [0, 1, 1 / 3, 0.1] {
            let map = [Float](repeating: value, count: placed.side * placed.side)
            #expect(Self.inverse(map, placed, side: 320).allSatisfy { $0 == value })
        }
    }

    /// A map whose values are the image coordinates of its pixels' centres gives those of the plain pixels' centres.
    @Test(arguments: images, ["scale:0.8", "scale:1.2", "scale:2", "scale:0.25"])
    func aRampStaysLinear(image: (Int, Int), scale: String) throws {
        let side = 320
        let placed = try Self.placed(scale, image, side: side)
        let plain = Letterbox(imageWidth: image.0, imageHeight: image.1, side: side)
        func ramp(_ box: Letterbox, _ pixel: Int, isRow: Bool) -> Double {
            let (first, count, size) =
                isRow
                ? (box.top, box.resizedHeight, box.imageHeight) : (box.left, box.resizedWidth, box.imageWidth)
            return (Double(pixel - first) + 0.5) / Double(count) * Double(size)
        }
        for isRow in [false, true] {
            let other = placed.side
            let map = (0..<other * other).map {
                Float(ramp(placed.letterbox, isRow ? $0 / other : $0 % other, isRow: isRow))
            }
            let back = Self.inverse(map, placed, side: side)
            let size = Double(isRow ? image.1 : image.0)
            var compared = 0
            for pixel in 0..<side * side {
                let expected = ramp(plain, isRow ? pixel / side : pixel % side, isRow: isRow)
                // Half a pixel of the other map's border is repeated.
                guard (0.06 * size...0.94 * size).contains(expected) else { continue }
                compared += 1
                #expect(abs(Double(back[pixel]) - expected) < 1e-5 * max(size, 100), "pixel \(pixel)")
            }
            #expect(compared > side * side / 10)
        }
    }

    /// The same canvas reads as itself, bit for bit.
    @Test func thePlainViewIsTheIdentity() {
        let placed = PlacedView(.plain, plain: Letterbox(imageWidth: 700, imageHeight: 501, side: 96))
        var generator = SeededGenerator(seed: 5)
        let map = (0..<96 * 96).map { _ in Float.random(in: 0...1, using: &generator) }
        #expect(Self.inverse(map, placed, side: 96) == map)
    }

    @Test(arguments: images, scales) func imagesAndMapsLieOnEachOther(image: (Int, Int), scale: String) throws {
        let placed = try Self.placed(scale, image, side: 320)
        let found = try Self.misalignment(placed, image) { placed.addInverse(of: $0, to: $1) }
        #expect(found.isNegligible, "\(found)")
        #expect(found.x != nil && found.y != nil)
    }

    /// Ways back that are a little wrong: the corners of pixels for their centres, a pixel off, rows and columns
    /// swapped, flipped.
    @Test(arguments: ["scale:0.8", "scale:1.2"]) func aWrongWayBackIsCaught(scale: String) throws {
        let image = (1280, 960)
        let (plain, placed) = (
            Letterbox(imageWidth: image.0, imageHeight: image.1, side: 320), try Self.placed(scale, image, side: 320)
        )
        let side = placed.side
        let ratio = Float(side) / 320
        func nearest(_ shift: Float, transposed: Bool = false) -> Misalignment? {
            try? Self.misalignment(placed, image) { map, sum in
                for y in 0..<320 {
                    for x in 0..<320 {
                        let (column, row) = ((Float(x) + 0.5) * ratio - shift, (Float(y) + 0.5) * ratio - shift)
                        let (a, b) = (Self.held(column, side), Self.held(row, side))
                        sum[y * 320 + x] += Self.read(map, transposed ? b : a, transposed ? a : b, side)
                    }
                }
            }
        }
        // Right: as `PlacedView`, but written plainly.
        #expect(try #require(nearest(0.5)).isNegligible)
        #expect(try !#require(nearest(0.5 * ratio)).isNegligible, "corners for centres")
        #expect(try !#require(nearest(1.5)).isNegligible, "a pixel off")
        #expect(try !#require(nearest(0.5, transposed: true)).isNegligible, "transposed")
        for symmetry in ViewTests.symmetries {
            let other = PlacedView(try View.list(symmetry + "*" + scale)[0], plain: plain)
            let found = try Self.misalignment(placed, image) { other.addInverse(of: $0, to: $1) }
            #expect(!found.isNegligible, "\(symmetry): \(found)")
        }
        // A letterbox whose padding is rounded otherwise: the map resized as a whole, .4 of a pixel off.
        let uneven = try Self.placed(scale, (1280, 900), side: 320)
        let square = try Self.placed(scale, (320, 320), side: 320)
        let found = try Self.misalignment(uneven, (1280, 900)) { square.addInverse(of: $0, to: $1) }
        #expect(!found.isNegligible, "resized as a whole: \(found)")
    }

    @Test func aThinImageIsNotJudgedAcross() throws {
        let placed = try Self.placed("scale:1.2", (2000, 3), side: 320)
        let found = try Self.misalignment(placed, (2000, 3)) { placed.addInverse(of: $0, to: $1) }
        #expect(found.isNegligible)
        #expect(found.y == nil)
    }

    private static func placed(_ view: String, _ image: (Int, Int), side: Int) throws -> PlacedView {
        PlacedView(try View.list(view)[0], plain: Letterbox(imageWidth: image.0, imageHeight: image.1, side: side))
    }

    private static func misalignment(
        _ placed: PlacedView, _ image: (Int, Int),
        _ addInverse: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws -> Misalignment {
        try Misalignment(
            plain: Letterbox(imageWidth: image.0, imageHeight: image.1, side: 320), other: placed.letterbox,
            forward: { try placed.canvas(of: $0) }, addInverse: addInverse)
    }

    private static func inverse(_ map: [Float], _ placed: PlacedView, side: Int) -> [Float] {
        var sum = [Float](repeating: 0, count: side * side)
        map.withUnsafeBufferPointer { map in sum.withUnsafeMutableBufferPointer { placed.addInverse(of: map, to: $0) } }
        return sum
    }

    private static func held(_ position: Float, _ count: Int) -> Float { min(max(position, 0), Float(count - 1)) }

    /// Bilinear, written plainly.
    private static func read(_ map: UnsafeBufferPointer<Float>, _ x: Float, _ y: Float, _ side: Int) -> Float {
        let (left, top) = (Int(x), Int(y))
        let (right, below) = (min(left + 1, side - 1), min(top + 1, side - 1))
        let (a, b) = (x - Float(left), y - Float(top))
        return (1 - b) * ((1 - a) * map[top * side + left] + a * map[top * side + right])
            + b * ((1 - a) * map[below * side + left] + a * map[below * side + right])
    }
}
