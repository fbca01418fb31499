import Core
import Foundation

/// What people read while a command works: notes, warnings and errors, all on stderr.
enum Terminal {
    /// Whether stderr shows colours: a terminal, and `NO_COLOR` unset or empty.
    static let hasColour =
        isatty(STDERR_FILENO) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    static func note(_ text: String, quiet: Bool = false) {
        if !quiet { write("note: ", colour: "36", text) }
    }

    static func warning(_ text: String) {
        write("warning: ", colour: "33", text)
    }

    static func error(_ text: String) {
        write("error: ", colour: "31", text)
    }

    /// A line without a label, such as a summary at a command's end.
    static func say(_ text: String, quiet: Bool = false) {
        if !quiet { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }
    }

    private static func write(_ label: String, colour: String, _ text: String) {
        say((hasColour ? "\u{1B}[1;\(colour)m\(label)\u{1B}[0m" : label) + text)
    }
}

/// The one door to stdout, which carries data only.
enum Output {
    /// - Throws: `FileError` (73) where a file behind stdout cannot take it.
    static func print(_ text: String) throws {
        try write { try $0(text + "\n") }
    }

    /// Prints what `body` emits, piece by piece.
    static func write(_ body: (_ emit: @escaping (String) throws -> Void) throws -> Void) throws {
        try AtomicFile.writePieces(to: STDOUT_FILENO, path: "stdout", body)
    }
}
