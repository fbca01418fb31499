import ArgumentParser
import Core
import Foundation

/// Flags of every command that works for a while.
struct CommonFlags: ParsableArguments {
    @Flag(name: .shortAndLong, help: "No progress and no notes; errors and data only.")
    var quiet = false

    @Flag(name: .long, help: "Replace files that exist.")
    var force = false

    @Option(name: .long, help: "Threads; 0 is the machine's cores.")
    var threads: Int?

    func validate() throws {
        if let threads, threads < 0 { throw ValidationError("--threads must be 0 or more, not \(threads)") }
    }

    /// How many images are worked on side by side.
    var width: Int {
        if let threads, threads > 0 { threads } else { ProcessInfo.processInfo.activeProcessorCount }
    }
}

/// The form of what a command prints on stdout.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv
}

/// `--format`, for commands whose result is a table.
struct FormatFlag: ParsableArguments {
    @Option(name: .long, help: "What stdout carries.")
    var format = OutputFormat.table

    /// Prints a result in the form that was asked for.
    func print(
        _ text: @autoclosure () -> String, csv: @autoclosure () -> String, json: @autoclosure () -> JSONValue
    ) throws {
        switch format {
        case .table: try Output.print(text())
        case .csv: try Output.print(csv())
        case .json: try Output.print(json().text(indent: 2))
        }
    }
}
