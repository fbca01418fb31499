import Foundation

/// The built `submit`, run as a person runs it.
struct SubmitProcess {
    let status: Int32
    let stdout: String
    let stderr: String

    /// Runs `submit` with `arguments` to its end.
    static func run(_ arguments: String..., in folder: String? = nil) throws -> SubmitProcess {
        try run(arguments, in: folder)
    }

    /// Runs `submit` with `arguments` to its end.
    static func run(_ arguments: [String], in folder: String? = nil) throws -> SubmitProcess {
        let process = try start(arguments, in: folder)
        let stdout = process.stdout.fileHandleForReading
        let stderr = process.stderr.fileHandleForReading
        let group = DispatchGroup()
        nonisolated(unsafe) var errorBytes = Data()
        DispatchQueue.global().async(group: group) { errorBytes = stderr.readDataToEndOfFile() }
        let bytes = stdout.readDataToEndOfFile()
        group.wait()
        process.process.waitUntilExit()
        return SubmitProcess(
            status: process.process.terminationStatus, stdout: String(decoding: bytes, as: UTF8.self),
            stderr: String(decoding: errorBytes, as: UTF8.self))
    }

    /// Starts `submit` with `arguments`; for tests that signal it.
    static func start(
        _ arguments: [String], in folder: String? = nil
    ) throws -> (process: Process, stdout: Pipe, stderr: Pipe) {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        let pipes = (Pipe(), Pipe())
        process.standardOutput = pipes.0
        process.standardError = pipes.1
        try process.run()
        return (process, pipes.0, pipes.1)
    }

    /// The binary beside the test runner, made by the same build.
    private static let executable =
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("submit")
}
