import Foundation
import Core
import Dataset
import Geometry
import Maps
import PostProc
import Stacking
import Testing

/// What becomes a candidate, and what its features say.
@Suite struct CandidatePoolTests {
    static var options: CandidatePool.Options {
        var options = PostProcOptions()
        options.thresh = 0.2
        options.boxThresh = 0.1
        return CandidatePool.Options(postprocess: options)
    }

    /// One word that both sources see, one that only the second does: features against sums over the very pixels.
    @Test func featuresAreThoseOfTheMapsInside() async throws {
        let first = MadeMaps("a", [MadeMaps.map("x.jpg", [(20, 20, 40, 12, 0.8)])])
        let second = MadeMaps(
            "b", [MadeMaps.map("x.jpg", [(20, 20, 40, 12, 0.6), (40, 24, 10, 4, 0.9), (100, 70, 30, 10, 0.5)])])
        let pool = try await CandidatePool(of: [first, second], names: ["x.jpg"], options: Self.options, width: 1)
        let image = try #require(pool.images.first)
        #expect(image.words.count == 2)
        func value(_ name: String, _ row: Int) throws -> Double {
            image.features[row, try #require(pool.featureNames.firstIndex(of: name), "\(name)")]
        }
        let both = try #require(image.words.firstIndex { ($0.polygon.boundingBox?.minX ?? 200) < 60 })
        #expect(try value("votes", both) == 2 && value("votes", 1 - both) == 1)
        #expect(image.words[both].extras["votes"]?.int == 2)
        for (row, word) in image.words.enumerated() {
            // Quads of upright rectangles are upright: the pixels inside are those from corner to corner.
            let box = try #require(word.polygon.boundingBox)
            for (number, source) in [first, second].enumerated() {
                let map = try source.read("x.jpg").map
                var inside: [Double] = []
                for y in Int(box.minY)...Int(box.maxY) {
                    for x in Int(box.minX)...Int(box.maxX) { inside.append(Double(map.values[160 * y + x])) }
                }
                let mean = inside.reduce(0, +) / Double(inside.count)
                let variance = inside.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(inside.count)
                #expect(abs(try value("map\(number + 1)_mean", row) - mean) < 1e-9)
                #expect(abs(try value("map\(number + 1)_spread", row) - variance.squareRoot()) < 1e-7)
            }
            let (width, height) = (box.maxX - box.minX, box.maxY - box.minY)
            #expect(abs(exp(try value("area", row)) - width * height / (160 * 120)) < 1e-9)
            #expect(abs(exp(try value("aspect", row)) - width / height) < 1e-9)
            #expect(abs(exp(try value("density", row)) - 2 * (width + height) / (width * height).squareRoot()) < 1e-9)
            for name in ["neighbours", "overlap", "covered", "covers"] { #expect(try value(name, row) == 0) }
        }
        // A source without a vote counts 0 in the score.
        #expect(try abs(value("score", 1 - both) - value("best_score", 1 - both) / 2) < 1e-12)
        #expect(try value("best_score", both) >= value("score", both))
    }

    /// A word found whole by one source and in two parts by the other.
    @Test func partsAndWholesAreNeighbours() async throws {
        let whole = MadeMaps("a", [MadeMaps.map("x.jpg", [(20, 20, 80, 14, 0.8)])])
        let parts = MadeMaps("b", [MadeMaps.map("x.jpg", [(20, 20, 26, 14, 0.7), (70, 20, 30, 14, 0.7)])])
        let pool = try await CandidatePool(of: [whole, parts], names: ["x.jpg"], options: Self.options, width: 1)
        let image = try #require(pool.images.first)
        try #require(image.words.count == 3)
        func column(_ name: String) throws -> [Double] {
            let place = try #require(pool.featureNames.firstIndex(of: name))
            return (0..<3).map { image.features[$0, place] }
        }
        let largest = try #require((0..<3).max { image.words[$0].polygon.area < image.words[$1].polygon.area })
        let (covered, covers, overlap) = (try column("covered"), try column("covers"), try column("overlap"))
        for row in 0..<3 {
            let other = row == largest ? (0..<3).filter { $0 != row } : [largest]
            let iou = other.map { image.words[row].polygon.iou(with: image.words[$0].polygon) }.max() ?? 0
            #expect(iou > 0 && abs(overlap[row] - iou) < 1e-12)
            #expect(row == largest ? covers[row] > covered[row] : covered[row] > covers[row])
        }
        #expect(try column("neighbours").allSatisfy { $0 > 0 })
    }

    @Test func aStoreWithoutOneOfTheImagesIsNamed() async throws {
        let first = MadeMaps("a", ["x.jpg", "y.jpg"].map { MadeMaps.map($0, []) })
        let second = MadeMaps("b", [MadeMaps.map("x.jpg", [])])
        let error = await #expect(throws: StackError.self) {
            try await CandidatePool(
                of: [first, second], names: ["x.jpg", "y.jpg"], options: Self.options, width: 1)
        }
        #expect(error?.diagnosis.path == "b" && error?.diagnosis.place == "y.jpg")
    }
}
