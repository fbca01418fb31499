import Backbone
import Core
import Inference

/// From a checkpoint to a probability map: UNet decoder, DB head, and which of them a state dict holds.
///
/// A whole text detector: backbone, decoder widths, kind of head.
public struct Architecture: Sendable {
    /// The backbone.
    public let backbone: BackboneArchitecture
    let decoder: UNetDecoder
    let head: ProbabilityHead
    /// One sentence each: what was assumed because shapes do not tell it, and where a name came from.
    public let notes: [String]

    /// timm's name of the backbone, such as `efficientnet_b4`.
    public var name: String { backbone.name }

    /// One line, such as `efficientnet_b4 + UNet (256, 64) + DB head`.
    public var description: String {
        "\(name) + UNet (\(decoder.inner), \(decoder.output)) + DB head" + (head.isSmooth ? " (smooth)" : "")
    }

    /// The backbone that timm calls `name`.
    ///
    /// - Throws: `DetectorError` (64) with the nearest known name.
    public static func backbone(named name: String) throws -> BackboneArchitecture {
        let known = BackboneArchitecture.all
        if let backbone = known.first(where: { $0.name == name }) { return backbone }
        throw DetectorError(
            diagnosis: Diagnosis(
                .usage, "unknown backbone \(name)", expected: known.map(\.name).joined(separator: ", "),
                nextStep: NearestName.hint(for: name, among: known.map(\.name))))
    }

    /// The layers, with the tensors that they read.
    var network: NetworkBuilder {
        var builder = NetworkBuilder()
        let maps = backbone.append(to: &builder, prefix: Architecture.backbonePrefix)
        let features = decoder.append(to: &builder, maps: Array(zip(maps, backbone.channels)).map { ($0, $1) })
        builder.graph.output = head.append(to: &builder, features)
        return builder
    }

    static let backbonePrefix = "encoder.model."
}

/// The error type of `DBHead`: which tensors do not fit, or which architecture is not known.
public struct DetectorError: DiagnosedError {
    /// What went wrong, where, and what to do.
    public let diagnosis: Diagnosis
}
