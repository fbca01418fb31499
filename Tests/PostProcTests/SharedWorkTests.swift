import Core
import Geometry
import Maps
import PostProc
import Testing

/// What a processor keeps from one call to the next changes nothing.
struct SharedWorkTests {
    /// Options that differ from the last in one or more parts, on one map or on another of the same size, against a
    /// processor that has seen nothing.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func sequencesOfOptionsAndMaps(seed: UInt64) throws {
        var random = RandomMaps(seed: seed)
        var generator = SeededGenerator(seed: seed)
        let processor = PostProcessor()
        var options = CandidateOptions(thresh: 0.3)
        for _ in 0..<12 {
            let drawn = random.map()
            let maps = [drawn.values, drawn.values.reversed()].map { values in
                ImageMap(
                    imageName: "a.jpg", imageWidth: drawn.width, imageHeight: drawn.height, inverse: .identity,
                    map: ProbabilityMap(width: drawn.width, height: drawn.height, values: values))
            }
            var map = maps[0]
            for _ in 0..<40 {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: map = maps[Int.random(in: 0...1, using: &generator)]
                case 1: options.usePolygon.toggle()
                case 2: options.minSize = Double(Int.random(in: 0...5, using: &generator))
                case 3: options.unclipRatio = Double.random(in: 0.5...2.5, using: &generator)
                default: options.thresh = Double(generator.nextUnitFloat())
                }
                let limit = Int.random(in: 0...30, using: &generator)
                let floor = [0, 0, 0.4, 0.8][Int.random(in: 0...3, using: &generator)]
                let shared = try processor.candidates(map, options: options, maxCandidates: limit, scoreFloor: floor)
                let alone = try PostProcessor().candidates(
                    map, options: options, maxCandidates: limit, scoreFloor: floor)
                #expect(shared == alone, "seed \(seed), \(options), \(drawn.width) x \(drawn.height)")
            }
        }
    }

    /// The same storage seen as another size is another map.
    @Test func oneStorageOfTwoShapes() throws {
        let values = (0..<6000).map { Float($0 % 37) / 37 }
        let processor = PostProcessor()
        for width in [60, 100, 60] {
            let map = ImageMap(
                imageName: "a.jpg", imageWidth: width, imageHeight: 6000 / width, inverse: .identity,
                map: ProbabilityMap(width: width, height: 6000 / width, values: values))
            let options = CandidateOptions(thresh: 0.5)
            #expect(
                try processor.candidates(map, options: options)
                    == PostProcessor().candidates(map, options: options))
        }
    }
}
