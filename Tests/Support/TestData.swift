import Foundation

/// Where tests find their files.
public enum TestData {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The path of `name` under Tests/Fixtures.
    public static func fixture(_ name: String) -> String {
        root.appendingPathComponent("Tests/Fixtures").appendingPathComponent(name).path
    }

    /// The path of `name` in the repository.
    public static func repository(_ name: String) -> String {
        root.appendingPathComponent(name).path
    }

    /// The folder of real receipts, checkpoints and goldens that stands beside the repository on the maintainers'
    /// machines; nil elsewhere, and tests that need it are then skipped by name.
    public static let shared: String? = {
        let path = root.deletingLastPathComponent().appendingPathComponent("shared/data").path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// The path of `name` in the shared folder; only in tests enabled by `shared != nil`.
    public static func shared(_ name: String) -> String {
        (shared ?? "/nonexistent") + "/" + name
    }

    /// ONNX Runtime's library, by the variable that `submit` reads; nil where none is named, and tests that need it are
    /// then skipped by name. `make test-onnxruntime` fetches one.
    public static let onnxRuntime = ProcessInfo.processInfo.environment["SUBMIT_ONNXRUNTIME"]

    /// Runs `body` with a fresh folder and removes it afterwards.
    public static func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    /// Runs `body` with a fresh folder and removes it afterwards.
    public static func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let path = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    private static func temporaryFolder() -> String {
        let path = NSTemporaryDirectory() + "submit-test-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
