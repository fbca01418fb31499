import ArgumentParser
import Submission

/// What lines of ICDAR text hold, for sets that do not tell by themselves.
struct ICDARFlags: ParsableArguments {
    @Option(
        name: .long,
        help: "Lines of ICDAR text: ltrb (left, top, right, bottom), quad or poly (default: told from the files).")
    var shape: ICDARForm.Shape?

    @Flag(name: .customLong("crlf"), help: "Only CR LF ends a line of ICDAR text, as --CRLF of the ICDAR scripts.")
    var crlf = false

    /// What the reader is told; `names` are images' file names that text files without extension stand for.
    func options(names: [String] = []) -> ICDARText.ReadOptions {
        ICDARText.ReadOptions(shape: shape, crlf: crlf, imageNames: names)
    }
}

extension ICDARForm.Shape: ExpressibleByArgument {}
