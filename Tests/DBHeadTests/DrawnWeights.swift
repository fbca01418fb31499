import Core
import Foundation
import Inference

/// Weights drawn from the tensors' names, as Fixtures/DBHead/make_goldens.py draws them, once for all readers.
struct DrawnWeights: WeightSource {
    private var tensors: [String: Weight] = [:]
    /// The stem of the last convolution's name, the power of two that scales it, and what is added to its bias.
    private let last: String
    private let gain: Int
    private let shift: Double

    /// Draws the tensors but for counters and the threshold branch, which no network reads.
    init(_ shapes: [(name: String, shape: [Int])], last: String, gain: Int, shift: Double) {
        (self.last, self.gain, self.shift) = (last, gain, shift)
        for (name, shape) in shapes where !name.hasSuffix("num_batches_tracked") && !name.hasPrefix("head.thresh.") {
            tensors[name] = Weight(shape: shape, values: values(name, shape))
        }
    }

    func weight(_ name: String) throws -> Weight {
        guard let weight = tensors[name] else { throw Missing(name: name) }
        return weight
    }

    struct Missing: Error {
        let name: String
    }

    /// Numbers in [-1,1), multiples of 2^-23.
    static func units(_ name: String, _ count: Int) -> [Double] {
        integers(name, count).map { Double($0) * 0x1p-23 }
    }

    private func values(_ name: String, _ shape: [Int]) -> [Float] {
        let count = shape.reduce(1, *)
        let parts = name.split(separator: ".")
        let (stem, leaf) = (parts.dropLast().joined(separator: "."), parts[parts.count - 1])
        let units = { Self.units(name, count) }
        switch leaf {
        case "running_var": return exponents(stem, count).map { Float(pow(4, $0)) }
        case "running_mean": return units().map { Float($0 / 8) }
        case "weight" where shape.count == 1:
            return zip(units(), exponents(stem, count)).map { Float((0.75 + 0.25 * $0) * pow(2, $1)) }
        case "weight": return kernel(name, shape, gain: stem == last ? pow(2, Double(gain)) : 1)
        default: return units().map { Float($0 / 16 + (stem == last ? shift : 0)) }
        }
    }

    /// Numbers of a kernel, those of each group less their mean: a group is the pixels where there are several, else
    /// (and for a transposed kernel) the terms of a sum.
    private func kernel(_ name: String, _ shape: [Int], gain: Double) -> [Float] {
        let numbers = Self.integers(name, shape.reduce(1, *))
        let pixels = shape[2] * shape[3]
        let isTransposed = shape[2] == 2
        let terms = isTransposed ? shape[0] : pixels == 1 ? shape[1] : pixels
        let groups = numbers.count / terms
        // Where the numbers of group g begin, and from one to the next.
        let (begin, step) = isTransposed ? (1, groups) : (terms, 1)
        let fanIn = isTransposed ? shape[0] : shape[1] * pixels
        let scale = (6 / Double(fanIn)).squareRoot() / (Double(terms) * 0x1p23)
        return [Float](unsafeUninitializedCapacity: numbers.count) { result, count in
            for group in 0..<groups {
                let members = stride(from: group * begin, to: group * begin + terms * step, by: step)
                let sum = members.reduce(0) { $0 + numbers[$1] }
                for index in members { result[index] = Float(Double(numbers[index] * terms - sum) * scale * gain) }
            }
            count = numbers.count
        }
    }

    private func exponents(_ stem: String, _ count: Int) -> [Double] {
        Self.generated(stem + ".running_var", count) { Double($0 >> 60) - 4 }
    }

    private static func integers(_ name: String, _ count: Int) -> [Int] {
        generated(name, count) { Int($0 >> 40) - 1 << 23 }
    }

    private static func generated<Number>(_ name: String, _ count: Int, _ number: (UInt64) -> Number) -> [Number] {
        var generator = SeededGenerator(
            seed: name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
        return (0..<count).map { _ in number(generator.next()) }
    }
}
