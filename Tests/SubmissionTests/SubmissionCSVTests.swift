import Core
import Dataset
import Geometry
import Submission
import TestSupport
import Testing

@Suite struct SubmissionCSVTests {
    private func read(_ text: String) throws -> AnnotationSet {
        try read(Array(text.utf8))
    }

    private func read(_ bytes: [UInt8]) throws -> AnnotationSet {
        try bytes.withUnsafeBytes { try SubmissionCSV.read($0, path: "f.csv").set }
    }

    private func image(_ name: String, _ polygons: [Double]...) -> ImageAnnotation {
        let words = polygons.enumerated().map { index, values in
            Word(
                id: "000\(index + 1)",
                polygon: Polygon(stride(from: 0, to: values.count, by: 2).map { Point(values[$0], values[$0 + 1]) }))
        }
        return ImageAnnotation(name: name, words: words)
    }

    @Test(arguments: [
        "filename,polygons\na.jpg,1 2 3 4 5 6 7 8|-1 0 2.5 1 3 3 0 3\nb.jpg,\n",
        "\u{FEFF}filename,polygons\r\na.jpg,1 2 3 4 5 6 7 8|-1 0 2.5 1 3 3 0 3\r\nb.jpg,\r\n",
        "\"filename\",\"polygons\"\n\"a.jpg\",\"1 2 3 4 5 6 7 8|-1 0 2.5 1 3 3 0 3\"\n\"b.jpg\",\"\"",
        "filename,polygons\n\na.jpg, 1 2  3 4 5 6 7 8 | -1 0 2.5e0 +1 3 3 0 3 \n\nb.jpg,0 0 0 0 0 0 0 0\n\n\n",
        "filename,polygons\na.jpg,\"1 2 3 4 5 6 7 8|-1 0 2.50 1 3 3 0 3\"\nb.jpg,\"0 0 0 0 0 0 0 0\"\r\n\r\n",
        "filename,polygons\na.jpg,1 2 3 4 5 6 7 8|-1 0 2.5 1 3 3 0 3\nb.jpg, ",
    ])
    func readsEveryForm(text: String) throws {
        let expected = AnnotationSet([
            image("a.jpg", [1, 2, 3, 4, 5, 6, 7, 8], [-1, 0, 2.5, 1, 3, 3, 0, 3]), image("b.jpg"),
        ])
        #expect(try read(text) == expected)
    }

    /// The files are written by Python's csv module, see make_goldens.py.
    @Test(arguments: ["quoted_all.csv", "quoted_minimal.csv"])
    func readsWhatPythonQuotes(name: String) throws {
        let set = try SubmissionCSV.read(path: TestData.fixture("Submission/" + name)).set
        let expected = AnnotationSet([
            image("plain.jpg", [1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15, 16]),
            image("comma,name.jpg", [1, 2, 3, 4, 5, 6, 7, 8]), image("say \"cheese\".jpg"), image("한글.jpg"),
            image("line\nbreak.jpg", [-5, 2, 3, 4, 5, 6, 7, 8]),
        ])
        #expect(set == expected)
    }

    /// The text, the place of the error and what it says.
    @Test(arguments: [
        ("", "1:1", "the file is empty"),
        ("\n\n", "1:1", "the file is empty"),
        ("a.jpg,1 2 3 4 5 6 7 8\n", "1:1", "the header is missing"),
        ("name,polygons\na.jpg,\n", "1:1", "the header is wrong"),
        ("filename;polygons\n", "1:1", "the header is wrong"),
        ("filename,polygons\na.jpg\n", "2:1", "a row with 1 fields"),
        ("filename,polygons\na.jpg,1 2 3 4,5 6 7 8\n", "2:1", "a row with 3 fields"),
        ("filename,polygons\n,1 2 3 4 5 6 7 8\n", "2:1", "no file name"),
        ("filename,polygons\né.jpg,1 2 3 x 5 6 7 8\n", "2:13", "a coordinate is no number"),
        ("filename,polygons\na.jpg,1 2 3 1e400 5 6 7 8\n", "2:13", "a coordinate is no number"),
        ("filename,polygons\na.jpg,1 2 3 nan 5 6 7 8\n", "2:13", "a coordinate is no number"),
        ("filename,polygons\na.jpg,1 2 3 0x10 5 6 7 8\n", "2:13", "a coordinate is no number"),
        ("filename,polygons\na.jpg,1 2 3 - 5 6 7 8\n", "2:13", "a coordinate is no number"),
        ("filename,polygons\na.jpg,1 2 3 4 5 6 7 8|1 2 3\n", "2:23", "an odd number of coordinates"),
        ("filename,polygons\na.jpg,1 2 3 4 5 6 7 8|\n", "2:23", "nothing between two '|'"),
        ("filename,polygons\na.jpg,1 2||3 4\n", "2:11", "nothing between two '|'"),
        ("filename,polygons\nb.jpg,\na.jpg,\nb.jpg,\n", "4:1", "a second row for one image"),
        ("filename,polygons\na.jpg,\"1 2 3 4\n", "2:7", "the quotes do not close"),
        ("filename,polygons\n\"a\"b.jpg,\n", "2:4", "text behind the closing quotes"),
        ("PK\u{3}\u{4}\u{0}\u{1}", "1:1", "the header is wrong"),
    ])
    func refusesWithPlace(text: String, place: String, message: String) {
        let error = #expect(throws: SubmissionError.self) { try read(text) }
        #expect(error?.diagnosis.status == .badData)
        #expect(error?.diagnosis.place == place, "\(error?.description ?? "")")
        #expect(error?.diagnosis.what == "bad CSV: " + message)
    }

    @Test func refusesInvalidUTF8() {
        let error = #expect(throws: SubmissionError.self) {
            try read(Array("filename,polygons\n".utf8) + [0x61, 0xFF, 0x2C, 0x0A])
        }
        #expect(error?.diagnosis.place == "byte 19")
    }

    @Test func saysWhichFileIsMissing() {
        let error = #expect(throws: FileError.self) { try SubmissionCSV.read(path: "/nonexistent/s.csv") }
        #expect(error?.diagnosis.status == .noInput)
    }

    @Test func writesTheLeaderboardsForm() throws {
        let set = AnnotationSet([
            image("b.jpg", [1, 2, 3, 4, 5, 6, 7, 8], [-1, 0, 2.5, 1]), image("a,1.jpg"), image("\"c\""),
        ])
        #expect(
            try SubmissionCSV.text(of: set)
                == "filename,polygons\nb.jpg,1 2 3 4 5 6 7 8|-1 0 2.5 1\n\"a,1.jpg\",\n\"\"\"c\"\"\",\n")
        #expect(
            try SubmissionCSV.text(of: set, order: ["a,1.jpg", "z.jpg", "\"c\"", "b.jpg"])
                == "filename,polygons\n\"a,1.jpg\",\nz.jpg,\n\"\"\"c\"\"\",\nb.jpg,1 2 3 4 5 6 7 8|-1 0 2.5 1\n")
        #expect(
            try SubmissionCSV.text(
                of: set, style: CSVStyle(emptyImage: .zeros, quoting: .all, roundsCoordinates: true))
                == "filename,polygons\n\"b.jpg\",\"1 2 3 4 5 6 7 8|-1 0 2 1\"\n\"a,1.jpg\",\"0 0 0 0 0 0 0 0\"\n"
                + "\"\"\"c\"\"\",\"0 0 0 0 0 0 0 0\"\n")
    }

    @Test func refusesToWriteWhatWouldNotReadBack() {
        #expect(throws: SubmissionError.self) { try SubmissionCSV.text(of: AnnotationSet([image("a")]), order: ["b"]) }
        #expect(throws: SubmissionError.self) { try SubmissionCSV.text(of: AnnotationSet([image("a", [])])) }
        #expect(throws: SubmissionError.self) { try SubmissionCSV.text(of: AnnotationSet([image("")])) }
        for zeros in [[0, 0, 0, 0, 0, 0, 0, 0], [0, -0.0, 0, 0, 0, 0, 0, 0]] {
            #expect(throws: SubmissionError.self) {
                try SubmissionCSV.text(of: AnnotationSet([image("b"), image("a", zeros)]))
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func randomSetsReadBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let plain = RandomSets.Options(hasScores: false, hasExtras: false, hasTranscriptions: false)
        for _ in 0..<100 {
            let set = RandomSets.make(&generator, plain)
            for empty in CSVStyle.EmptyImage.allCases {
                for quoting in CSVStyle.Quoting.allCases {
                    let style = CSVStyle(emptyImage: empty, quoting: quoting)
                    let text = try SubmissionCSV.text(of: set, style: style)
                    #expect(try read(text) == set, "seed \(seed)")
                    let carriage =
                        "\u{FEFF}"
                        + text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
                    #expect(try read(carriage) == set, "seed \(seed)")
                }
            }
        }
    }

    @Test(arguments: [31, 32] as [UInt64])
    func survivesDamage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        for _ in 0..<2000 {
            let style = CSVStyle(quoting: Bool.random(using: &generator) ? .all : .needed)
            let options = RandomSets.Options(hasScores: false, hasExtras: false, hasTranscriptions: false)
            let set = RandomSets.make(&generator, options)
            let bytes = damaged(Array(try SubmissionCSV.text(of: set, style: style).utf8), &generator)
            do {
                _ = try read(bytes)
                // What can be read has nothing that validation calls unreadable.
                let rows = try bytes.withUnsafeBytes { try CSVRows($0, path: "seed \(seed)") }
                let unreadable: Set<Finding.Code> = [
                    .wrongHeader, .badQuoting, .badRow, .emptyPolygon, .oddCoordinates, .duplicateImage,
                ]
                #expect(!Validation.run(rows).findings.contains { unreadable.contains($0.code) })
            } catch let error as SubmissionError {
                #expect(error.diagnosis.status == .badData && error.diagnosis.place != nil)
                refused += 1
                if let rows = try? bytes.withUnsafeBytes({ try CSVRows($0, path: "seed \(seed)") }) {
                    #expect(Validation.run(rows).hasErrors, "\(error)")
                }
            }
        }
        #expect(refused > 500)
    }

    @Test(.enabled(if: TestData.shared != nil), arguments: ["quad", "poly"])
    func realPredictionsReadBack(form: String) throws {
        let set = try AnnotationJSON.read(path: TestData.shared("goldens/resnet50/resnet50_960.\(form).json")).set
        let written = try read(try SubmissionCSV.text(of: set))
        #expect(written.images.map(\.name) == set.images.map(\.name))
        #expect(written.images.map { $0.words.map(\.polygon) } == set.images.map { $0.words.map(\.polygon) })
    }
}
