/// A 3x3 kernel made of a checkpoint's: some of its input channels, merged with a 1x1 convolution before it, its taps
/// side by side as a 1x1 kernel.
struct DerivedWeight: Sendable {
    struct Norm: Sendable, Hashable {
        var prefix: String
        var epsilon: Float
    }

    /// The 3x3 kernel, (O,I,3,3), and the input channels taken.
    var outer: String
    var channels: Range<Int>
    /// A 1x1 kernel (channels,C,1,1) before it.
    var inner: String?
    /// (9*O,C,1,1), tap-major, instead of (O,C,3,3).
    var standsByTap = false
    /// A batch norm whose scale multiplies the outputs.
    var norm: Norm?

    init(outer: String, _ channels: Range<Int>, _ inner: String?) {
        (self.outer, self.channels, self.inner) = (outer, channels, inner)
    }

    /// What errors and profiles call it.
    var name: String {
        "\(outer)[\(channels.lowerBound)..<\(channels.upperBound)]" + (inner.map { " x \($0)" } ?? "")
            + (standsByTap ? " by tap" : "") + (norm.map { ", scaled by \($0.prefix)" } ?? "")
    }
}

/// Weights of a checkpoint and those derived from them.
struct DerivedWeights: WeightSource {
    let source: any WeightSource
    let derived: [String: DerivedWeight]

    func release() { source.release() }

    func shape(of name: String) throws -> [Int] {
        guard let weight = derived[name] else { return try source.shape(of: name) }
        let outputs = try source.shape(of: weight.outer)[0]
        let inputs = try weight.inner.map { try source.shape(of: $0)[1] } ?? weight.channels.count
        return weight.standsByTap ? [9 * outputs, inputs, 1, 1] : [outputs, inputs, 3, 3]
    }

    /// Sums and products in Float64, rounded once.
    ///
    /// - Throws: the source's errors; `InferenceError` where a value read is not finite.
    func weight(_ name: String) throws -> Weight {
        guard let weight = derived[name] else { return try source.weight(name) }
        let outer = try finite(weight.outer)
        let inner = try weight.inner.map(finite)
        let (outputs, allInputs) = (outer.shape[0], outer.shape[1])
        let inputs = inner?.shape[1] ?? weight.channels.count
        let scales = try weight.norm.map { try self.scales($0) }
        var values = [Float](repeating: 0, count: 9 * outputs * inputs)
        var row = [Double](repeating: 0, count: inputs)
        for output in 0..<outputs {
            for tap in 0..<9 {
                for index in row.indices { row[index] = 0 }
                for (place, channel) in weight.channels.enumerated() {
                    let value = Double(outer.values[(output * allInputs + channel) * 9 + tap])
                    if let inner {
                        row.add(value, times: inner.values[place * inputs..<(place + 1) * inputs])
                    } else {
                        row[place] = value
                    }
                }
                let scale = scales?[output] ?? 1
                let (first, step) =
                    weight.standsByTap ? ((tap * outputs + output) * inputs, 1) : (output * inputs * 9 + tap, 9)
                for index in row.indices { values[first + index * step] = Float(row[index] * scale) }
            }
        }
        return Weight(shape: try shape(of: name), values: values)
    }

    private func scales(_ norm: DerivedWeight.Norm) throws -> [Double] {
        let (gamma, variance) = (try finite(norm.prefix + ".weight"), try finite(norm.prefix + ".running_var"))
        return zip(gamma.values, variance.values).map {
            Double($0) / (Double($1) + Double(norm.epsilon)).squareRoot()
        }
    }

    private func finite(_ name: String) throws -> Weight {
        let weight = try source.weight(name)
        try weight.values.checkFinite(name: name)
        return weight
    }
}

extension [Double] {
    /// Adds `factor` times each of `values` to the element where it stands.
    fileprivate mutating func add(_ factor: Double, times values: ArraySlice<Float>) {
        withUnsafeMutableBufferPointer { sums in
            values.withUnsafeBufferPointer { values in
                for index in 0..<values.count { sums[index] += factor * Double(values[index]) }
            }
        }
    }
}
