import Core

/// A convolution's weights with its batch norm folded in, ready for an engine.
struct FoldedKernel: Sendable {
    /// (O,I/groups,kH,kW); a transposed convolution's O runs over (phase, output channel) and its kernel is 1x1.
    var weights: [Float]
    /// (O).
    var bias: [Float]
    var shape: [Int]

    /// This 1x1 kernel and `other` side by side: the sum of both convolutions, this one's inputs first.
    func joined(with other: FoldedKernel) -> FoldedKernel {
        let (inputs, others) = (shape[1], other.shape[1])
        var both: [Float] = []
        both.reserveCapacity(weights.count + other.weights.count)
        for output in 0..<shape[0] {
            both += weights[output * inputs..<(output + 1) * inputs]
            both += other.weights[output * others..<(output + 1) * others]
        }
        return FoldedKernel(
            weights: both, bias: zip(bias, other.bias).map { $0 + $1 }, shape: [shape[0], inputs + others, 1, 1])
    }
}

/// Reads weights and folds batch norms into them, in Float64: running variances of this family of checkpoints reach
/// the millions.
struct WeightFolding {
    let source: any WeightSource

    /// The weights of `convolution`, for a source of `channels` channels.
    ///
    /// - Throws: the source's errors; `InferenceError` where a weight or a folded weight is not finite, or a shape
    ///   does not fit.
    func folded(_ convolution: FusedConvolution, label: String) throws -> FoldedKernel {
        var kernel = try plain(convolution, label: label)
        guard let norm = convolution.batchNorm else { return kernel }
        let channels = try finite(norm.prefix + ".weight").values.count
        func vector(_ suffix: String) throws -> [Float] {
            let weight = try finite(norm.prefix + suffix)
            guard weight.shape == [channels] else {
                throw InferenceError.weightShape(
                    norm.prefix + suffix, label: label, found: weight.shape, expected: "\(channels)")
            }
            return weight.values
        }
        let (gamma, beta) = (try vector(".weight"), try vector(".bias"))
        let (mean, variance) = (try vector(".running_mean"), try vector(".running_var"))
        if case .identity = convolution.kernel {
            kernel = FoldedKernel(
                weights: [Float](repeating: 1, count: channels), bias: [Float](repeating: 0, count: channels),
                shape: [channels, 1, 1, 1])
        }
        guard kernel.bias.count % channels == 0, convolution.isTransposed || kernel.bias.count == channels else {
            throw InferenceError.weightShape(
                norm.prefix + ".weight", label: label, found: [channels], expected: "\(kernel.shape[0])")
        }
        let perOutput = kernel.weights.count / kernel.bias.count
        for output in kernel.bias.indices {
            let channel = output % channels
            let scale = Double(gamma[channel]) / (Double(variance[channel]) + Double(norm.epsilon)).squareRoot()
            kernel.weights.withUnsafeMutableBufferPointer { weights in
                for index in output * perOutput..<(output + 1) * perOutput {
                    weights[index] = Float(Double(weights[index]) * scale)
                }
            }
            kernel.bias[output] = Float(
                (Double(kernel.bias[output]) - Double(mean[channel])) * scale + Double(beta[channel]))
        }
        try kernel.weights.checkFinite(name: "\(label) with \(norm.prefix) folded in")
        try kernel.bias.checkFinite(name: "\(label) with \(norm.prefix) folded in, bias")
        return kernel
    }

    private func plain(_ convolution: FusedConvolution, label: String) throws -> FoldedKernel {
        switch convolution.kernel {
        case .identity:
            return FoldedKernel(weights: [], bias: [], shape: [])
        case .convolution(let convolution):
            let weight = try finite(convolution.weight)
            guard weight.shape.count == 4 else {
                throw InferenceError.weightShape(
                    convolution.weight, label: label, found: weight.shape, expected: "OxIxkHxkW")
            }
            let bias = try bias(convolution.bias, count: weight.shape[0], label: label)
            return FoldedKernel(weights: weight.values, bias: bias, shape: weight.shape)
        case .transposed(let name, let biasName, let stride):
            let weight = try finite(name)
            guard weight.shape.count == 4, weight.shape.suffix(2) == [stride, stride] else {
                throw InferenceError.weightShape(
                    name, label: label, found: weight.shape, expected: "IxOx\(stride)x\(stride)")
            }
            let (inputs, outputs, phases) = (weight.shape[0], weight.shape[1], stride * stride)
            var turned = [Float](repeating: 0, count: weight.values.count)
            for input in 0..<inputs {
                for output in 0..<outputs {
                    for phase in 0..<phases {
                        turned[(phase * outputs + output) * inputs + input] =
                            weight.values[(input * outputs + output) * phases + phase]
                    }
                }
            }
            let bias = try bias(biasName, count: outputs, label: label)
            return FoldedKernel(
                weights: turned, bias: Array((0..<phases).map { _ in bias }.joined()),
                shape: [phases * outputs, inputs, 1, 1])
        }
    }

    private func bias(_ name: String?, count: Int, label: String) throws -> [Float] {
        guard let name else { return [Float](repeating: 0, count: count) }
        let weight = try finite(name)
        guard weight.shape == [count] else {
            throw InferenceError.weightShape(name, label: label, found: weight.shape, expected: "\(count)")
        }
        return weight.values
    }

    private func finite(_ name: String) throws -> Weight {
        let weight = try source.weight(name)
        try weight.values.checkFinite(name: name)
        return weight
    }
}

extension [Float] {
    /// - Throws: `InferenceError` that names the weight and the first element that is not finite.
    func checkFinite(name: String) throws {
        guard let index = firstNonFinite else { return }
        throw InferenceError.notFinite(name, index: index, value: self[index])
    }
}

extension FusedConvolution {
    var isTransposed: Bool {
        if case .transposed = kernel { true } else { false }
    }
}
