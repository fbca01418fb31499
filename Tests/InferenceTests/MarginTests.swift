import Inference
import Testing

/// Letterboxed images: the maps of their margins are an empty canvas's, computed once.
@Suite(.enabled(if: Engine.instructionSet.hasPrefix("avx512")))
struct MarginTests {
    static let precisions = WinogradTests.precisions
    static let padding: [Float] = [-1.5, -1.25, -0.75]

    /// Where an image lies on its canvas.
    struct Place: CustomTestStringConvertible, Sendable {
        var rows: Range<Int>
        var columns: Range<Int>
        var testDescription: String { "rows \(rows), columns \(columns)" }
    }

    static let (height, width) = (192, 224)
    static let shape = TensorShape(1, 3, height, width)
    static let places = [
        Place(rows: 0..<192, columns: 85..<131), Place(rows: 0..<192, columns: 0..<75),
        Place(rows: 0..<192, columns: 179..<224), Place(rows: 77..<108, columns: 0..<224),
        Place(rows: 0..<50, columns: 0..<224), Place(rows: 60..<61, columns: 13..<14),
        Place(rows: 100..<170, columns: 100..<120), Place(rows: 20..<90, columns: 130..<210),
        Place(rows: 0..<192, columns: 0..<224),
        Place(rows: 0..<0, columns: 0..<0),
    ]

    /// Random numbers at `place` in padding, one image.
    static func letterboxed(_ sketch: inout NetworkSketch, _ place: Place, _ shape: TensorShape = shape) -> [Float] {
        let image = sketch.numbers(shape.count, scale: 2)
        return image.indices.map { index in
            let (row, x) = index.quotientAndRemainder(dividingBy: shape.width)
            let (channel, y) = row.quotientAndRemainder(dividingBy: shape.height)
            return place.rows.contains(y) && place.columns.contains(x) ? image[index] : padding[channel]
        }
    }

    /// A stem, residual blocks and a decoder like the detectors'; `channels` of the blocks.
    static func network(channels: Int, kernel: Int) -> NetworkSketch {
        var sketch = NetworkSketch(seed: UInt64(channels))
        var x = sketch.activation(sketch.convolution(sketch.graph.input, to: 32, kernel: 7, stride: 2), .relu)
        x = sketch.maxPool(x, kernel: 3, stride: 2, padding: 1)
        var maps: [Graph.Value] = []
        for (stage, stride) in [1, 2].enumerated() {
            for block in 0..<2 {
                let step = block == 0 ? stride : 1
                var y = sketch.activation(sketch.convolution(x, to: channels, kernel: 1), .relu)
                y = sketch.activation(sketch.convolution(y, to: channels, kernel: kernel, stride: step), .relu)
                y = sketch.convolution(y, to: 64 << stage, kernel: 1)
                let shortcut = block == 0 ? sketch.convolution(x, to: 64 << stage, kernel: 1, stride: step) : x
                x = sketch.activation(sketch.sum(y, shortcut), .relu)
            }
            maps.append(x)
        }
        let deep = sketch.convolution(maps[1], to: 32, kernel: 1)
        let both = sketch.sum(sketch.convolution(maps[0], to: 32, kernel: 1), sketch.upsample(deep, by: 2))
        let smooth = sketch.activation(
            sketch.convolution(sketch.concatenation([both, sketch.upsample(deep, by: 2)]), to: 16, kernel: kernel),
            .relu)
        _ = sketch.activation(sketch.transposed(sketch.transposed(smooth, to: 16), to: 1), .sigmoid)
        return sketch
    }

    /// Makes engines for a network.
    struct Maker {
        var sketch: NetworkSketch
        var precision: EngineOptions.Precision
        var calibration: Calibration?

        /// - Parameter image: what int8 is calibrated by.
        init(
            _ sketch: NetworkSketch, _ precision: EngineOptions.Precision, _ image: [Float],
            _ shape: TensorShape = MarginTests.shape
        ) throws {
            (self.sketch, self.precision) = (sketch, precision)
            if precision == .int8 { calibration = try sketch.calibration(image, shape) }
        }

        func engine(padding: [Float], threads: Int = 2, streams: Int = 1) throws -> Engine {
            try Engine(
                graph: sketch.graph, weights: sketch.weights,
                options: EngineOptions(
                    precision: precision, threads: threads, streams: streams, calibration: calibration,
                    padding: padding))
        }
    }

    /// Kernels that round each pixel alone give the same bits as over the whole canvas, whichever image is the first.
    /// All of bytes do but Winograd's, which is not for few channels; of the others those for 1x1 kernels and the image.
    @Test(arguments: precisions, [(1, 48), (3, 16), (5, 48)])
    func directKernelsAreExact(_ precision: EngineOptions.Precision, _ network: (kernel: Int, channels: Int)) throws {
        guard network.kernel == 1 || precision == .int8 else { return }
        var sketch = Self.network(channels: network.channels, kernel: network.kernel)
        #expect(try Self.work(&sketch, precision, Self.places[0]) < 0.9)
        let images = Self.places.map { Self.letterboxed(&sketch, $0) }
        let maker = try Maker(sketch, precision, images[8])
        let whole = try maker.engine(padding: [])
        let partial = try maker.engine(padding: Self.padding)
        for (place, image) in zip(Self.places, images) {
            let expected = try whole.run(image, shape: Self.shape)
            #expect(try partial.run(image, shape: Self.shape) == expected, "\(place)")
            let first = try maker.engine(padding: Self.padding)
            #expect(try first.run(image, shape: Self.shape) == expected, "\(place), the first")
        }
        let batch = TensorShape(images.count, 3, Self.height, Self.width)
        let together = try partial.run(Array(images.joined()), shape: batch)
        #expect(try whole.run(Array(images.joined()), shape: batch) == together)
    }

    /// Tiles that are rounded together lie otherwise on an image with margins: as far from Float32 as over the
    /// whole canvas, and the same bits whatever came before, on any number of threads and streams.
    @Test(arguments: precisions) func winograd(_ precision: EngineOptions.Precision) async throws {
        var sketch = Self.network(channels: 64, kernel: 3)
        let images = Self.places.map { Self.letterboxed(&sketch, $0) }
        let maker = try Maker(sketch, precision, images[8])
        let whole = try maker.engine(padding: [])
        let partial = try maker.engine(padding: Self.padding)
        var all: [[Float]] = []
        for (place, image) in zip(Self.places, images) {
            let found = try partial.run(image, shape: Self.shape)
            all.append(found)
            let over = try whole.run(image, shape: Self.shape)
            let expected = try sketch.run(image, Self.shape, .blas)
            func distance(_ result: [Float]) -> Float {
                zip(result, expected).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(result.count)
            }
            #expect(distance(found) < 1.05 * distance(over) + 1e-5, "\(place)")
            let largest = zip(found, over).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(largest < WinogradTests.tolerance(precision), "\(place)")
        }
        for (threads, streams) in [(1, 1), (3, 1), (2, 2), (4, 2)] {
            let other = try maker.engine(padding: Self.padding, threads: threads, streams: streams)
            let results = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
                for index in images.indices.reversed() {
                    let image = images[index]
                    group.addTask { (index, try other.run(image, shape: Self.shape)) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for (index, expected) in all.enumerated() {
                #expect(results[index] == expected, "\(threads) threads, \(streams) streams, \(Self.places[index])")
            }
        }
    }

    /// What a profile tells of the steps for the image at `place`, on a canvas that is computed whole and in part.
    private static func steps(
        _ sketch: inout NetworkSketch, _ precision: EngineOptions.Precision, _ place: Place,
        _ shape: TensorShape = shape
    ) throws -> (whole: [StepTiming], partial: [StepTiming]) {
        let image = letterboxed(&sketch, place, shape)
        let maker = try Maker(sketch, precision, image, shape)
        func profile(_ padding: [Float]) throws -> [StepTiming] {
            let engine = try maker.engine(padding: padding)
            var output = [Float](repeating: 0, count: try engine.outputShape(for: shape).count)
            return try image.withUnsafeBufferPointer { input in
                try output.withUnsafeMutableBufferPointer {
                    try engine.profile(input: input, shape: shape, output: $0)
                }
            }
        }
        return try (profile([]), profile(padding))
    }

    /// The share of the whole canvas's work that a profile tells for the image at `place`.
    private static func work(
        _ sketch: inout NetworkSketch, _ precision: EngineOptions.Precision, _ place: Place,
        _ shape: TensorShape = shape
    ) throws -> Double {
        let steps = try steps(&sketch, precision, place, shape)
        func work(_ steps: [StepTiming]) -> Double { steps.reduce(0) { $0 + $1.gigaFLOP } }
        return work(steps.partial) / work(steps.whole)
    }

    /// What is everywhere is added to a convolution of what is not, which is computed in part.
    @Test(arguments: precisions) func sumsOfTaps(_ precision: EngineOptions.Precision) throws {
        var sketch = NetworkSketch(seed: 9)
        var x = sketch.activation(sketch.convolution(sketch.graph.input, to: 64, kernel: 3, stride: 2), .relu)
        for _ in 0..<4 { x = sketch.activation(sketch.convolution(x, to: 64, kernel: 1), .relu) }
        let small = sketch.activation(sketch.convolution(x, to: 64, kernel: 3, stride: 2), .relu)
        let gated = sketch.convolution(sketch.squeezeExcite(small, reduced: 8), to: 128, kernel: 1)
        let raised = sketch.upsample(sketch.activation(gated, .relu), by: 2)
        let sum = sketch.sum(sketch.convolution(x, to: 128, kernel: 1, bias: false), raised)
        _ = sketch.activation(sketch.convolution(sketch.convolution(sum, to: 32, kernel: 3), to: 16, kernel: 1), .relu)
        for place in Self.places {
            let (whole, partial) = try Self.steps(&sketch, precision, place)
            let index = try #require(partial.firstIndex { $0.kind.hasSuffix("sum of taps") }) - 1
            #expect(partial[index].kind == "conv 3x3")
            let isWhole = place.rows.count == Self.height && place.columns.count == Self.width
            let share = partial[index].gigaFLOP / whole[index].gigaFLOP
            #expect(isWhole ? share == 1 : share < 0.7, "\(place): \(share)")
            let image = Self.letterboxed(&sketch, place)
            let maker = try Maker(sketch, precision, image)
            let over = try maker.engine(padding: []).run(image, shape: Self.shape)
            let found = try maker.engine(padding: Self.padding).run(image, shape: Self.shape)
            let scale = over.reduce(1) { max($0, abs($1)) }
            let largest = zip(found, over).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(largest < WinogradTests.tolerance(precision) * scale, "\(place)")
        }
    }

    /// There is less to do where there are margins, and all of it where there are none.
    @Test(arguments: precisions, [(3, 16), (5, 48), (3, 64)])
    func work(_ precision: EngineOptions.Precision, _ network: (kernel: Int, channels: Int)) throws {
        // Other kernels than 1x1 and 3x3 are oneDNN's, over whole maps.
        guard network.kernel == 3 || precision == .int8 else { return }
        var sketch = Self.network(channels: network.channels, kernel: network.kernel)
        for place in Self.places {
            let share = try Self.work(&sketch, precision, place)
            let isWhole = place.rows.count == Self.height && place.columns.count == Self.width
            #expect(isWhole ? share == 1 : share < 0.9, "\(place): \(share)")
        }
    }

    /// Concatenations of what is copied, of what is computed in place and of both, in any order; sizes and paddings that
    /// are not even.
    @Test(
        arguments: precisions,
        [[24, 20], [20, 24], [32, 20], [20, 32], [32, 32], [24, 24, 16], [12, 20], [8, 8]])
    func concatenations(_ precision: EngineOptions.Precision, _ channels: [Int]) throws {
        let shape = TensorShape(1, 3, 187, 211)
        for isReversed in [false, true] {
            var sketch = NetworkSketch(seed: 8)
            var x = sketch.activation(
                sketch.convolution(sketch.graph.input, to: 16, kernel: 5, stride: 2, padding: .same), .relu)
            for _ in 0..<4 { x = sketch.activation(sketch.convolution(x, to: 32, kernel: 1), .relu) }
            var parts = channels.enumerated().map { index, channels in
                sketch.activation(sketch.convolution(x, to: channels, kernel: 1 + 4 * (index % 2)), .relu)
            }
            if isReversed { parts.reverse() }
            // One that is there twice cannot stand in two places.
            if channels.count == 3 { parts[2] = parts[0] }
            let y = sketch.convolution(sketch.concatenation(parts), to: 16, kernel: precision == .int8 ? 3 : 1)
            let z = sketch.activation(sketch.convolution(sketch.activation(y, .relu), to: 16, kernel: 5), .relu)
            _ = sketch.convolution(z, to: 4, kernel: precision == .int8 ? 3 : 5, stride: 2, padding: .same)
            for place in [
                Place(rows: 0..<187, columns: 85..<131), Place(rows: 71..<100, columns: 0..<211),
                Place(rows: 0..<187, columns: 0..<33),
            ] {
                let image = Self.letterboxed(&sketch, place, shape)
                let maker = try Maker(sketch, precision, image, shape)
                let expected = try maker.engine(padding: []).run(image, shape: shape)
                let found = try maker.engine(padding: Self.padding).run(image, shape: shape)
                #expect(found == expected, "\(place), reversed: \(isReversed)")
                let share = try Self.work(&sketch, precision, place, shape)
                #expect(share < (precision == .int8 ? 0.9 : 1), "\(place)")
            }
        }
    }

    /// What is around an image is no padding where its colour is another's.
    @Test(arguments: precisions) func otherColours(_ precision: EngineOptions.Precision) throws {
        var sketch = Self.network(channels: 64, kernel: 3)
        let image = Self.letterboxed(&sketch, Self.places[0])
        let maker = try Maker(sketch, precision, image)
        let expected = try maker.engine(padding: []).run(image, shape: Self.shape)
        for padding in [[-1.5, -1.25, -0.7], [.nan, .nan, .nan], [-1.5]] as [[Float]] {
            #expect(try maker.engine(padding: padding).run(image, shape: Self.shape) == expected)
        }
    }

    /// Where every pixel counts everywhere, nothing can be left out.
    @Test(arguments: precisions) func gates(_ precision: EngineOptions.Precision) throws {
        var sketch = Self.network(channels: 16, kernel: 3)
        var gated = NetworkSketch(seed: 2)
        let x = gated.activation(gated.convolution(gated.graph.input, to: 32, kernel: 3, stride: 2), .silu)
        let y = gated.convolution(gated.squeezeExcite(x, reduced: 8), to: 32, kernel: 1)
        _ = gated.convolution(gated.activation(y, .relu), to: 16, kernel: 3)
        let image = Self.letterboxed(&sketch, Self.places[0])
        let maker = try Maker(gated, precision, image)
        let expected = try maker.engine(padding: []).run(image, shape: Self.shape)
        for _ in 0..<2 {
            let engine = try maker.engine(padding: Self.padding)
            #expect(try engine.run(image, shape: Self.shape) == expected)
            #expect(try engine.run(image, shape: Self.shape) == expected)
        }
    }
}
