import Core
import Submission
import TestSupport
import Testing

/// A column of a table that a spreadsheet wrote.
@Suite struct CSVColumnTests {
    static func read(_ text: String, _ column: String) throws -> [String: String] {
        try TestData.withTemporaryFolder { folder in
            try AtomicFile.write(text, to: folder + "/t.csv")
            return try CSVColumn(path: folder + "/t.csv", column: column).values
        }
    }

    @Test func namesAreInTheFirstColumnOrANamedOne() throws {
        #expect(try Self.read("id,shop\na.jpg,\"x, y\"\nb.jpg,\n", "shop") == ["a.jpg": "x, y", "b.jpg": ""])
        #expect(try Self.read("shop,filename\r\nx,a.jpg\r\n", "shop") == ["a.jpg": "x"])
    }

    @Test(arguments: [
        ("id,shop\na,1\n", "vendor", "vendor"), ("id,shop\na,1\na,2\n", "shop", "line 3"),
        ("id,shop\na\n", "shop", "line 2"), ("id,shop\na,\"1\n", "shop", "quotes"), ("", "shop", "shop"),
    ])
    func badTablesAreRefused(text: String, column: String, part: String) {
        let error = #expect(throws: SubmissionError.self) { try Self.read(text, column) }
        #expect(error?.diagnosis.text.contains(part) == true)
    }
}
