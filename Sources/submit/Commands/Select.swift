import ArgumentParser
import Core
import Foundation
import Sweep

/// results.json of a sweep -> the candidates to spend submissions on.
struct Select: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Choose the candidates of a sweep to spend submissions on.",
        discussion: """
            The first is the one that is best in most resamples of the images; each next adds most resamples in which \
            one of them is the best. The second-ranked setting is often the first one's twin and adds nothing: it is \
            not taken.

            Example:
              submit select --results submissions/fold0/results.json --budget 3
            """)

    @Option(name: .long, help: ArgumentHelp("results.json of a sweep.", valueName: "file"))
    var results: String

    @Option(name: .long, help: ArgumentHelp("How many submissions there are.", valueName: "n"))
    var budget = 3

    @OptionGroup var form: FormatFlag

    func validate() throws {
        if budget < 1 { throw ValidationError("--budget must be 1 or more, not \(budget)") }
    }

    func run() throws {
        let selection = try BudgetSelection(resultsAt: results, budget: budget)
        let files = candidateFiles()
        var table = TextTable("candidate", "rank", "H", "best in", "adds", "together")
        var rows: [JSONValue] = []
        for choice in selection.choices {
            let candidate = choice.candidate
            let name = files[candidate.rank] ?? Self.text(candidate.settings)
            func percent(_ share: Double) -> String { String(format: "%.1f%%", 100 * share) }
            table.add(
                name, "\(candidate.rank)", String(format: "%.6f", candidate.hmean), percent(choice.alone),
                percent(choice.added), percent(choice.together))
            rows.append([
                "file": files[candidate.rank].map(JSONValue.string) ?? .null, "rank": .int(candidate.rank),
                "settings": .object(candidate.settings), "hmean": .number(candidate.hmean),
                "best_in": .number(choice.alone), "adds": .number(choice.added),
                "together": .number(choice.together),
            ])
        }
        try form.print(table.text, csv: table.csv, json: ["schema": 1, "choices": .array(rows)])
        if selection.choices.count < budget {
            Terminal.note("no other point is the best in a resample that these do not cover")
        }
    }

    /// The candidates' files beside the results, by rank.
    private func candidateFiles() -> [Int: String] {
        let folder = (results as NSString).deletingLastPathComponent
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        var files: [Int: String] = [:]
        for name in names.sorted() where name.hasSuffix(".csv") {
            guard name.contains("_thresh"), let rank = Int(name.prefix { $0 != "_" }) else { continue }
            files[rank] = (folder as NSString).appendingPathComponent(name)
        }
        return files
    }

    private static func text(_ settings: JSONObject) -> String {
        settings.map { key, value in "\(key)=\(value.text())" }.joined(separator: " ")
    }
}
