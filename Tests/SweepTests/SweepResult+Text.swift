import Core
import Sweep

/// The files of a sweep, whole.
extension SweepResult {
    var csv: String {
        var text = ""
        writeCSV { text += $0 }
        return text
    }

    func json() throws -> JSONValue {
        var text = ""
        try writeJSON { text += $0 }
        return try JSONValue(parsing: text, path: "results.json")
    }
}
