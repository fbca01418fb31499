import Inference

/// Which layers the timm backbones of this family have, as data.
///
/// A timm backbone with `features_only`: an image in, maps at strides 4, 8, 16 and 32 out.
public enum BackboneArchitecture: Sendable, Hashable {
    case resNet(ResNet)
    case efficientNet(EfficientNet)

    /// All that are known, by timm's names.
    public static let all: [BackboneArchitecture] =
        ResNet.allCases.map(Self.resNet)
        + [false, true].flatMap { isTensorFlow in
            EfficientNet.Variant.allCases.map {
                Self.efficientNet(EfficientNet(variant: $0, isTensorFlow: isTensorFlow))
            }
        }

    /// The backbone that timm calls `timmName`, nil where it is none of `all`.
    ///
    /// Weights' tags (`tf_efficientnet_b4.ns_jft_in1k`) and the older suffixes for them (`tf_efficientnet_b4_ns`, `_ap`)
    /// name the same network, and so does a hub's prefix (`hf_hub:timm/efficientnet_b4`).
    public init?(timmName: String) {
        var name = (timmName.split(separator: "/").last ?? "").prefix { $0 != "." }
        if name.hasPrefix("tf_"), name.hasSuffix("_ns") || name.hasSuffix("_ap") { name = name.dropLast(3) }
        guard let known = BackboneArchitecture.all.first(where: { $0.name == name }) else { return nil }
        self = known
    }

    /// timm's name, such as `tf_efficientnet_b4`.
    public var name: String {
        switch self {
        case .resNet(let network): network.rawValue
        case .efficientNet(let network): network.name
        }
    }

    /// Channels of the four maps, strides 4 to 32.
    public var channels: [Int] {
        switch self {
        case .resNet(let network): network.channels
        case .efficientNet(let network): network.channels
        }
    }

    /// Appends the backbone's layers, its tensors named `PREFIX…`.
    ///
    /// - Returns: the four maps, strides 4, 8, 16 and 32.
    public func append(to builder: inout NetworkBuilder, prefix: String) -> [Graph.Value] {
        switch self {
        case .resNet(let network): network.append(to: &builder, prefix: prefix)
        case .efficientNet(let network): network.append(to: &builder, prefix: prefix)
        }
    }
}
