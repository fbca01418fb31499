import Core
import Foundation
import Maps

/// Several sources' probability maps combined pixel by pixel otherwise than by `MapAverage`.
///
/// All sources must have the same images; their maps are resampled to the first source's geometry, see `ResampledMaps`.
public struct MapCombination: MapSource {
    /// The rule for a pixel.
    public enum Rule: String, Sendable, CaseIterable {
        /// The weighted geometric mean; 0 where a source of weight has 0.
        case geometric
        /// The largest value of the sources with a weight above 0.
        case max
        /// The median of the sources with a weight above 0, of an even number the mean of the middle two.
        case median
    }

    /// The rule and the sources' labels.
    public let label: String
    /// The first source's images in its order.
    public let imageNames: [String]
    private let rule: Rule
    private let sources: [any MapSource]
    private let weights: [Double]

    /// A combination of `sources`.
    ///
    /// - Parameter weights: one a source, none negative, not all 0; nil is 1 each.
    /// - Throws: `EnsembleError` for no source, bad weights, and where two sources do not have the same images.
    public init(of sources: [any MapSource], rule: Rule, weights: [Double]? = nil) throws {
        let checked = try MapAverage(of: sources, weights: weights)
        self.sources = sources
        self.rule = rule
        self.weights = weights ?? Array(repeating: 1, count: sources.count)
        label = "\(rule.rawValue) of " + sources.map(\.label).joined(separator: ", ")
        imageNames = checked.imageNames
    }

    /// A digest of the rule and the sources' fingerprints and weights.
    public func fingerprint() throws -> String {
        let lines = try zip(sources, weights).map { "\(try $0.fingerprint()) \($1)\n" }
        return SHA256.hexDigest(of: "combination \(rule.rawValue)\n" + lines.joined())
    }

    /// The combined map of one image, on the first source's geometry.
    ///
    /// - Throws: a source's own error; `EnsembleError` where the sources' image sizes differ.
    public func read(_ name: String) throws -> ImageMap {
        var result = try sources[0].read(name)
        var maps: [(values: [Float], weight: Double)] = []
        for (source, weight) in zip(sources, weights) {
            let next = ResampledMaps.resample(try source.read(name), to: result)
            guard next.imageWidth == result.imageWidth, next.imageHeight == result.imageHeight else {
                throw EnsembleError.mismatch(
                    "the image size of \(name)", sources[0].label, source.label,
                    found: "\(next.imageWidth) x \(next.imageHeight)",
                    expected: "\(result.imageWidth) x \(result.imageHeight)")
            }
            if weight > 0 { maps.append((next.map.values, weight)) }
        }
        let total = maps.reduce(0) { $0 + $1.weight }
        var column = [Float](repeating: 0, count: maps.count)
        let values = result.map.values.indices.map { pixel -> Float in
            for source in maps.indices { column[source] = maps[source].values[pixel] }
            switch rule {
            case .max: return column.max() ?? 0
            case .median:
                column.sort()
                return (column[(column.count - 1) / 2] + column[column.count / 2]) / 2
            case .geometric:
                var sum = 0.0
                for source in maps.indices { sum += maps[source].weight * log(Double(column[source])) }
                return Float(exp(sum / total))
            }
        }
        result.map = ProbabilityMap(width: result.map.width, height: result.map.height, values: values)
        return result
    }
}
