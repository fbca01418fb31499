import Core
import Geometry

/// Test-time augmentation: which looks at an image are averaged, and how each is undone exactly.
///
/// A look at an image: laid onto a canvas of another size, flipped or turned there, or both.
///
/// Written as a product with `*`, flips and turns applied from left to right: `hflip`, `scale:0.8`,
/// `hflip*scale:1.2`. Scale and symmetry do not depend on each other's order.
public struct View: Sendable, Hashable {
    /// The flip or turn of the canvas.
    public let symmetry: Symmetry
    /// The canvas' side as a multiple of the plain one's, before rounding: from 0.25 to 4.
    public let scale: Double

    /// The image as the network sees it without augmentation.
    public static let plain = View(symmetry: .identity, scale: 1)

    /// What a list of views may hold, for messages.
    public static let expected =
        "a comma-separated list of \(Symmetry.named.map(\.name).joined(separator: ", ")) and scale:F with F from 0.25 to 4, "
        + "or products of them such as hflip*scale:1.2, each once"

    init(symmetry: Symmetry, scale: Double = 1) {
        self.symmetry = symmetry
        self.scale = scale
    }

    /// Reads a list of views, such as `hflip,scale:0.8`; an empty text is none.
    ///
    /// - Throws: `AugmentationError` (64) that names the view: an unknown one, a scale that is none, one that stands
    ///   twice or is the plain view.
    public static func list(_ text: String) throws -> [View] {
        var views: [View] = []
        let text = text.filter { $0 != " " }
        guard !text.isEmpty else { return [] }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let view = try View(parsing: String(part))
            if view == .plain { throw AugmentationError.view(String(part), "is the plain view, which always counts") }
            if views.contains(view) {
                throw AugmentationError.view(
                    String(part), view.name == part ? "stands twice" : "is \(view.name), which stands there already")
            }
            views.append(view)
        }
        return views
    }

    /// Reads one view, such as `hflip*scale:1.2`.
    ///
    /// - Throws: as `list(_:)`.
    private init(parsing text: String) throws {
        var symmetry = Symmetry.identity
        var scale: Double?
        for factor in text.split(separator: "*", omittingEmptySubsequences: false) {
            if let named = Symmetry.named.first(where: { $0.name == factor }) {
                symmetry = symmetry.then(named.symmetry)
            } else if factor.hasPrefix("scale:") {
                guard scale == nil else { throw AugmentationError.view(text, "has two scales") }
                guard let value = Double(factor.dropFirst(6)), (0.25...4).contains(value) else {
                    throw AugmentationError.view(text, "has a scale that is no number from 0.25 to 4")
                }
                scale = value
            } else {
                throw AugmentationError.view(text, factor.isEmpty ? "is empty" : "is unknown")
            }
        }
        self.init(symmetry: symmetry, scale: scale ?? 1)
    }

    /// The view in one spelling, whichever it was read from: `plain`, `rot90`, `hflip*rot90*scale:0.8`.
    public var name: String {
        let parts = [Symmetry.names[symmetry], scale == 1 ? nil : "scale:\(scale)"].compactMap { $0 }
        return parts.isEmpty ? "plain" : parts.joined(separator: "*")
    }

    /// The side of the view's canvas where the plain one has `size`: the multiple of 32 next to `size * scale`.
    public func side(for size: Int) -> Int {
        Int((Double(size) * scale / 32).rounded()) * 32
    }

    /// Checks that `views` differ once their sides are rounded.
    ///
    /// - Parameter size: the plain canvas' side.
    /// - Throws: `AugmentationError` (64): a side that the network does not take; two views, or a view and the plain
    ///   one, that are the same at this size.
    public static func check(_ views: [View], size: Int) throws {
        struct Rounded: Hashable {
            let symmetry: Symmetry
            let side: Int
        }
        var seen = [Rounded(symmetry: View.plain.symmetry, side: size): View.plain]
        for view in views {
            let rounded = Rounded(symmetry: view.symmetry, side: view.side(for: size))
            guard (32...8192).contains(rounded.side) else {
                throw AugmentationError.view(
                    view.name, "has a canvas of side \(rounded.side) at size \(size), not from 32 to 8192")
            }
            if let other = seen.updateValue(view, forKey: rounded) {
                throw AugmentationError.view(
                    view.name,
                    "is the same as \(other.name) at size \(size): sides are rounded to multiples of 32, here \(rounded.side)"
                )
            }
        }
    }
}

/// The error type of `Augmentation`.
public struct AugmentationError: DiagnosedError {
    /// What, where, found, expected and the next step.
    public let diagnosis: Diagnosis

    /// An error that says `diagnosis`.
    public init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    static func view(_ name: String, _ problem: String) -> AugmentationError {
        AugmentationError(Diagnosis(.usage, "the view \(name.debugDescription) \(problem)", expected: View.expected))
    }
}
