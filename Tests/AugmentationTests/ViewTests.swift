import Augmentation
import Core
import Geometry
import Imaging
import TestSupport
import Testing

/// Views: how they are written, what they show, how they are undone.
@Suite struct ViewTests {
    static let symmetries = ["hflip", "vflip", "rot90", "rot180", "rot270", "hflip*rot90", "hflip*rot270"]

    @Test(arguments: [
        ("", []), ("hflip", ["hflip"]), ("rot90, scale:0.8", ["rot90", "scale:0.8"]),
        ("scale:1.2*hflip", ["hflip*scale:1.2"]), ("hflip*vflip", ["rot180"]), ("rot90*rot90*rot90", ["rot270"]),
        ("vflip*rot270", ["hflip*rot90"]), ("rot90*hflip", ["hflip*rot270"]), ("scale:1e0*rot90", ["rot90"]),
        ("scale:.5,scale:4", ["scale:0.5", "scale:4.0"]),
    ])
    func aListIsReadInOneSpelling(text: String, names: [String]) throws {
        let views = try View.list(text)
        #expect(views.map(\.name) == names)
        #expect(try View.list(names.joined(separator: ",")) == views)
    }

    @Test(arguments: [
        ("scale:0", "no number from 0.25 to 4"), ("scale:abc", "no number from 0.25 to 4"),
        ("scale:9", "no number from 0.25 to 4"), ("scale:nan", "no number"), ("scale:-1", "no number"),
        ("scale:", "no number"), ("hflip,hflip", "stands twice"), ("hflip,vflip,rot90*rot90,rot180", "stands twice"),
        ("rot180,hflip*vflip", "is rot180, which stands there already"), ("spin", "\"spin\" is unknown"),
        ("scale:1", "is the plain view"), ("hflip*hflip", "is the plain view"), ("hflip,", "\"\" is empty"),
        ("hflip*", "is empty"), ("scale:0.5*scale:0.5", "has two scales"), ("plain", "is unknown"),
        ("HFLIP", "is unknown"),
    ])
    func aBadListIsRefused(text: String, part: String) throws {
        let error = try #require(throws: AugmentationError.self) { try View.list(text) }
        #expect(error.diagnosis.status == .usage)
        #expect(error.diagnosis.what.contains(part), "\(error)")
    }

    @Test func sidesAreRoundedToMultiplesOf32() throws {
        let views = try View.list("scale:0.8,scale:1.2,scale:0.83,hflip")
        #expect(views.map { $0.side(for: 960) } == [768, 1152, 800, 960])
        try View.check(views, size: 960)
        for (text, size, part) in [
            ("scale:0.8,scale:0.81", 960, "same as scale:0.8"), ("scale:1.01", 960, "same as plain"),
            ("hflip,hflip*scale:1.01", 960, "same as hflip"), ("scale:0.8,scale:1.2", 32, "same as plain"),
            ("scale:0.25", 32, "side 0"), ("scale:2", 8192, "side 16384"),
        ] {
            let error = try #require(throws: AugmentationError.self) {
                try View.check(View.list(text), size: size)
            }
            #expect(error.diagnosis.what.contains(part), "\(error)")
        }
    }

    /// numpy's `fliplr`, `flipud`, `rot90` and products of them, on [[0, 1, 2], [3, 4, 5], [6, 7, 8]].
    @Test(
        arguments: zip(
            symmetries,
            [
                [2, 1, 0, 5, 4, 3, 8, 7, 6], [6, 7, 8, 3, 4, 5, 0, 1, 2], [2, 5, 8, 1, 4, 7, 0, 3, 6],
                [8, 7, 6, 5, 4, 3, 2, 1, 0], [6, 3, 0, 7, 4, 1, 8, 5, 2], [0, 3, 6, 1, 4, 7, 2, 5, 8],
                [8, 5, 2, 7, 4, 1, 6, 3, 0],
            ]))
    func equalsNumpy(name: String, expected: [UInt8]) throws {
        let seen = try View.list(name)[0].symmetry.apply(to: Self.pixels(Array(0..<9)), side: 3)
        #expect(seen == Self.pixels(expected))
    }

    private static func pixels(_ numbers: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for number in numbers { result += [number, 100 + number, 200] }
        return result
    }

    @Test(arguments: symmetries, [1, 2, 33]) func aSymmetryIsUndoneExactly(name: String, side: Int) throws {
        let symmetry = try View.list(name)[0].symmetry
        #expect(symmetry.then(symmetry.inverse) == .identity)
        let canvas = (0..<side * side * 3).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        #expect(symmetry.inverse.apply(to: symmetry.apply(to: canvas, side: side), side: side) == canvas)
    }

    /// The self-check on the right inverse and on every wrong one.
    @Test(arguments: symmetries) func aWrongInverseIsCaught(name: String) throws {
        let side = 64
        let forward = try View.list(name)[0].symmetry
        let plain = Letterbox(imageWidth: side, imageHeight: side, side: side)
        for other in Self.symmetries {
            let placed = PlacedView(try View.list(other)[0], plain: plain)
            let misplaced = View.misplacedPixels(side: side) {
                forward.apply(to: $0, side: side)
            } addInverse: {
                placed.addInverse(of: $0, to: $1)
            }
            #expect((misplaced == 0) == (other == name), "\(name) undone as \(other): \(misplaced) pixels")
        }
        // Not undone at all.
        let untouched = View.misplacedPixels(side: side) {
            forward.apply(to: $0, side: side)
        } addInverse: { map, sum in
            for index in sum.indices { sum[index] += map[index] }
        }
        #expect(untouched > side * side / 2)
    }
}
