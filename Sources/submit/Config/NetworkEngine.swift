import Inference

/// What runs the network: an engine of this package, or ONNX Runtime where its library is installed.
enum NetworkEngine: Sendable, Equatable, RawRepresentable {
    case own(EngineOptions.Backend)
    case onnxRuntime

    init?(rawValue: String) {
        if rawValue == Self.onnxRuntime.rawValue {
            self = .onnxRuntime
        } else if let backend = EngineOptions.Backend(rawValue: rawValue) {
            self = .own(backend)
        } else {
            return nil
        }
    }

    var rawValue: String {
        switch self {
        case .own(let backend): backend.rawValue
        case .onnxRuntime: "onnxruntime"
        }
    }
}
