import Core
import Ledger
import Testing

/// What the ledger's CSV refuses.
@Suite struct LedgerCSVTests {
    private static let header = LedgerCSV.columns.joined(separator: ",")
    private static let digest = String(repeating: "0a", count: 32)
    private static let row = "a.csv,\(digest),1,2,2026-03-01T09:30:00Z,0.5,,,,,"

    @Test func aRowIsRead() throws {
        let text = "\u{FEFF}\(Self.header)\r\n\(Self.row)\r\n\r\n"
        let entries = try LedgerCSV.entries(in: text, path: "x")
        #expect(entries.count == 1 && entries[0].publicScore == 0.5 && entries[0].note == nil)
        #expect(try LedgerCSV.entries(in: Self.header, path: "x") == [])
    }

    @Test(arguments: [
        ("", "1", "header"), ("filename,polygons\n", "1", "header"),
        ("\(header)\na,b\n", "2", "2 fields"), ("\(header)\n\(row)\n\n\(row)\n", "4", "second row"),
        ("\(header)\n\(row.replacing("0.5", with: "1.5"))", "2", "public"),
        ("\(header)\n\(row.replacing("0.5", with: "nan"))", "2", "public"),
        ("\(header)\n\(row.replacing("0.5", with: "0x1p-1"))", "2", "public"),
        ("\(header)\n\(row.replacing("0a0a", with: "0A"))", "2", "sha256"),
        ("\(header)\n\(row.replacing("2026-03-01", with: "2026-02-30"))", "2", "date"),
        ("\(header)\n\(row.replacing(",1,2,", with: ",-1,2,"))", "2", "images"),
        ("\(header)\n\(row.replacing("a.csv", with: ""))", "2", "path"),
        ("\(header)\n\(row.replacing(",,,,,", with: ",,,,[],"))", "2", "settings"),
        ("\(header)\n\(row.replacing("a.csv", with: "\"a\nb\"c"))", "3", "closing quotes"),
        ("\(header)\n\(row)\n\"a\n\n", "3", "do not close"),
    ])
    func aBadFileIsRefusedWithItsLine(text: String, line: String, what: String) throws {
        let diagnosis = try LedgerError.thrown { try LedgerCSV.entries(in: text, path: "x.csv") }
        #expect(diagnosis?.status == .badData && diagnosis?.path == "x.csv" && diagnosis?.place == line)
        #expect(diagnosis?.what.contains(what) == true, "\(diagnosis?.text ?? "nothing")")
    }

    /// Characters changed anywhere: entries or the ledger's error.
    @Test func noTextEndsTheProcess() throws {
        let text = Array(LedgerCSV.text(of: Entries.random(20, seed: 3)).unicodeScalars)
        var generator = SeededGenerator(seed: 4)
        var refused = 0
        for _ in 0..<300 {
            var scalars = text
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let place = Int.random(in: 0..<scalars.count, using: &generator)
                scalars[place] = "\",\n\r0.x\0é".unicodeScalars.randomElement(using: &generator) ?? " "
            }
            let changed = String(String.UnicodeScalarView(scalars))
            if try LedgerError.thrown(by: { try LedgerCSV.entries(in: changed, path: "x") }) != nil { refused += 1 }
        }
        #expect(refused > 100)
    }
}
