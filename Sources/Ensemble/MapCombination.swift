import Core
import Maps

/// Several sources' probability maps combined pixel by pixel, made an image at a time as it is read.
///
/// All sources must have the same images, of the same sizes. Maps of another size or place than the first source's are
/// resampled to its geometry, see `MapResampling`. Sums are taken in Double, in the order of the sources, and rounded to
/// Float32 once: the same bits whatever the number of threads. A combination is a source itself, so that it can be
/// swept, extracted or combined again without a copy on disk.
public struct MapCombination: MapSource {
    /// The rule for a pixel.
    public enum Rule: String, Sendable, CaseIterable {
        /// The weighted arithmetic mean.
        case mean
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
    /// - Parameter weights: one a source, none negative, not all 0; nil is 1 each. Only their ratios matter.
    /// - Throws: `EnsembleError` for no source, bad weights, and where two sources do not have the same images.
    public init(of sources: [any MapSource], rule: Rule, weights: [Double]? = nil) throws {
        guard let first = sources.first else { throw EnsembleError.noSource }
        try EnsembleError.checkWeights(weights, count: sources.count)
        for other in sources.dropFirst() { try Self.checkImages(first, other) }
        self.sources = sources
        self.rule = rule
        self.weights = weights ?? Array(repeating: 1, count: sources.count)
        label = "\(rule.rawValue) of " + sources.map(\.label).joined(separator: ", ")
        imageNames = first.imageNames
    }

    /// A digest of the rule and the sources' fingerprints and weights.
    public func fingerprint() throws -> String {
        let lines = try zip(sources, weights).map { "\(try $0.fingerprint()) \($1)\n" }
        return SHA256.hexDigest(of: "combination \(rule.rawValue)\n" + lines.joined())
    }

    /// The combined map of one image, on the first source's geometry.
    ///
    /// - Throws: a source's own error; `EnsembleError` naming the two sources whose image sizes differ.
    /// - Complexity: O(sources · pixels); holds all sources' maps of the image.
    public func read(_ name: String) throws -> ImageMap {
        let (first, maps) = try maps(of: name)
        return combined(first, maps, by: rule)
    }

    /// The maps of one image by all rules, in their order; the sources are read once.
    ///
    /// - Throws: as `read`.
    public func readByAllRules(_ name: String) throws -> [ImageMap] {
        let (first, maps) = try maps(of: name)
        return Rule.allCases.map { combined(first, maps, by: $0) }
    }

    /// The first source's map of one image, and the values of all that have weight on its geometry.
    private func maps(of name: String) throws -> (first: ImageMap, weighted: [Weighted]) {
        let first = try sources[0].read(name)
        var maps: [Weighted] = []
        for (number, source) in sources.enumerated() {
            let next = number == 0 ? first : try source.read(name)
            guard next.imageWidth == first.imageWidth, next.imageHeight == first.imageHeight else {
                throw EnsembleError.mismatch(
                    "the image size of \(name)", sources[0].label, source.label,
                    found: "\(next.imageWidth) x \(next.imageHeight)",
                    expected: "\(first.imageWidth) x \(first.imageHeight)")
            }
            if weights[number] > 0 {
                maps.append((MapResampling.resample(next, to: first).map.values, weights[number]))
            }
        }
        return (first, maps)
    }

    private func combined(_ first: ImageMap, _ maps: [Weighted], by rule: Rule) -> ImageMap {
        var result = first
        result.map = ProbabilityMap(
            width: first.map.width, height: first.map.height, values: rule.pixels(maps))
        return result
    }

    private static func checkImages(_ first: any MapSource, _ other: any MapSource) throws {
        let (expected, found) = (Set(first.imageNames), Set(other.imageNames))
        guard expected != found else { return }
        let missing = first.imageNames.filter { !found.contains($0) }
        let extra = other.imageNames.filter { !expected.contains($0) }
        let example = missing.first ?? extra.first ?? ""
        throw EnsembleError.mismatch(
            "they do not have the same images", first.label, other.label,
            found: "\(missing.count) images only in the first, \(extra.count) only in the second, such as \(example)",
            expected: "the same \(expected.count) images")
    }
}
