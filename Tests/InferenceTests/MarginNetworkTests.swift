import Core
import Inference
import Testing

/// Letterboxed images through networks that no detector has: the same as over the whole canvas, but for rounding.
@Suite(.enabled(if: Engine.instructionSet.hasPrefix("avx512")))
struct MarginNetworkTests {
    static let precisions = WinogradTests.precisions

    /// Where the rounding of a network with many layers ends.
    private static func tolerance(_ precision: EngineOptions.Precision) -> Float {
        switch precision {
        case .fp32: 2e-5
        case .bf16: 0.06
        case .int8: 0.12
        }
    }

    /// Compares the maps of letterboxed images with those of engines that compute whole canvases; asks for the same bits
    /// after another image, and on another number of threads.
    ///
    /// - Returns: whether the maps differ: where they never do, nothing was computed in part.
    @discardableResult
    private static func check(
        _ sketch: inout NetworkSketch, _ precision: EngineOptions.Precision, _ shape: TensorShape,
        _ places: [MarginTests.Place]
    ) throws -> Bool {
        let full = sketch.numbers(shape.count, scale: 2)
        let maker = try MarginTests.Maker(sketch, precision, full, shape)
        let (whole, partial) = (try maker.engine(padding: []), try maker.engine(padding: MarginTests.padding))
        let threads = try maker.engine(padding: MarginTests.padding, threads: 3)
        _ = try threads.run(full, shape: shape)
        var differ = false
        for place in places {
            let image = MarginTests.letterboxed(&sketch, place, shape)
            let expected = try whole.run(image, shape: shape)
            let found = try partial.run(image, shape: shape)
            let scale = expected.reduce(0.1) { max($0, abs($1)) }
            let largest = zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
            #expect(largest < tolerance(precision), "\(place)")
            differ = differ || largest > 0
            _ = try partial.run(full, shape: shape)
            let (again, other) = (try partial.run(image, shape: shape), try threads.run(image, shape: shape))
            #expect(again.elementsEqual(found), "\(place), after another image")
            #expect(other.elementsEqual(found), "\(place), by three threads")
        }
        return differ
    }

    /// A map and its size.
    private struct Map {
        var value: Graph.Value
        var height: Int
        var width: Int

        /// - Parameters:
        ///   - kernel: of a window that goes over it.
        ///   - padding: zeros on each side.
        func resized(_ value: Graph.Value, _ kernel: Int, _ stride: Int, _ padding: Int) -> Map {
            func size(_ size: Int) -> Int { (size + 2 * padding - kernel) / stride + 1 }
            return Map(value: value, height: size(height), width: size(width))
        }
    }

    /// Six to fifteen layers of any kind, in any order.
    private static func network(_ sketch: inout NetworkSketch, height: Int, width: Int) {
        var x = Map(value: sketch.graph.input, height: height, width: width)
        let (kernel, stride) = (sketch.pick([1, 3, 5, 7]), sketch.pick([1, 2]))
        let stem = sketch.convolution(x.value, to: sketch.pick([16, 20, 32, 48]), kernel: kernel, stride: stride)
        x = x.resized(sketch.activation(stem, .relu), kernel, stride, kernel / 2)
        var all = [x]
        for _ in 0..<sketch.pick(Array(6...15)) {
            let isSmall = min(x.height, x.width) < 8, isLarge = max(x.height, x.width) > 120
            let others = all.filter { ($0.height, $0.width) == (x.height, x.width) && $0.value.index != x.value.index }
            switch sketch.pick([0, 0, 0, 0, 1, 1, 2, 3, 4, 4, 4, 5, 6]) {
            case 0:
                x.value = sketch.convolution(x.value, to: sketch.pick([16, 32, 40, 64]), kernel: 1)
                if sketch.pick([true, true, false]) {
                    x.value = sketch.activation(x.value, sketch.pick([.relu, .silu]))
                }
            case 1 where !isSmall:
                let (kernel, stride) = (sketch.pick([3, 3, 3, 5]), sketch.pick([1, 1, 1, 2]))
                let padding = sketch.pick([kernel / 2, kernel / 2, 0])
                let y = sketch.convolution(
                    x.value, to: sketch.pick([16, 32, 64]), kernel: kernel, stride: stride,
                    padding: .symmetric(padding))
                x = x.resized(sketch.activation(y, .relu), kernel, stride, padding)
            case 2 where !isSmall:
                x = x.resized(sketch.maxPool(x.value, kernel: 3, stride: 2, padding: 1), 3, 2, 1)
            case 3 where !isLarge:
                x = Map(value: sketch.upsample(x.value, by: 2), height: x.height * 2, width: x.width * 2)
                if sketch.pick([true, false]) {
                    x.value = sketch.activation(sketch.convolution(x.value, to: 32, kernel: 3), .relu)
                }
            case 4 where !others.isEmpty:
                let other = sketch.pick(others).value
                let y = sketch.convolution(x.value, to: sketch.channels(other), kernel: sketch.pick([1, 3]))
                x.value = sketch.sum(y, other)
                if sketch.pick([true, false]) { x.value = sketch.activation(x.value, .relu) }
            case 5 where !others.isEmpty:
                let other = sketch.pick(others).value
                let both = sketch.concatenation(sketch.pick([[x.value, other], [other, x.value]]))
                x.value = sketch.activation(sketch.convolution(both, to: 32, kernel: sketch.pick([1, 3])), .relu)
            case 6 where !isLarge:
                let y = sketch.transposed(x.value, to: sketch.pick([4, 12, 16, 20]))
                x = Map(value: sketch.activation(y, .relu), height: x.height * 2, width: x.width * 2)
            default: continue
            }
            all.append(x)
        }
        _ = sketch.convolution(x.value, to: 4, kernel: 1)
    }

    @Test(arguments: precisions) func randomNetworks(_ precision: EngineOptions.Precision) throws {
        var partial = 0
        let count = 60
        for seed in 0..<count {
            var sketch = NetworkSketch(seed: 1000 + UInt64(seed))
            let (height, width) = (sketch.pick(Array(64..<184)), sketch.pick(Array(64..<224)))
            Self.network(&sketch, height: height, width: width)
            let places = (0..<3).map { _ in
                func lines(_ count: Int, _ most: Int) -> Range<Int> {
                    let first = sketch.pick(Array(0..<count))
                    return first..<min(count, first + sketch.pick(Array(1...most)))
                }
                return sketch.pick([
                    MarginTests.Place(rows: 0..<height, columns: lines(width, width / 3)),
                    MarginTests.Place(rows: lines(height, height / 3), columns: 0..<width),
                    MarginTests.Place(rows: lines(height, height / 2), columns: lines(width, width / 2)),
                ])
            }
            let shape = TensorShape(1, 3, height, width)
            partial += try Self.check(&sketch, precision, shape, places) ? 1 : 0
        }
        #expect(partial > count / 4)
    }

    /// Neighbouring pixels of a transposed convolution come from other weights each.
    @Test(arguments: precisions) func transposedBetween(_ precision: EngineOptions.Precision) throws {
        var sketch = NetworkSketch(seed: 4)
        var x = sketch.activation(sketch.convolution(sketch.graph.input, to: 16, kernel: 5, stride: 2), .relu)
        for _ in 0..<4 { x = sketch.activation(sketch.convolution(x, to: 32, kernel: 1), .relu) }
        x = sketch.activation(sketch.transposed(x, to: 32), .relu)
        for _ in 0..<3 { x = sketch.activation(sketch.convolution(x, to: 32, kernel: 1), .relu) }
        try Self.check(&sketch, precision, MarginTests.shape, MarginTests.places)
    }

    /// A summand that is read again is copied to where the sum will stand, which images reach further than the summand.
    @Test(arguments: precisions, [8, 24, 26])
    func summandIsReadLater(_ precision: EngineOptions.Precision, _ convolutions: Int) throws {
        var sketch = NetworkSketch(seed: 5)
        let shortcut = sketch.activation(sketch.convolution(sketch.graph.input, to: 32, kernel: 3, stride: 2), .relu)
        var x = shortcut
        for _ in 0..<convolutions { x = sketch.activation(sketch.convolution(x, to: 32, kernel: 3), .relu) }
        x = sketch.activation(sketch.sum(sketch.convolution(x, to: 32, kernel: 3), shortcut), .relu)
        x = sketch.sum(sketch.convolution(x, to: 32, kernel: 1), shortcut)
        _ = sketch.convolution(x, to: 16, kernel: 1)
        try Self.check(&sketch, precision, MarginTests.shape, MarginTests.places)
    }

    /// Of an even map and stride 2 without padding nobody reads the last row and column.
    @Test(arguments: precisions) func validPadding(_ precision: EngineOptions.Precision) throws {
        var sketch = NetworkSketch(seed: 10)
        var x = sketch.activation(sketch.convolution(sketch.graph.input, to: 32, kernel: 3, stride: 2), .relu)
        for _ in 0..<4 { x = sketch.activation(sketch.convolution(x, to: 128, kernel: 1), .relu) }
        let y = sketch.convolution(x, to: 128, kernel: 3, stride: 2, padding: .symmetric(0))
        x = sketch.activation(y, .relu)
        for _ in 0..<2 { x = sketch.activation(sketch.convolution(x, to: 64, kernel: 1), .relu) }
        let places = [100, 172, 174, 176, 178, 180].map { MarginTests.Place(rows: 0..<$0, columns: 85..<131) }
        try Self.check(&sketch, precision, MarginTests.shape, places)
    }
}
