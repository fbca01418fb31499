import Augmentation
import Core
import Geometry
import Imaging
import Testing

/// Averages over views, with networks whose answer is known.
@Suite struct ViewAverageTests {
    static let size = 64

    /// A network that looks at each pixel alone: 1 where red is above ImageNet's mean, 0.25 elsewhere.
    static func pixelwise(
        _ input: UnsafeBufferPointer<Float>, _ batch: Int, _ side: Int, _ output: UnsafeMutableBufferPointer<Float>
    ) {
        for image in 0..<batch {
            for pixel in 0..<side * side {
                output[image * side * side + pixel] = input[image * 3 * side * side + pixel] > 0 ? 1 : 0.25
            }
        }
    }

    static func image(seed: UInt64, width: Int = 90, height: Int = 70) -> RGBImage {
        var generator = SeededGenerator(seed: seed)
        return RGBImage(
            width: width, height: height,
            pixels: (0..<width * height * 3).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    }

    static func run(
        _ views: String, _ images: [RGBImage], network: @escaping ViewAverage.Network = pixelwise
    ) throws -> (maps: [[Float]], report: ViewReport?) {
        let views = try View.list(views)
        let average = ViewAverage(views: views, size: size, network: network)
        var canvases = try images.map { try ViewCanvases($0, size: size, views: views) }
        return (try average.run(&canvases), average.report)
    }

    /// Flips and turns of a network that looks at each pixel alone change nothing, and that is told.
    @Test func flipsAndTurnsComeBackToTheirPlace() throws {
        let image = Self.image(seed: 1)
        let plain = try Self.run("", [image])
        #expect(plain.report == nil)
        let (maps, report) = try Self.run("hflip,vflip,rot90,rot180,rot270,hflip*rot90,hflip*rot270", [image])
        #expect(maps == plain.maps)
        let rows = try #require(report).rows
        #expect(rows.map(\.change) == [Double](repeating: 0, count: 7))
        #expect(rows.allSatisfy { $0.suspicion == "almost nothing" })
    }

    @Test func aMapThatDoesNotFollowTheImageChangesEverything() throws {
        let (maps, report) = try Self.run("hflip,vflip", [Self.image(seed: 2)]) { _, _, side, output in
            for pixel in output.indices { output[pixel] = pixel % side < side / 2 ? 1 : 0 }
        }
        let rows = try #require(report).rows
        #expect(rows.map(\.change) == [1, 0])
        #expect(rows.map(\.suspicion) == ["almost everything", "almost nothing"])
        #expect(maps[0][0] == Float(2) / 3 && maps[0][63] == Float(1) / 3)
    }

    @Test func aMapWithoutTextIsNotJudged() throws {
        let (_, report) = try Self.run("hflip", [Self.image(seed: 3)]) { _, _, _, output in
            output.update(repeating: 1e-5)
        }
        #expect(try !#require(report).hasText)
    }

    /// A network that answers otherwise the second time is caught.
    @Test func aPlainViewThatDiffersIsAnError() throws {
        var runs = 0
        let error = try #require(throws: AugmentationError.self) {
            try Self.run("hflip", [Self.image(seed: 4)]) { input, batch, side, output in
                Self.pixelwise(input, batch, side, output)
                runs += 1
                if runs > 2 { output[1000] = output[1000].nextUp }
            }
        }
        #expect(runs == 3)
        #expect(error.diagnosis.status == .failure)
        #expect(error.diagnosis.place == "pixel 1000")
    }

    /// A pass for the plain view and each other one; one more on the first run alone. Scales resize the image itself.
    @Test func passesAndSides() throws {
        let views = try View.list("hflip,scale:0.5,rot90*scale:1.5")
        var sides: [Int] = []
        let average = ViewAverage(views: views, size: Self.size) { input, batch, side, output in
            sides.append(side)
            #expect(input.count == batch * 3 * side * side && output.count == batch * side * side)
            Self.pixelwise(input, batch, side, output)
        }
        let image = Self.image(seed: 6)
        let canvases = try ViewCanvases(image, size: Self.size, views: views)
        var passesWithNext: [Int] = []
        func run() throws -> [[Float]] {
            var images = [canvases]
            let maps = try average.run(&images) { passesWithNext.append(sides.count) }
            #expect(images.isEmpty)
            return maps
        }
        let first = try run()
        #expect(sides == [64, 64, 32, 96, 64])
        #expect(try run() == first)
        #expect(sides == [64, 64, 32, 96, 64, 64, 64, 32, 96])
        // The next images are prepared beside the last pass, the first time after the check.
        #expect(passesWithNext == [5, 8])

        // The mean by hand: each view alone, brought back by itself.
        var sum = [Float](repeating: 0, count: Self.size * Self.size)
        let plain = Letterbox(imageWidth: image.width, imageHeight: image.height, side: Self.size)
        for view in [.plain] + views {
            let placed = PlacedView(view, plain: plain)
            let canvas = try view.symmetry.apply(to: letterbox(image, side: placed.side), side: placed.side)
            var input = [Float](repeating: 0, count: canvas.count)
            var map = [Float](repeating: 0, count: canvas.count / 3)
            input.withUnsafeMutableBufferPointer { normalise(canvas, into: $0) }
            input.withUnsafeBufferPointer { input in
                map.withUnsafeMutableBufferPointer { Self.pixelwise(input, 1, placed.side, $0) }
            }
            map.withUnsafeBufferPointer { map in
                sum.withUnsafeMutableBufferPointer { placed.addInverse(of: map, to: $0) }
            }
        }
        #expect(first[0] == sum.map { $0 / 4 })
    }

    @Test func aBatchGivesTheSameMaps() throws {
        let images = [Self.image(seed: 7), Self.image(seed: 8, width: 40, height: 100), Self.image(seed: 9)]
        let views = "vflip,scale:1.5"
        let together = try Self.run(views, images).maps
        #expect(try together == images.flatMap { try Self.run(views, [$0]).maps })
        #expect(together[0] != together[2])
    }

    @Test func noImagesGiveNoMaps() throws {
        #expect(try Self.run("hflip", []).maps.isEmpty)
    }
}
