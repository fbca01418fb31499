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
    /// One sentence each: what was assumed because shapes do not tell it, where a name came from, what is left unused.
    public internal(set) var notes: [String] = []
    /// Tensors of the checkpoint that the probability map does not need, in file order: counters of batches, the
    /// threshold branch, classifiers, other modules of the training run.
    public internal(set) var unusedTensors: [String] = []

    init(backbone: BackboneArchitecture, decoder: UNetDecoder, head: ProbabilityHead) {
        self.backbone = backbone
        self.decoder = decoder
        self.head = head
    }

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
        if let backbone = BackboneArchitecture(timmName: name) { return backbone }
        let known = BackboneArchitecture.all.map(\.name)
        throw DetectorError(
            diagnosis: Diagnosis(
                .usage, "unknown backbone \(name)", expected: known.joined(separator: ", "),
                nextStep: NearestName.hint(for: name, among: known)))
    }

    /// The layers, with the tensors that they read.
    package var network: NetworkBuilder {
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
    /// All tensors that do not fit, a line each; the diagnosis has the first of them.
    public var misfits: [String] = []
}
