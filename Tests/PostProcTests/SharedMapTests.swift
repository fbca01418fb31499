import Core
import Dataset
import Geometry
import Imaging
import Maps
import PostProc
import TestSupport
import Testing

/// The five fold models' maps of 63 receipts at the two published settings: 34,516 polygons, to the last coordinate.
@Suite(.enabled(if: TestData.shared != nil))
struct SharedMapTests {
    @Test(arguments: 0..<5, ["quad", "poly"])
    func equalsTheFoldsGoldens(fold: Int, form: String) throws {
        let golden = try #require(
            try JSONValue(contentsOf: TestData.shared("goldens/folds/fold\(fold).\(form).json")).object)
        let settings = try #require(golden["settings"]?.object)
        var options = PostProcOptions()
        options.thresh = try #require(settings["thresh"]?.number)
        options.boxThresh = try #require(settings["box_thresh"]?.number)
        options.maxCandidates = try #require(settings["max_candidates"]?.int)
        options.usePolygon = form == "poly"
        let images = try #require(golden["images"]?.object)
        #expect(images.count == 63)

        let processor = PostProcessor()
        for (name, value) in zip(images.keys, images.values) {
            let expected = try #require(value.object?["words"]?.object)
            let words = try processor.detect(try Self.map(of: name, fold: fold), options: options)
            #expect(words.map(\.id) == expected.keys, "\(name)")
            for (word, golden) in zip(words, expected.values) {
                let points = try #require(golden.object?["points"])
                let score = try #require(golden.object?["score"]?.number)
                #expect(word.polygon == GoldenTests.polygon(points), "\(name) \(word.id)")
                #expect(abs((word.score ?? -1) - score) <= 1e-6, "\(name) \(word.id)")
            }
        }
    }

    private static func map(of name: String, fold: Int) throws -> ImageMap {
        let levels = try ImageFile.decode(path: TestData.shared("maps/fold\(fold)/\(name.dropLast(4)).png"))
        let size = try ImageFile.size(path: TestData.shared("receipts/images/\(name)"))
        let letterbox = Letterbox(imageWidth: size.width, imageHeight: size.height, side: levels.width)
        let values = stride(from: 0, to: levels.pixels.count, by: 3).map { Float(levels.pixels[$0]) / 255 }
        return ImageMap(
            imageName: name, imageWidth: size.width, imageHeight: size.height, inverse: letterbox.inverse,
            map: ProbabilityMap(width: levels.width, height: levels.height, values: values))
    }
}
