import Glibc

/// Runs a graph as it stands, node by node, with plain loops over (N,C,H,W) and sums in Float64: slow and obviously
/// right, what the other engines are tested against.
struct ReferenceExecutor: Executor {
    let graph: Graph
    let weights: any WeightSource

    /// - Throws: the source's errors: what the fast engines refuse when they are made, this one does too.
    init(graph: Graph, weights: any WeightSource) throws {
        (self.graph, self.weights) = (graph, weights)
        for name in graph.weightNames { _ = try weights.weight(name) }
    }

    func execute(
        _ shapes: [TensorShape], _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
        _ profile: Profile?
    ) throws {
        var values = [[Float]](repeating: [], count: shapes.count)
        values[0] = Array(UnsafeBufferPointer(start: input, count: shapes[0].count))
        for node in graph.nodes {
            let start = ContinuousClock.now
            let inputs = node.inputs.map { Map(shape: shapes[$0.index], values: values[$0.index]) }
            values[node.output.index] = try result(node.operation, inputs, shape: shapes[node.output.index])
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            profile?.steps.append(
                StepTiming(label: node.label, kind: "\(node.operation)", implementation: "reference", seconds: seconds))
        }
        for (index, value) in values[graph.output.index].enumerated() { output[index] = value }
    }

    /// A tensor with element access by (n,c,y,x).
    private struct Map {
        let shape: TensorShape
        let values: [Float]

        subscript(n: Int, c: Int, y: Int, x: Int) -> Float {
            values[((n * shape.channels + c) * shape.height + y) * shape.width + x]
        }

        /// The element, or nil outside the map.
        func pixel(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Float? {
            (0..<shape.height).contains(y) && (0..<shape.width).contains(x) ? self[n, c, y, x] : nil
        }
    }

    private func result(_ operation: Operation, _ inputs: [Map], shape: TensorShape) throws -> [Float] {
        let input = inputs[0]
        switch operation {
        case .convolution(let convolution):
            return try self.convolution(convolution, input, shape)
        case .transposedConvolution(let weight, let bias, let stride):
            return try transposed(weight, bias, stride, input, shape)
        case .batchNorm(let prefix, let epsilon):
            let scale = try weights.weight(prefix + ".weight").values
            let bias = try weights.weight(prefix + ".bias").values
            let mean = try weights.weight(prefix + ".running_mean").values
            let variance = try weights.weight(prefix + ".running_var").values
            return map(shape) { n, c, y, x in
                let deviation = (Double(variance[c]) + Double(epsilon)).squareRoot()
                return (Double(input[n, c, y, x]) - Double(mean[c])) / deviation * Double(scale[c]) + Double(bias[c])
            }
        case .activation(let activation):
            return map(shape) { n, c, y, x in activation.value(at: Double(input[n, c, y, x])) }
        case .maxPool(let kernel, let stride, let padding):
            return map(shape) { n, c, y, x in
                var most = -Float.infinity
                for ky in 0..<kernel {
                    for kx in 0..<kernel {
                        let value = input.pixel(n, c, y * stride - padding + ky, x * stride - padding + kx)
                        most = max(most, value ?? -.infinity)
                    }
                }
                return Double(most)
            }
        case .globalAveragePool:
            return map(shape) { n, c, _, _ in
                var sum = 0.0
                for y in 0..<input.shape.height {
                    for x in 0..<input.shape.width { sum += Double(input[n, c, y, x]) }
                }
                return sum / Double(input.shape.height * input.shape.width)
            }
        case .add:
            return map(shape) { n, c, y, x in Double(input[n, c, y, x]) + Double(inputs[1][n, c, y, x]) }
        case .multiplyChannels:
            return map(shape) { n, c, y, x in Double(input[n, c, y, x]) * Double(inputs[1][n, c, 0, 0]) }
        case .upsampleNearest(let factor):
            return map(shape) { n, c, y, x in Double(input[n, c, y / factor, x / factor]) }
        case .concatenate:
            return map(shape) { n, c, y, x in
                var channel = c
                for input in inputs {
                    if channel < input.shape.channels { return Double(input[n, channel, y, x]) }
                    channel -= input.shape.channels
                }
                preconditionFailure("the inputs' channels add up to the result's")
            }
        case .tapSum(let sum):
            return map(shape) { n, c, y, x in
                var total = 0.0
                for (input, factor) in zip(inputs, sum.factors) {
                    for tap in 0..<9 {
                        let (row, column) = (y + tap / 3 - 1, x + tap % 3 - 1)
                        guard row >= 0, column >= 0, row < shape.height, column < shape.width else { continue }
                        total += Double(input[n, tap * shape.channels + c, row / factor, column / factor])
                    }
                }
                return total
            }
        }
    }

    private func convolution(_ convolution: Convolution, _ input: Map, _ shape: TensorShape) throws -> [Float] {
        let weight = try weights.weight(convolution.weight)
        let bias = try convolution.bias.map { try weights.weight($0).values }
        let (inputs, height, width) = (weight.shape[1], weight.shape[2], weight.shape[3])
        let window = convolution.window(kernelHeight: height, kernelWidth: width, on: input.shape)
        let outputsPerGroup = shape.channels / convolution.groups
        return map(shape) { n, c, y, x in
            var sum = Double(bias?[c] ?? 0)
            for i in 0..<inputs {
                for ky in 0..<height {
                    for kx in 0..<width {
                        let value = input.pixel(
                            n, c / outputsPerGroup * inputs + i, y * convolution.stride - window.padding.top + ky,
                            x * convolution.stride - window.padding.left + kx)
                        let tap = weight.values[((c * inputs + i) * height + ky) * width + kx]
                        sum += Double(value ?? 0) * Double(tap)
                    }
                }
            }
            return sum
        }
    }

    private func transposed(
        _ name: String, _ biasName: String?, _ stride: Int, _ input: Map, _ shape: TensorShape
    ) throws -> [Float] {
        let weight = try weights.weight(name)
        let bias = try biasName.map { try weights.weight($0).values }
        return map(shape) { n, c, y, x in
            var sum = Double(bias?[c] ?? 0)
            for i in 0..<input.shape.channels {
                let tap = ((i * shape.channels + c) * stride + y % stride) * stride + x % stride
                sum += Double(input[n, i, y / stride, x / stride]) * Double(weight.values[tap])
            }
            return sum
        }
    }

    private func map(_ shape: TensorShape, _ value: (_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Double) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(shape.count)
        for n in 0..<shape.batch {
            for c in 0..<shape.channels {
                for y in 0..<shape.height {
                    for x in 0..<shape.width { result.append(Float(value(n, c, y, x))) }
                }
            }
        }
        return result
    }
}

extension Activation {
    /// The function, in Float64.
    func value(at x: Double) -> Double {
        switch self {
        case .relu: max(x, 0)
        case .silu: x / (1 + exp(-x))
        case .sigmoid: 1 / (1 + exp(-x))
        }
    }
}
