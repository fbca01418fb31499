/// Folds as a person names them, held against the images that are scored.
package enum FoldImages {
    /// Each fold's images that are scored, in their order.
    ///
    /// - Parameters:
    ///   - folds: names and images.
    ///   - imageNames: the images that are scored.
    ///   - label: where their maps are, for messages.
    /// - Throws: `SweepError` (65) where folds share an image, leave one out, have none that is scored, or are fewer than
    ///   two.
    package static func checked(
        _ folds: [(name: String, images: [String])], imageNames: [String], label: String
    ) throws -> [[String]] {
        var foldOf: [String: String] = [:]
        let scored = Set(imageNames)
        for fold in folds {
            for image in fold.images {
                if let other = foldOf.updateValue(fold.name, forKey: image) {
                    throw SweepError.badData(
                        "folds overlap: what is chosen on one would be scored on the other", path: fold.name,
                        place: image, found: "the image in \(other) too", expected: "an image in one fold only")
                }
            }
            guard fold.images.contains(where: scored.contains) else {
                throw SweepError.badData(
                    "the fold has no image that is scored", path: fold.name,
                    found: fold.images.first ?? "no images", expected: imageNames.first)
            }
        }
        if let left = imageNames.first(where: { foldOf[$0] == nil }) {
            throw SweepError.badData(
                "\(imageNames.count { foldOf[$0] == nil }) images are in no fold", path: label, place: left,
                expected: "each image in one fold", nextStep: "name all folds")
        }
        guard folds.count > 1 else {
            throw SweepError.badData(
                "one fold leaves nothing to choose on", path: folds[0].name, expected: "two or more")
        }
        return folds.map { $0.images.filter(scored.contains) }
    }
}
