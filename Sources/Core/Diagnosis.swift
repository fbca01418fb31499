import Glibc

/// What every module here stands on: diagnosed errors, safe files, ordered JSON, bounded parallel loops.
///
/// How a command ends, by the numbers of `sysexits.h`.
public enum ExitStatus: Int32, Sendable {
    case done = 0
    case failure = 1
    case usage = 64
    case badData = 65
    case noInput = 66
    case cannotCreate = 73
    case configuration = 78
    case interrupted = 130
}

/// A failure told so that a person can act on it: what, where, found, expected, next step.
public struct Diagnosis: Sendable, Equatable {
    /// How the command ends.
    public var status: ExitStatus
    /// What went wrong, one clause, no full stop.
    public var what: String
    /// The file concerned, as the user named it.
    public var path: String?
    /// The place inside the file: a key, a byte offset, `line:column`, a tensor's name.
    public var place: String?
    /// What stands there.
    public var found: String?
    /// What should stand there.
    public var expected: String?
    /// What to do about it.
    public var nextStep: String?

    /// A diagnosis; parts that are nil are not printed.
    public init(
        _ status: ExitStatus, _ what: String, path: String? = nil, place: String? = nil, found: String? = nil,
        expected: String? = nil, nextStep: String? = nil
    ) {
        self.status = status
        self.what = what
        self.path = path
        self.place = place
        self.found = found
        self.expected = expected
        self.nextStep = nextStep
    }

    /// `path:place: what`, then an indented line each for found, expected and the next step.
    public var text: String {
        var head = [path, place].compactMap { $0 }.joined(separator: ":")
        if !head.isEmpty { head += ": " }
        var lines = [head + what]
        if let found { lines.append("  found:    " + found) }
        if let expected { lines.append("  expected: " + expected) }
        if let nextStep { lines.append("  try:      " + nextStep) }
        return lines.joined(separator: "\n")
    }
}

/// The protocol of each module's one error type.
public protocol DiagnosedError: Error, CustomStringConvertible, Sendable {
    var diagnosis: Diagnosis { get }
}

extension DiagnosedError {
    /// The diagnosis as text.
    public var description: String { diagnosis.text }
}

/// The error type of `Core`: files and JSON.
public struct FileError: DiagnosedError {
    /// What, where, found, expected, next step.
    public let diagnosis: Diagnosis

    /// An error with this diagnosis.
    public init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    /// The message of a failed system call, read from `errno` at the call.
    public static func system(_ status: ExitStatus, _ what: String, path: String, nextStep: String? = nil) -> FileError
    {
        let reason = String(cString: strerror(errno))
        return FileError(Diagnosis(status, "\(what): \(reason)", path: path, nextStep: nextStep))
    }
}
