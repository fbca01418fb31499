import Core
import Dataset
import Geometry
import Submission
import TestSupport
import Testing

@Suite struct ValidationTests {
    private func findings(
        _ text: String, _ expectation: Validation.Expectation = Validation.Expectation()
    ) throws -> [Finding] {
        let bytes = Array(text.utf8)
        return Validation.run(try bytes.withUnsafeBytes { try CSVRows($0, path: "s.csv") }, against: expectation)
            .findings
    }

    private let square = "0 0 10 0 10 10 0 10"

    @Test func aGoodFileHasNoFindings() throws {
        let text = "filename,polygons\na.jpg,\(square)|20 20 30 20 30 30 20 30\nb.jpg,\n"
        let expectation = Validation.Expectation(
            names: ["a.jpg", "b.jpg"], namesAreOrdered: true, sizes: ["a.jpg": Validation.Size(width: 30, height: 30)],
            predictions: try SubmissionCSV.read(path: TestData.fixture("Submission/good.csv")).set)
        #expect(try findings(text, expectation).isEmpty)
        let validation = try Validation.run(path: TestData.fixture("Submission/good.csv"), against: expectation)
        #expect(!validation.hasErrors && validation.imageCount == 2 && validation.polygonCount == 2)
        #expect(validation.sizedImageCount == 1)
    }

    /// One row, the code that it must give, and nothing beside it.
    @Test(
        arguments: [
            ("0 0 10 0 10 10", .tooFewPoints), ("0 0 10 0 10 10 0", .oddCoordinates),
            ("0 0 10 0 10 10 0 10.0", .notAnInteger), ("0 0 10 0 10 10 0 1e1", .notAnInteger),
            ("0 0 10 0 10 10 0 x", .badNumber), ("0 0 10 0 10 10 0 1e999", .badNumber),
            ("0 0 3000000000 0 10 10 0 10", .badNumber), ("0 0 10 0 20 0 30 0", .zeroArea),
            ("5 5 5 5 5 5 5 5", .zeroArea), ("0 0 10 10 10 0 0 10", .selfCrossing),
            ("-1 0 10 0 10 10 0 10", .negativeCoordinate),
            ("0 0 101 0 10 10 0 10", .outOfImage), ("0 0 10 0 10 10 0 51", .outOfImage),
            ("0 0 10 0 10 10 0 10|0 0 10 0 10 10 0 10", .duplicatePolygon), ("0 0 10 0 10 10 0 10|", .emptyPolygon),
            ("0 0 10 0 10 10 0 10,5", .badRow), ("\"0 0 10 0 10 10 0 10\"", .quoted),
            ("\"0 0 10 0 10 10 0 10\"9", .badQuoting),
        ] as [(String, Finding.Code)])
    func findsWhatIsWrongWithAPolygon(field: String, code: Finding.Code) throws {
        let expectation = Validation.Expectation(sizes: ["a.jpg": Validation.Size(width: 100, height: 50)])
        let found = try findings("filename,polygons\nb.jpg,\(square)\na.jpg,\(field)\n", expectation)
        let expected: [Finding.Code] = code == .badQuoting ? [.quoted, .badQuoting] : [code]
        #expect(found.map(\.code) == expected)
        #expect(found.last?.line == 3)
        if code != .quoted { #expect(found.last?.image == "a.jpg") }
    }

    @Test func atTheEdgeIsInside() throws {
        let expectation = Validation.Expectation(sizes: ["a.jpg": Validation.Size(width: 100, height: 50)])
        #expect(try findings("filename,polygons\na.jpg,0 0 100 0 100 50 0 50\n", expectation).isEmpty)
    }

    @Test func findsEverythingAtOnce() throws {
        let text =
            "\u{FEFF}filename,polygons\r\nb.jpg,\(square)|1 2 3|0 0 1 0 1 1|0 0 9 9 9 0 0 9\r\nx.jpg,\"\(square)\"\r\n"
            + "a.jpg,0 0 0 0 0 0 0 0\r\nb.jpg,\r\n"
        let found = try findings(
            text, Validation.Expectation(names: ["a.jpg", "b.jpg", "c.jpg"], namesAreOrdered: true))
        #expect(
            found.map(\.code) == [
                .byteOrderMark, .carriageReturns, .quoted, .placeholder, .order, .oddCoordinates, .tooFewPoints,
                .selfCrossing, .extraImage, .duplicateImage, .missingImage,
            ])
        #expect(found.map(\.line) == [1, nil, 3, 4, 2, 2, 2, 2, 3, 5, nil])
        #expect(found.map(\.polygon) == [nil, nil, nil, nil, nil, 1, 2, 3, nil, nil, nil])
        #expect(found.last?.image == "c.jpg")
        #expect(found.map(\.severity).filter { $0 == .error }.count == 5)
    }

    @Test func countsTheLeaderboardsFirst500() throws {
        let polygons = (0...500).map { "\($0) 0 \($0 + 10) 0 \($0 + 10) 10 \($0) 10" }
        func text(_ count: Int) -> String {
            "filename,polygons\na.jpg,\(polygons.prefix(count).joined(separator: "|"))\n"
        }
        #expect(try findings(text(500)).isEmpty)
        let found = try findings(text(501))
        #expect(found.map(\.code) == [.tooManyPolygons])
        #expect(found.first?.found == "501 polygons" && found.first?.severity == .error)
    }

    @Test func readsOnWithoutAHeader() throws {
        #expect(try findings("a.jpg,\(square)\nb.jpg,\n").map(\.code) == [.wrongHeader])
        #expect(try findings("").map(\.code) == [.wrongHeader, .noPolygons])
        #expect(try findings("Filename,Polygons\na.jpg,\(square)\n").map(\.code) == [.wrongHeader])
        #expect(try findings("filename,polygons\na.jpg,\n").map(\.code) == [.noPolygons])
    }

    @Test func tellsUnicodeNormalizationsApart() throws {
        let composed = "\u{D55C}.jpg"
        let decomposed = "\u{1112}\u{1161}\u{11AB}.jpg"
        let text = "filename,polygons\n\(decomposed),\(square)\n"
        #expect(try findings(text, Validation.Expectation(names: [composed])).map(\.code) == [.nameSpelling])
        #expect(try findings(text, Validation.Expectation(names: [decomposed])).isEmpty)
    }

    @Test func hintsAtTheNameThatWasMeant() throws {
        let found = try findings(
            "filename,polygons\nimages/A.png,\(square)\n", Validation.Expectation(names: ["a.jpg"]))
        #expect(found.map(\.code) == [.extraImage, .missingImage])
        #expect(found.first?.expected == "perhaps \"a.jpg\"")
    }

    @Test func printsAFinding() throws {
        let found = try findings("filename,polygons\na.jpg,\(square)|1 2 x 4\n")
        let finding = try #require(found.first)
        #expect(
            finding.text == "error bad-number, line 2:31, image \"a.jpg\", polygon 1: a coordinate is no number "
                + "(found \"x\", expected an integer such as 128)")
        #expect(
            finding.json == [
                "severity": "error", "code": "bad-number", "image": "a.jpg", "line": 2, "column": 31, "polygon": 1,
                "message": "a coordinate is no number", "found": "\"x\"", "expected": "an integer such as 128",
            ])
        #expect(Finding(.noPolygons, message: "none").text == "warning no-polygons: none")
    }

    @Test func comparesWithTheJSON() throws {
        func set(_ images: (String, [[Double]])...) -> AnnotationSet {
            AnnotationSet(
                images.map { name, polygons in
                    ImageAnnotation(
                        name: name,
                        words: polygons.map { values in
                            let points = stride(from: 0, to: values.count, by: 2).map {
                                Point(values[$0], values[$0 + 1])
                            }
                            return Word(id: "1", polygon: Polygon(points))
                        })
                })
        }
        let one: [Double] = [0, 0, 10, 0, 10, 10, 0, 10]
        let two: [Double] = [1, 1, 10, 0, 10, 10, 0, 10]
        func difference(_ text: String, _ predictions: AnnotationSet) throws -> [String] {
            try findings("filename,polygons\n" + text, Validation.Expectation(predictions: predictions)).map {
                #expect($0.code == .jsonMismatch)
                return "\($0.image ?? "") \($0.polygon ?? -1): \($0.found ?? ""), \($0.expected ?? "")"
            }
        }
        #expect(try difference("a,\(square)\nb,\n", set(("a", [one]))).isEmpty)
        #expect(try difference("a,\(square)\n", set(("a", [[0, 0.5, 10, 0, 10, 10.25, 0, 10]]))).isEmpty)
        #expect(try difference("a,\(square)\n", set(("a", [two]))) == ["a 0: \(square), 1 1 10 0 10 10 0 10"])
        #expect(try difference("a,\(square)\n", set(("a", [one, two]))) == ["a -1: 1 polygons, 2 polygons"])
        #expect(try difference("a,\(square)\n", set(("a", [one]), ("b", [two]))) == ["b -1: no row, 1 polygons"])
        #expect(
            try difference("a,\(square)\n", set(("b", []))) == [
                "a -1: 1 polygons, no polygons: the JSON has no such image"
            ])
    }

    @Test func takesSizesAndOrderFromTruth() throws {
        let truth = AnnotationSet([ImageAnnotation(name: "b", width: 5, height: 6), ImageAnnotation(name: "a")])
        let expectation = Validation.Expectation(like: truth)
        #expect(expectation.names == ["b", "a"] && expectation.namesAreOrdered)
        #expect(expectation.sizes == ["b": Validation.Size(width: 5, height: 6)])
        #expect(try findings("filename,polygons\na,\nb,\(square)\n", expectation).map(\.code) == [.order, .outOfImage])
    }

    /// shapely found the crossings, see make_goldens.py.
    @Test func crossingsAreThoseOfShapely() throws {
        let goldens = try #require(try JSONValue(contentsOf: TestData.fixture("Submission/crossings.json")).array)
        var crossing = 0
        for golden in goldens {
            let points = try #require(golden.object?["points"]?.array).compactMap { $0.array?.compactMap(\.int) }
            let field = points.map { "\($0[0]) \($0[1])" }.joined(separator: " ")
            let expected = golden.object?["first"]?.array?.compactMap(\.int)
            let found = try findings("filename,polygons\na,\(field)|7 7 9 7 9 9 7 9\n").filter {
                $0.code == .selfCrossing
            }
            #expect(found.count == (expected == nil ? 0 : 1), "\(field)")
            if let expected {
                #expect(found.first?.found == "the edges behind points \(expected[0]) and \(expected[1])", "\(field)")
                crossing += 1
            }
        }
        #expect(crossing > 100 && crossing < goldens.count - 100)
    }

    @Test(.enabled(if: TestData.shared != nil), arguments: ["quad", "poly"])
    func realPredictionsAreAccepted(form: String) throws {
        let set = try AnnotationJSON.read(path: TestData.shared("goldens/resnet50/resnet50_960.\(form).json")).set
        let truth = try AnnotationJSON.read(path: TestData.shared("receipts/truth.json")).set
        let bytes = Array(try SubmissionCSV.text(of: set, order: SubmissionCSV.imageOrder(of: truth)).utf8)
        let validation = Validation.run(
            try bytes.withUnsafeBytes { try CSVRows($0, path: "s.csv") },
            against: Validation.Expectation(like: truth, predictions: set))
        #expect(!validation.hasErrors)
        #expect(validation.imageCount == 63 && validation.polygonCount == set.wordCount)
        #expect(validation.sizedImageCount == 63)
    }
}
