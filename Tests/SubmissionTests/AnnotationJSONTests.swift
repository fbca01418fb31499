import Core
import Dataset
import Geometry
import Submission
import TestSupport
import Testing

@Suite struct AnnotationJSONTests {
    private func read(_ text: String) throws -> AnnotationContents {
        var text = text
        return try text.withUTF8 { try AnnotationJSON.read(UnsafeRawBufferPointer($0), path: "f.json") }
    }

    @Test func readsEveryMember() throws {
        let contents = try read(
            """
            {"version": [1, {"a": null}], "images": {
              "b=1.jpg": {"img_w": 640, "img_h": 480, "tags": ["x"], "words": {
                "0002": {"points": [[1, 2], [3.5, -4], [5, 6], [7, 8]], "transcription": "가 \\"b\\"", "score": 0.87,
                         "orientation": "Horizontal", "language": ["ko"], "illegibility": false},
                "0001": {"illegibility": true, "points": [[0, 0]], "transcription": null}}},
              "a.jpg": {}}}
            """)
        #expect(contents.notes.isEmpty && contents.format == .json)
        #expect(contents.set.extras == ["version": [1, ["a": .null]]])
        #expect(
            contents.set.images == [
                ImageAnnotation(
                    name: "b=1.jpg", width: 640, height: 480,
                    words: [
                        Word(
                            id: "0002", polygon: Polygon([Point(1, 2), Point(3.5, -4), Point(5, 6), Point(7, 8)]),
                            score: 0.87, transcription: "가 \"b\"",
                            extras: ["orientation": "Horizontal", "language": ["ko"], "illegibility": false]),
                        Word(
                            id: "0001", polygon: Polygon([Point(0, 0)]), isDontCare: true,
                            extras: ["transcription": .null]),
                    ], extras: ["tags": ["x"]]),
                ImageAnnotation(name: "a.jpg"),
            ])
    }

    @Test func skipsAndCountsWordsWithoutPoints() throws {
        let contents = try read(#"{"images": {"a": {"words": {"1": {"points": []}, "2": {"points": [[1, 2]]}}}}}"#)
        #expect(contents.set.images[0].words.map(\.id) == ["2"])
        #expect(contents.notes == ["1 words without points were skipped"])
    }

    @Test func writesOneLineAWord() throws {
        let set = AnnotationSet(
            [
                ImageAnnotation(
                    name: "a.jpg", width: 4, height: 3,
                    words: [
                        Word(id: "0001", polygon: Polygon([Point(1, 2), Point(3.25, -4)]), score: 0.580201),
                        Word(
                            id: "x", polygon: Polygon([Point(1e3, 0)]), transcription: "t\n", isDontCare: true,
                            extras: ["language": .null]),
                    ], extras: ["k": 1]),
                ImageAnnotation(name: "b\".jpg"),
            ], extras: ["settings": ["thresh": 0.22]])
        #expect(
            try AnnotationJSON.text(of: set) == #"""
                {"settings": {"thresh": 0.22}, "images": {
                "a.jpg": {"img_w": 4, "img_h": 3, "k": 1, "words": {
                "0001": {"points": [[1, 2], [3.25, -4]], "score": 0.580201},
                "x": {"points": [[1000, 0]], "transcription": "t\n", "illegibility": true, "language": null}}},
                "b\".jpg": {"words": {}}
                }}

                """#)
    }

    /// What is wrong, where it is, and what the message names.
    @Test(arguments: [
        ("[]", "1:1", "not an annotation file"),
        ("{}", "1:1", "no \"images\""),
        (#"{"image": {}}"#, "1:1", "no \"images\""),
        (#"{"images": []}"#, "1:12", "\"images\" is no object"),
        (#"{"images": {"a": 1}}"#, "1:18", "image \"a\": the image is no object"),
        (#"{"images": {"a": {"words": []}}}"#, "1:28", "image \"a\": \"words\" is no object"),
        (#"{"images": {"a": {"words": {"1": []}}}}"#, "1:34", "word \"1\": the word is no object"),
        (#"{"images": {"a": {"words": {"1": {}}}}}"#, "1:34", "word \"1\": the word has no \"points\""),
        (#"{"images": {"a": {"words": {"1": {"points": null}}}}}"#, "1:45", "the points are no list"),
        (#"{"images": {"a": {"words": {"1": {"points": [1, 2]}}}}}"#, "1:46", "the points are a flat list"),
        (#"{"images": {"a": {"words": {"1": {"points": ["1"]}}}}}"#, "1:46", "a point is no pair"),
        (#"{"images": {"a": {"words": {"1": {"points": [[1]]}}}}}"#, "1:46", "a point has 1 coordinates"),
        (#"{"images": {"a": {"words": {"1": {"points": [[1, 2, 3]]}}}}}"#, "1:46", "a point has 3 coordinates"),
        (#"{"images": {"a": {"words": {"1": {"points": [[1, "2"]]}}}}}"#, "1:50", "a coordinate is no number"),
        (#"{"images": {"a": {"words": {"1": {"points": [[[1, 2]]]}}}}}"#, "1:47", "a coordinate is no number"),
        (#"{"images": {"a": {"words": {"1": {"score": "x"}}}}}"#, "1:44", "the score is no number"),
        (#"{"images": {"a": {"words": {"1": {"transcription": 1}}}}}"#, "1:52", "the transcription is no string"),
        (#"{"images": {"a": {"img_w": 1.5}}}"#, "1:28", "\"img_w\" is no size"),
        (#"{"images": {"a": {"img_h": "9"}}}"#, "1:28", "\"img_h\" is no size"),
        (#"{"images": {"a": {"img_h": 0}}}"#, "1:28", "\"img_h\" is no size"),
    ])
    func refusesOtherShapes(text: String, place: String, message: String) {
        let error = #expect(throws: SubmissionError.self) { try read(text) }
        #expect(error?.diagnosis.status == .badData)
        #expect(error?.diagnosis.place == place)
        #expect(error?.diagnosis.what.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.diagnosis.path == "f.json" && error?.diagnosis.expected != nil && error?.diagnosis.found != nil)
    }

    @Test(arguments: [
        "", "{\"images\": {", #"{"images": {}} x"#, #"{"images": {}, "images": {}}"#,
        #"{"images": {"a": {}, "a": {}}}"#, #"{"images": {"a": {"words": {}, "words": {}}}}"#,
        #"{"images": {"a": {"words": {"1": {"points": []}, "1": {"points": []}}}}}"#,
        #"{"images": {"a": {"words": {"1": {"points": [[1, 2]], "points": [[1, 2]]}}}}}"#,
        #"{"images": {"a": {"words": {"1": {"points": [[1e400, 2]]}}}}}"#,
        #"{"images": {"a": {"words": {"1": {"points": [[NaN, 2]]}}}}}"#,
        #"{"images": {"a": {"x": 1, "x": 2}}}"#, #"{"images": {"a": {"img_w": 1, "img_w": 1}}}"#, "\u{7F}ELF\u{1}",
    ])
    func refusesWhatIsNoJSONWithPlace(text: String) {
        let error = #expect(throws: (any Error).self) { try read(text) } as? any DiagnosedError
        #expect(error?.diagnosis.status == .badData)
        #expect(error?.diagnosis.place?.contains(":") == true)
    }

    @Test func refusesInvalidUTF8() {
        let bytes = Array("{\"images\": {\"".utf8) + [0xC3, 0x28] + Array("\": {}}}".utf8)
        #expect(throws: FileError.self) { try bytes.withUnsafeBytes { try AnnotationJSON.read($0, path: "x") } }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func refusesToWriteWhatJSONCannotSay(value: Double) {
        for word in [
            Word(id: "1", polygon: Polygon([Point(1, value)])), Word(id: "1", polygon: Polygon([]), score: value),
        ] {
            let set = AnnotationSet([ImageAnnotation(name: "a", words: [word])])
            #expect(throws: SubmissionError.self) { try AnnotationJSON.text(of: set) }
            #expect(throws: SubmissionError.self) { try SubmissionCSV.text(of: set) }
            #expect(throws: SubmissionError.self) { try ICDARText.files(of: set) }
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func randomSetsReadBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let set = RandomSets.make(&generator)
            let text = try AnnotationJSON.text(of: set)
            let contents = try read(text)
            #expect(contents.set == set, "seed \(seed)")
            #expect(try AnnotationJSON.text(of: contents.set) == text)
        }
    }

    @Test(arguments: [21, 22] as [UInt64])
    func survivesDamage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        for _ in 0..<1500 {
            let bytes = damaged(Array(try AnnotationJSON.text(of: RandomSets.make(&generator)).utf8), &generator)
            do {
                _ = try bytes.withUnsafeBytes { try AnnotationJSON.read($0, path: "seed \(seed)") }
            } catch let error as DiagnosedError {
                #expect(error.diagnosis.status == .badData && error.diagnosis.place != nil)
                refused += 1
            }
        }
        #expect(refused > 500)
    }

    /// Every value of the real files, written and read again as plain JSON, but for the words without points.
    @Test(
        .enabled(if: TestData.shared != nil),
        arguments: [
            ("receipts/truth.json", 63, 3430), ("sample/truth.json", 12, nil),
            ("goldens/resnet50/resnet50_960.quad.json", 63, nil), ("goldens/folds/fold3.poly.json", 63, nil),
        ] as [(String, Int, Int?)])
    func realFilesRoundTrip(name: String, images: Int, words: Int?) throws {
        let path = TestData.shared(name)
        let contents = try AnnotationJSON.read(path: path)
        #expect(contents.set.images.count == images)
        if let words { #expect(contents.set.wordCount == words) }
        #expect(contents.notes.isEmpty)
        let text = try AnnotationJSON.text(of: contents.set)
        let original = try JSONValue(contentsOf: path)
        #expect(sorted(try JSONValue(parsing: text, path: "written")) == sorted(original))
        let keys = original.object?["images"]?.object?.keys
        #expect(contents.set.images.map(\.name) == keys)
    }

    /// `value` with every object's members by key.
    private func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(sorted))
        case .object(let members):
            var result = JSONObject()
            for (key, value) in members.sorted(by: { $0.0 < $1.0 }) { result[key] = sorted(value) }
            return .object(result)
        default: return value
        }
    }
}
