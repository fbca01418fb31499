import Dataset
import Geometry

/// Groups of a truth's images, for scores of each beside that of all.
public struct Strata: Sendable {
    /// Some images that are alike.
    public struct Group: Sendable, Equatable {
        /// What they have in common, for people: a range of the figure, or a label.
        public let name: String
        /// The images' places in the truth, ascending; at least one.
        public let images: [Int]
    }

    /// A figure that the truth itself has of each image.
    public enum Figure: String, Sendable, CaseIterable {
        /// Truth boxes that are no don't-cares.
        case boxes
        /// The median over those of the shorter side of the smallest rectangle around the box, in pixels.
        case height
        /// The number of pixels in the image.
        case size
    }

    /// The groups, by rising figure or by label; images that have none come last.
    public let groups: [Group]

    /// Quartiles of the images by `figure`.
    ///
    /// - Throws: `MetricsError` (65) where an image's size is asked for and the truth does not say it.
    public init(_ figure: Figure, of truth: AnnotationSet) throws {
        groups = Self.quartiles(try truth.images.map { try Self.value(figure, $0) })
    }

    /// Groups by what a table says of each image, by name; quartiles where all of that are numbers, and more than eight
    /// different ones. Images without a value, or with an empty one, make a group of their own.
    public init(values: [String: String], of truth: AnnotationSet) {
        let labels = truth.images.map { image in values[image.name].flatMap { $0.isEmpty ? nil : $0 } }
        let numbers = labels.map { label in label.flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil } }
        if zip(labels, numbers).allSatisfy({ ($0 == nil) == ($1 == nil) }), Set(numbers).count > 8 {
            groups = Self.quartiles(numbers)
        } else {
            let byLabel = Dictionary(grouping: labels.indices) { labels[$0] }
            groups = byLabel.sorted { ($0.key == nil ? 1 : 0, $0.key ?? "") < ($1.key == nil ? 1 : 0, $1.key ?? "") }
                .map { Group(name: $0.key ?? "none", images: $0.value) }
        }
    }

    /// The scores of the groups.
    ///
    /// - Parameter score: of this truth, by these options.
    public func parts(of score: SetScore, options: ScoringOptions) -> [ScorePart] {
        groups.map { group in
            ScorePart(
                name: group.name, score: SetScore(images: group.images.map { score.images[$0] }, options: options))
        }
    }

    private static func value(_ figure: Figure, _ image: ImageAnnotation) throws -> Double? {
        let words = image.words.filter { !$0.isDontCare }
        switch figure {
        case .boxes: return Double(words.count)
        case .height:
            let heights = words.map { BoxScale.shorterSide($0.polygon) }.sorted()
            return heights.isEmpty ? nil : Bootstrap.percentile(0.5, ofSorted: heights)
        case .size:
            guard let width = image.width, let height = image.height, width > 0, height > 0 else {
                throw MetricsError.noSize(image.name)
            }
            return Double(width) * Double(height)
        }
    }

    /// Up to four groups between the quartiles, interpolated as NumPy's; equal figures stay together.
    private static func quartiles(_ values: [Double?]) -> [Group] {
        let sorted = values.compactMap { $0 }.sorted()
        var groups: [Group] = []
        if !sorted.isEmpty {
            let cuts = [0.25, 0.5, 0.75].map { Bootstrap.percentile($0, ofSorted: sorted) }
            for quarter in 0...3 {
                let members = values.indices.filter { index in
                    values[index].map { value in cuts.count { $0 < value } == quarter } ?? false
                }
                let figures = members.compactMap { values[$0] }
                guard let low = figures.min(), let high = figures.max() else { continue }
                groups.append(
                    Group(name: low == high ? text(low) : "\(text(low)) … \(text(high))", images: members))
            }
        }
        let rest = values.indices.filter { values[$0] == nil }
        return rest.isEmpty ? groups : groups + [Group(name: "none", images: rest)]
    }

    /// A number without needless decimals.
    private static func text(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}
