/// A table of aligned columns for people: numbers right, text left, two spaces between.
struct TextTable {
    private let header: [String]
    private var rows: [[String]] = []

    init(_ header: String...) {
        self.header = header
    }

    init(_ header: [String]) {
        self.header = header
    }

    mutating func add(_ cells: String...) {
        add(cells)
    }

    mutating func add(_ cells: [String]) {
        precondition(cells.count == header.count, "a row has a cell a column")
        rows.append(cells)
    }

    /// The table, its header underlined, without trailing spaces or a final line feed.
    var text: String {
        let columns = header.indices
        let widths = columns.map { column in ([header] + rows).map { TextTable.width($0[column]) }.max() ?? 0 }
        let isNumeric = columns.map { column in
            rows.allSatisfy { row in
                row[column].isEmpty || row[column] == "-"
                    || Double(row[column].filter { $0 != "," && $0 != "%" }) != nil
            }
        }
        func line(_ cells: [String]) -> String {
            let padded = columns.map { column in
                let space = String(repeating: " ", count: widths[column] - TextTable.width(cells[column]))
                return isNumeric[column] ? space + cells[column] : cells[column] + space
            }
            let text = padded.joined(separator: "  ")
            return String(text.reversed().drop { $0 == " " }.reversed())
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
        return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
    }

    /// The same cells as CSV.
    var csv: String {
        ([header] + rows).map { $0.map(ScoreTable.field).joined(separator: ",") }.joined(separator: "\n")
    }

    /// Columns that the text takes on a terminal: Hangul, kana and Han characters take two.
    private static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar.value {
            case 0x300...0x36F: sum
            case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
                0x20000...0x3FFFD:
                sum + 2
            default: sum + 1
            }
        }
    }
}
