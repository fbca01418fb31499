import Core
import Ensemble
import Foundation
import Geometry
import Maps
import Testing

@Suite("Maps combined otherwise than by mean")
struct MapCombinationTests {
    static func sources(_ lists: [[Float]]) -> [MemoryMaps] {
        lists.enumerated().map { MemoryMaps(label: "\($0)", maps: [MapMeanTests.map("a.jpg", $1)]) }
    }

    @Test(
        "geometric mean, max and median of known values",
        arguments: [
            (MapCombination.Rule.geometric, [0, 0.25, 0.5, 1] as [Float]), (.max, [0.5, 1, 0.5, 1]),
            (.median, [0.25, 0.53125, 0.5, 1]),
        ])
    func rules(_ rule: MapCombination.Rule, expected: [Float]) throws {
        let maps = Self.sources([[0, 0.0625, 0.5, 1], [0.5, 1, 0.5, 1]])
        let values = try MapCombination(of: maps, rule: rule).read("a.jpg").map.values
        for (value, target) in zip(values, expected) { #expect(abs(value - target) < 1e-6) }
    }

    @Test(
        "maps of any number and size: by each rule what sorting and logarithms pixel by pixel give", arguments: 1...14)
    func plainly(count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let lists = (0..<count).map { _ in
            (0..<2050).map { _ in
                Float.random(in: 0...1, using: &generator) * (Bool.random(using: &generator) ? 1 : 1e-40)
            }
        }
        let maps = Self.sources(lists)
        func read(_ rule: MapCombination.Rule) throws -> [Float] {
            try MapCombination(of: maps, rule: rule).read("a.jpg").map.values
        }
        let all = try MapCombination(of: maps, rule: .mean).readByAllRules("a.jpg").map(\.map.values)
        #expect(try all == MapCombination.Rule.allCases.map(read))
        let (mean, geometric, most, median) = (all[0], all[1], all[2], all[3])
        let wrong = (0..<2050).filter { pixel in
            let column = lists.map { $0[pixel] }.sorted()
            let sum = column.reduce(0) { $0 + Double($1) }
            let product = exp(column.reduce(0) { $0 + log(Double($1)) } / Double(count))
            return abs(Double(mean[pixel]) - sum / Double(count)) > 1e-7
                || abs(Double(geometric[pixel]) - product) > 1e-6 * product + 1e-44 || most[pixel] != column[count - 1]
                || median[pixel] != (column[(count - 1) / 2] + column[count / 2]) / 2
        }
        #expect(wrong == [])
    }

    @Test("weights act on the geometric mean, and a weight of 0 takes a source out")
    func weights() throws {
        let maps = Self.sources([[0.5, 0.5, 0.5, 0.5], [0.0625, 0.0625, 0.0625, 0.0625], [1, 1, 1, 1]])
        let mean = try MapCombination(of: maps, rule: .geometric, weights: [2, 1, 0]).read("a.jpg").map.values
        #expect(mean.allSatisfy { abs($0 - 0.25) < 1e-6 })
        let most = try MapCombination(of: maps, rule: .max, weights: [2, 1, 0]).read("a.jpg").map.values
        #expect(most == [0.5, 0.5, 0.5, 0.5])
    }

    @Test("a map of the same size stays bit for bit; a ramp of half the size is read bilinearly")
    func resampling() throws {
        let ramp = { (width: Int, scale: Double) in
            MapMeanTests.map(
                inverse: MapToImageTransform(scaleX: scale, offsetX: 0, scaleY: scale, offsetY: 0), width: width,
                (0..<width * width).map { Float((Double($0 % width) + 0.5) * scale / 16) })
        }
        let (large, small) = (ramp(8, 2), ramp(4, 4))
        let maps = [MemoryMaps(label: "large", maps: [large]), MemoryMaps(label: "small", maps: [small])]
        #expect(try MapCombination(of: maps, rule: .mean, weights: [1, 0]).read("a.jpg") == large)
        let resampled = try MapCombination(of: maps, rule: .mean, weights: [0, 1]).read("a.jpg")
        #expect(resampled.inverse == large.inverse)
        for (index, value) in resampled.map.values.enumerated() where (1...6).contains(index % 8) {
            #expect(abs(value - large.map.values[index]) < 1e-6)
        }
    }
}
