import COnnxRuntime
import Core
import Foundation

/// ONNX Runtime's shared library, loaded when it is asked for; the repository neither links nor ships it.
///
/// Sendable: `api` is a table that never changes and stays for the life of the process.
public struct ONNXRuntimeLibrary: @unchecked Sendable {
    /// The environment variable that names the library where no flag does.
    public static let environmentKey = "SUBMIT_ONNXRUNTIME"
    /// What the system's loader is asked for where nothing names the library.
    public static let loaderNames = ["libonnxruntime.so", "libonnxruntime.so.1"]

    /// The file, or the name that the loader resolved.
    public let path: String
    /// Such as `1.17.3`.
    public let version: String
    let api: UnsafeRawPointer

    /// Loads the library at `path`; else the one that the environment names; else what the loader finds.
    ///
    /// - Throws: `ONNXRuntimeError`: 66 where there is none, 65 where the file is no ONNX Runtime of 1.14 or newer.
    public init(
        path: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        if let path, !path.isEmpty {
            try self.init(file: path, named: "--onnxruntime")
        } else if let path = environment[Self.environmentKey], !path.isEmpty {
            try self.init(file: path, named: Self.environmentKey)
        } else {
            for name in Self.loaderNames {
                if let library = try Self(loading: name, path: name, isOptional: true) {
                    self = library
                    return
                }
            }
            throw ONNXRuntimeError.missing(Self.loaderNames)
        }
    }

    private init(file path: String, named place: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ONNXRuntimeError.missing(path: path, named: place)
        }
        // The loader searches its own folders for a name without a slash.
        let name = path.contains("/") ? path : "./" + path
        guard let library = try Self(loading: name, path: path, isOptional: false) else {
            preconditionFailure("a library that must be there is, or an error is thrown")
        }
        self = library
    }

    /// - Parameters:
    ///   - name: what the loader is asked for.
    ///   - path: how the user named it.
    /// - Returns: nil where the loader has no such library and it `isOptional`.
    private init?(loading name: String, path: String, isOptional: Bool) throws {
        var api: UnsafeRawPointer?
        let (code, message) = ShimMessage.of { connxruntime_load(name, &api, $0, $1) }
        switch Int(code) {
        case CONNXRUNTIME_OK: break
        case CONNXRUNTIME_NOT_LOADED where isOptional: return nil
        case CONNXRUNTIME_NOT_LOADED:
            throw ONNXRuntimeError.unusable("the library cannot be loaded", path: path, found: message)
        case CONNXRUNTIME_TOO_OLD:
            throw ONNXRuntimeError.unusable("ONNX Runtime is too old", path: path, found: "version \(message)")
        default:
            throw ONNXRuntimeError.unusable("the library is not ONNX Runtime", path: path, found: message)
        }
        guard let api else { preconditionFailure("a loaded library has its table") }
        self.path = path
        version = message
        self.api = api
    }

    /// The execution providers that the library was built with, such as `CUDAExecutionProvider, CPUExecutionProvider`.
    var providers: String { ShimMessage.of { connxruntime_providers(api, $0, $1) }.text }
}

/// The message buffer of a call to the shim.
enum ShimMessage {
    /// Runs `body` with a buffer and its capacity: its code, and the text that it left.
    static func of(_ body: (UnsafeMutablePointer<CChar>, Int) -> Int32) -> (code: Int32, text: String) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 2048) { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("a buffer of 2048 has an address") }
            base.pointee = 0
            let code = body(base, buffer.count)
            return (code, String(cString: base))
        }
    }
}
