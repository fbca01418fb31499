import Inference
import Testing

/// Whole small networks against the plain loops: what fusion, placement in memory and reuse of it can break.
struct NetworkAgreementTests {
    /// A random network of blocks in the manner of the detectors.
    static func network(seed: UInt64) -> NetworkSketch {
        var sketch = NetworkSketch(seed: seed)
        let activation = sketch.pick([Activation.relu, .silu])
        let same = sketch.pick([true, false])
        var x = sketch.convolution(
            sketch.graph.input, to: sketch.pick([16, 24, 64]), kernel: 3, stride: 2, padding: same ? .same : nil,
            bias: false)
        x = sketch.activation(sketch.batchNorm(x), activation)
        var levels = [x]
        for _ in 0..<3 {
            x = block(&sketch, x, activation, same: same)
            levels.append(x)
        }
        let inner = sketch.pick([16, 24, 64])
        let lateral = levels.map { sketch.convolution($0, to: inner, kernel: 1, bias: false) }
        var topDown = [lateral[3]]
        for level in [2, 1, 0] {
            topDown.append(sketch.sum(sketch.upsample(topDown[topDown.count - 1], by: 2), lateral[level]))
        }
        let out = sketch.pick([16, 10, 32])
        let maps = zip(topDown, [8, 4, 2, 1]).map { map, factor in
            let smooth = sketch.convolution(map, to: out, kernel: 3, bias: false)
            return factor == 1 ? smooth : sketch.upsample(smooth, by: factor)
        }
        x = sketch.concatenation(maps)
        x = sketch.activation(sketch.batchNorm(sketch.convolution(x, to: 24, kernel: 3)), .relu)
        x = sketch.activation(sketch.batchNorm(sketch.transposed(x, to: 24)), .relu)
        _ = sketch.activation(sketch.transposed(x, to: 1), .sigmoid)
        return sketch
    }

    private static func block(
        _ sketch: inout NetworkSketch, _ x: Graph.Value, _ activation: Activation, same: Bool
    ) -> Graph.Value {
        let (inputs, outputs) = (sketch.channels(x), sketch.pick([24, 32, 40]))
        let padding: (Int) -> Convolution.Padding = { same ? .same : .symmetric($0 / 2) }
        func bottleneck(_ sketch: inout NetworkSketch) -> Graph.Value {
            var y = sketch.activation(
                sketch.batchNorm(sketch.convolution(x, to: 16, kernel: 1, bias: false)), activation)
            y = sketch.activation(
                sketch.batchNorm(sketch.convolution(y, to: 16, kernel: 3, stride: 2, padding: padding(3), bias: false)),
                activation)
            y = sketch.batchNorm(sketch.convolution(y, to: outputs, kernel: 1, bias: false))
            let shortcut = sketch.batchNorm(sketch.convolution(x, to: outputs, kernel: 1, stride: 2, bias: false))
            let summands = sketch.pick([true, false]) ? (y, shortcut) : (shortcut, y)
            return sketch.activation(sketch.sum(summands.0, summands.1), activation)
        }
        func inverted(_ sketch: inout NetworkSketch) -> Graph.Value {
            let kernel = sketch.pick([3, 5])
            var y = sketch.convolution(x, to: inputs * 3, kernel: 1, bias: false)
            y = sketch.activation(sketch.batchNorm(y), activation)
            y = sketch.convolution(
                y, to: inputs * 3, kernel: kernel, stride: 2, padding: padding(kernel), groups: inputs * 3, bias: false)
            y = sketch.squeezeExcite(sketch.activation(sketch.batchNorm(y), activation), reduced: 6)
            y = sketch.batchNorm(sketch.convolution(y, to: outputs, kernel: 1, bias: false))
            // A second block at the same size, with a residual.
            let first = y
            y = sketch.activation(
                sketch.batchNorm(sketch.convolution(y, to: outputs * 2, kernel: 1, bias: false)), activation)
            y = sketch.convolution(y, to: outputs * 2, kernel: 3, groups: outputs * 2, bias: false)
            y = sketch.squeezeExcite(sketch.activation(sketch.batchNorm(y), activation), reduced: 4)
            return sketch.sum(sketch.batchNorm(sketch.convolution(y, to: outputs, kernel: 1, bias: false)), first)
        }
        return sketch.pick([true, false]) ? bottleneck(&sketch) : inverted(&sketch)
    }

    @Test(arguments: LayerAgreementTests.backends, 1...12)
    func detector(_ backend: EngineOptions.Backend, _ seed: Int) throws {
        var sketch = Self.network(seed: UInt64(seed))
        #expect(try sketch.difference(backend, height: 32, width: 48) < 5e-5)
    }

    /// Every way in which a value is read again after something could have been written over it.
    @Test(arguments: LayerAgreementTests.backends)
    func valuesReadAgain(_ backend: EngineOptions.Backend) throws {
        typealias Build = (inout NetworkSketch, Graph.Value) -> Graph.Value
        let networks: [(String, Build)] = [
            (
                "the residual is read later",
                { sketch, x in
                    let y = sketch.sum(sketch.convolution(x, to: 32, kernel: 3), x)
                    return sketch.sum(sketch.activation(y, .relu), x)
                }
            ),
            (
                "the convolution reads its own residual",
                { sketch, x in
                    let y = sketch.convolution(x, to: 32, kernel: 1)
                    return sketch.sum(sketch.convolution(y, to: 32, kernel: 3), y)
                }
            ),
            (
                "the residual is part of a concatenation",
                { sketch, x in
                    let a = sketch.convolution(x, to: 32, kernel: 1)
                    let b = sketch.convolution(x, to: 32, kernel: 3)
                    let both = sketch.concatenation([a, b])
                    return sketch.sum(sketch.convolution(both, to: 32, kernel: 1), a)
                }
            ),
            (
                "a concatenation is the residual while a part is read later",
                { sketch, x in
                    let a = sketch.convolution(x, to: 32, kernel: 1)
                    let b = sketch.convolution(x, to: 32, kernel: 3)
                    let sum = sketch.sum(sketch.convolution(x, to: 64, kernel: 1), sketch.concatenation([a, b]))
                    return sketch.concatenation([sum, a])
                }
            ),
            (
                "a concatenation of a concatenation",
                { sketch, x in
                    let a = sketch.concatenation([
                        sketch.convolution(x, to: 16, kernel: 1), sketch.convolution(x, to: 16, kernel: 1),
                    ])
                    return sketch.concatenation([
                        sketch.convolution(x, to: 16, kernel: 3), a, sketch.upsample(a, by: 1),
                    ])
                }
            ),
            (
                "one value twice in a concatenation",
                { sketch, x in
                    let a = sketch.convolution(x, to: 16, kernel: 1)
                    return sketch.concatenation([a, a])
                }
            ),
            (
                "the value before an activation is read",
                { sketch, x in
                    let a = sketch.convolution(x, to: 32, kernel: 1)
                    return sketch.sum(sketch.activation(a, .relu), a)
                }
            ),
            (
                "a gated value is read elsewhere",
                { sketch, x in
                    let a = sketch.activation(sketch.convolution(x, to: 32, kernel: 3, groups: 32), .silu)
                    let gated = sketch.squeezeExcite(a, reduced: 4)
                    let y = sketch.convolution(gated, to: 32, kernel: 1)
                    return sketch.sum(sketch.sum(y, gated), a)
                }
            ),
            (
                "a gate used by two",
                { sketch, x in
                    let gate = sketch.activation(sketch.convolution(sketch.mean(x), to: 32, kernel: 1), .sigmoid)
                    let a = sketch.convolution(sketch.gate(x, by: gate), to: 24, kernel: 1)
                    let b = sketch.convolution(sketch.gate(x, by: gate), to: 24, kernel: 3)
                    return sketch.sum(a, b)
                }
            ),
            (
                "the lateral convolution comes before the map it is added to",
                { sketch, x in
                    let lateral = sketch.convolution(x, to: 32, kernel: 1)
                    let small = sketch.convolution(x, to: 32, kernel: 3, stride: 2)
                    return sketch.sum(sketch.upsample(small, by: 2), lateral)
                }
            ),
            (
                "the mean of a mean's map and its activation",
                { sketch, x in
                    let a = sketch.convolution(x, to: 32, kernel: 3, groups: 32)
                    return sketch.gate(sketch.activation(a, .silu), by: sketch.activation(sketch.mean(a), .sigmoid))
                }
            ),
        ]
        for (name, build) in networks {
            for seed in 1...2 {
                var sketch = NetworkSketch(seed: UInt64(seed), inputChannels: 32)
                sketch.graph.output = build(&sketch, sketch.graph.input)
                #expect(try sketch.difference(backend, height: 8, width: 12, batch: 2) < 5e-5, "\(name)")
                // The same behind a convolution, so that the value is not the image.
                sketch = NetworkSketch(seed: UInt64(seed))
                let x = sketch.convolution(sketch.graph.input, to: 32, kernel: 3)
                sketch.graph.output = build(&sketch, x)
                #expect(try sketch.difference(backend, height: 8, width: 12) < 5e-5, "\(name), behind a convolution")
            }
        }
    }
}
