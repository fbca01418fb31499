import Core
import Maps

/// The weighted arithmetic mean of several sources' probability maps, made an image at a time as it is read.
///
/// All sources must have the same images, map sizes and map-to-image transforms. Sums are taken in Double, in the
/// order of the sources, and rounded to Float32 once: the same bits whatever the number of threads. An average is a
/// source itself, so that it can be swept, extracted or averaged again without a copy on disk.
public struct MapAverage: MapSource {
    /// The sources' labels, joined.
    public let label: String
    /// The first source's images in its order.
    public let imageNames: [String]
    private let sources: [any MapSource]
    private let weights: [Double]

    /// An average of `sources`.
    ///
    /// - Parameter weights: one a source, none negative, not all 0; nil is 1 each. Only their ratios matter.
    /// - Throws: `EnsembleError` for no source, bad weights, and where two sources do not have the same images.
    public init(of sources: [any MapSource], weights: [Double]? = nil) throws {
        guard let first = sources.first else { throw EnsembleError.noSource }
        let weights = weights ?? Array(repeating: 1, count: sources.count)
        try EnsembleError.checkWeights(weights, count: sources.count)
        for other in sources.dropFirst() { try Self.checkImages(first, other) }
        self.sources = sources
        self.weights = weights
        label = "mean of " + sources.map(\.label).joined(separator: ", ")
        imageNames = first.imageNames
    }

    /// A digest of the sources' fingerprints and weights.
    public func fingerprint() throws -> String {
        let lines = try zip(sources, weights).map { "\(try $0.fingerprint()) \($1)\n" }
        return SHA256.hexDigest(of: "average\n" + lines.joined())
    }

    /// The mean map of one image.
    ///
    /// - Throws: a source's own error; `EnsembleError` naming the two sources whose map sizes, image sizes or
    ///   transforms differ.
    /// - Complexity: O(sources · pixels); holds one map and one buffer of sums beside the result.
    public func read(_ name: String) throws -> ImageMap {
        var result = try sources[0].read(name)
        let first = result
        var sums = first.map.values.map { weights[0] * Double($0) }
        for (source, weight) in zip(sources, weights).dropFirst() {
            let next = try source.read(name)
            try check(next, of: source, against: first)
            next.map.values.withUnsafeBufferPointer { values in
                sums.withUnsafeMutableBufferPointer { sums in
                    for index in sums.indices { sums[index] += weight * Double(values[index]) }
                }
            }
        }
        let total = weights.reduce(0, +)
        result.map = ProbabilityMap(
            width: first.map.width, height: first.map.height, values: sums.map { Float($0 / total) })
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

    private func check(_ map: ImageMap, of source: any MapSource, against first: ImageMap) throws {
        func require(_ isEqual: Bool, _ what: String, _ text: (ImageMap) -> String) throws {
            guard !isEqual else { return }
            throw EnsembleError.mismatch(
                "\(what) of \(first.imageName)", sources[0].label, source.label, found: text(map), expected: text(first)
            )
        }
        try require(
            map.map.width == first.map.width && map.map.height == first.map.height, "the map size",
            { "\($0.map.width) x \($0.map.height)" })
        try require(
            map.imageWidth == first.imageWidth && map.imageHeight == first.imageHeight, "the image size",
            { "\($0.imageWidth) x \($0.imageHeight)" })
        try require(
            map.inverse == first.inverse, "the way from map to image",
            { "x \($0.inverse.scaleX) \($0.inverse.offsetX), y \($0.inverse.scaleY) \($0.inverse.offsetY)" })
    }
}
