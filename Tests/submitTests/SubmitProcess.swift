import Foundation
import Glibc

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
    ///
    /// - Parameters:
    ///   - environment: variables over those of the test's own process.
    ///   - onTerminal: whether stderr is a terminal.
    static func run(
        _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:],
        onTerminal: Bool = false, executable: URL = executable
    ) throws -> SubmitProcess {
        let terminal = onTerminal ? try Terminal() : nil
        let process = try start(
            arguments, in: folder, environment: environment, stderr: terminal?.inner, executable: executable)
        let stdout = process.stdout.fileHandleForReading
        let stderr = terminal?.outer ?? process.stderr.fileHandleForReading
        let group = DispatchGroup()
        nonisolated(unsafe) var errorBytes = Data()
        DispatchQueue.global().async(group: group) {
            errorBytes = readAll(stderr.fileDescriptor)
        }
        let bytes = stdout.readDataToEndOfFile()
        process.process.waitUntilExit()
        try terminal?.inner.close()
        group.wait()
        return SubmitProcess(
            status: process.process.terminationStatus, stdout: String(decoding: bytes, as: UTF8.self),
            stderr: String(decoding: errorBytes, as: UTF8.self))
    }

    /// Runs a script by bash, stopping at its first failure, with `submit` on the path.
    static func shell(_ script: String, in folder: String) throws -> SubmitProcess {
        let path = executable.deletingLastPathComponent().path + ":"
        return try run(
            ["-euo", "pipefail", "-c", script], in: folder,
            environment: ["PATH": path + (ProcessInfo.processInfo.environment["PATH"] ?? "")],
            executable: URL(fileURLWithPath: "/bin/bash"))
    }

    /// Starts `submit` with `arguments`; for tests that signal it.
    static func start(
        _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:],
        stdout: FileHandle? = nil, stderr: FileHandle? = nil, executable: URL = executable
    ) throws -> (process: Process, stdout: Pipe, stderr: Pipe) {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.environment = ProcessInfo.processInfo.environment
            .merging(["COLUMNS": "80", "NO_COLOR": ""]) { $1 }.merging(environment) { $1 }
        let pipes = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = stdout ?? pipes.0
        process.standardError = stderr ?? pipes.1
        try process.run()
        return (process, pipes.0, pipes.1)
    }

    /// What comes from `descriptor` until it ends: a terminal whose last program has gone ends with an error.
    private static func readAll(_ descriptor: Int32) -> Data {
        var bytes = Data()
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        return bytes
    }

    /// The binary beside the test runner, made by the same build.
    private static let executable =
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("submit")
}

/// A pseudo-terminal: what is written to `inner` is read from `outer`.
private struct Terminal {
    let outer: FileHandle
    let inner: FileHandle

    init() throws {
        let flags = O_RDWR | O_NOCTTY | O_CLOEXEC
        let descriptor = open("/dev/ptmx", flags)
        outer = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        // Linux' TIOCSPTLCK and TIOCGPTN, which Glibc does not export: unlock the other end, and its number.
        var lock: CInt = 0
        var number: CUnsignedInt = 0
        guard descriptor >= 0, ioctl(descriptor, 0x4004_5431, &lock) == 0,
            ioctl(descriptor, 0x8004_5430, &number) == 0,
            case let end = open("/dev/pts/\(number)", flags), end >= 0
        else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ENODEV) }
        inner = FileHandle(fileDescriptor: end, closeOnDealloc: true)
    }
}
