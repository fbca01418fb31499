import ArgumentParser
import Core
import Dataset
import Submission

/// Where predictions go: JSON with scores, leaderboard CSV, and the image order of the CSV.
struct OutputFiles: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Write predictions with scores.", valueName: "file"))
    var json: String?

    @Option(name: .long, help: ArgumentHelp("Write the leaderboard's CSV.", valueName: "file"))
    var csv: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Sample submission (CSV) or truth (JSON) whose image order the CSV takes.", valueName: "file"))
    var order: String?

    func validate() throws {
        if json == nil && csv == nil { throw ValidationError("name an output: --json FILE, --csv FILE or both") }
    }
}
