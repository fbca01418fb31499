import Archive
import Core
import Dataset
import Foundation
import Geometry
import Submission
import TestSupport
import Testing

@Suite struct ICDARTextTests {
    /// Reads `text` as the one file `name`.
    private func read(
        _ bytes: [UInt8], name: String = "gt_img_1.txt", _ options: ICDARText.ReadOptions = ICDARText.ReadOptions()
    ) throws -> AnnotationContents {
        try TestData.withTemporaryFolder { folder in
            // Not AtomicFile: thousands of syncs take seconds.
            #expect(FileManager.default.createFile(atPath: folder + "/" + name, contents: Data(bytes)))
            return try ICDARText.read(path: folder + "/" + name, options: options)
        }
    }

    private func read(
        _ text: String, name: String = "gt_img_1.txt", _ options: ICDARText.ReadOptions = ICDARText.ReadOptions()
    ) throws -> AnnotationContents {
        try read(Array(text.utf8), name: name, options)
    }

    private func coordinates(_ word: Word) -> [Double] {
        word.polygon.points.flatMap { [$0.x, $0.y] }
    }

    /// CLEval's own reader made the goldens, see make_goldens.py.
    @Test func linesReadAsCLEvalReadsThem() throws {
        let goldens = try #require(try JSONValue(contentsOf: TestData.fixture("Submission/icdar_lines.json")).array)
        #expect(goldens.count > 20)
        for golden in goldens {
            let members = try #require(golden.object)
            let line = try #require(members["line"]?.string)
            let options = ICDARText.ReadOptions(
                shape: members["shape"]?.string.flatMap(ICDARForm.Shape.init(rawValue:)),
                hasConfidence: members["score"] != .null, hasTranscription: members["transcription"] != .null)
            let words = try read(line, options).set.images[0].words
            #expect(words.count == 1)
            #expect(words.first.map(coordinates) == members["points"]?.array?.compactMap(\.number), "\(line)")
            #expect(words.first?.transcription == members["transcription"]?.string, "\(line)")
            #expect(words.first?.score == members["score"]?.number, "\(line)")
            #expect(words.first?.isDontCare == (members["transcription"] == "###"))
        }
    }

    /// A file, and the form that is found in it.
    @Test(arguments: [
        ("1,2,3,4,5,6,7,8,text\n1,2,3,4,5,6,7,8,12\n1,2,3,4,5,6,7,8,1,000\n", "x1,y1,x2,y2,x3,y3,x4,y4,transcription"),
        ("1,2,3,4,5,6,7,8,\n1,2,3,4,5,6,7,8\n", "x1,y1,x2,y2,x3,y3,x4,y4"),
        ("1, 2, 3, 4, 5, 6, 7, 8\r\n", "x1,y1,x2,y2,x3,y3,x4,y4"),
        ("1,2,3,4,5,6,7,8,0.5\n1,2,3,4,5,6,7,8,1\n", "x1,y1,x2,y2,x3,y3,x4,y4,confidence"),
        ("1,2,3,4,5,6,7,8,0.5,a,b\n1,2,3,4,5,6,7,8,0.25,3\n", "x1,y1,x2,y2,x3,y3,x4,y4,confidence,transcription"),
        ("1,2,3,4,5,6,7,8,1\n1,2,3,4,5,6,7,8,0\n", "x1,y1,x2,y2,x3,y3,x4,y4,transcription"),
        ("1,2,3,4\n5,6,7,8\n", "left,top,right,bottom"),
        ("1,2,3,4,a\n5,6,7,8,9\n", "left,top,right,bottom,transcription"),
        ("1,2,3,4,0.5\n5,6,7,8,0.25\n", "left,top,right,bottom,confidence"),
        ("1,2,3,4,5,6,7,8,9,10\n1,2,3,4,5,6,7,8\n", "x1,y1,x2,y2,…"),
        ("1,2,3,4,5,6,7,8,9,10,a\n1,2,3,4,5,6,7,8,b,c\n39,292,###\n", "x1,y1,x2,y2,…,transcription"),
        ("1,2,3,4,5,6,7,8,9,10,0.5\n1,2,3,4,5,6,7,8,0.25\n", "x1,y1,x2,y2,…,confidence"),
        ("", "x1,y1,x2,y2,x3,y3,x4,y4"),
    ])
    func findsTheForm(text: String, form: String) throws {
        #expect(try read(text).notes == ["read as " + form])
    }

    @Test func readsLineEndsAndByteOrderMarks() throws {
        for text in ["1,2,3,4,5,6,7,8,a\n\n1,2,3,4,5,6,7,9,b", "\u{FEFF}1,2,3,4,5,6,7,8,a\r\n1,2,3,4,5,6,7,9,b\r\n"] {
            let image = try read(text).set.images[0]
            #expect(image.name == "img_1")
            #expect(image.words.map(\.id) == ["0001", "0002"])
            #expect(image.words.map(\.transcription) == ["a", "b"])
        }
        let options = ICDARText.ReadOptions(crlf: true)
        #expect(try read("1,2,3,4,5,6,7,8,a\nb\rc\r\n", options).set.images[0].words[0].transcription == "abc")
    }

    @Test(arguments: [
        ("gt_img_1.txt", "img_1"), ("res_img_1.txt", "img_1"), ("img_1.txt", "img_1"), ("1.txt", "1"),
        ("gt_kr_doc_KR03088.txt", "kr_doc_KR03088"), ("gt_.txt", "gt_"), ("res_a.b=1.txt", "a.b=1"),
    ])
    func namesImages(file: String, image: String) throws {
        #expect(try read("", name: file).set.images[0].name == image)
        let known = ICDARText.ReadOptions(imageNames: ["x.png", image + ".JPG"])
        #expect(try read("", name: file, known).set.images[0].name == image + ".JPG")
    }

    /// A file, the line of the error and what it says.
    @Test(arguments: [
        ("1,2,3,4,5,6,7,8,a\n1,2,3,4,5,6,7,8\n", "gt_img_1.txt:2", "no transcription"),
        ("1,2,3,4,5,6,7,8\n1,2,3,4,5,6,7,\n", "gt_img_1.txt:2", "7 numbers"),
        ("hello\n", "gt_img_1.txt:1", "0 numbers"),
        ("1,2,3,4,5,6,7,8\n\n1,2,3,4,5,6,1e400,8", "gt_img_1.txt:3", "6 numbers"),
        ("9,2,3,4\n", "gt_img_1.txt:1", "left and top"),
        ("1,2,3,4,5,6,7,8,9,10,a\n1,2,3,4,5,6,7,8,1,000\n", "gt_img_1.txt:1", "quads or polygons"),
        ("1,2,3,4,5,6,7,\n", "gt_img_1.txt:1", "7 numbers"),
        ("1,2,3,4,5,6,7,8\n1,2,3,4,5,6,7,8\u{0}\n", "gt_img_1.txt:2", "7 numbers"),
    ])
    func refusesWithPlace(text: String, place: String, message: String) {
        let error = #expect(throws: SubmissionError.self) { try read(text) }
        #expect(error?.diagnosis.status == .badData)
        #expect(error?.diagnosis.place == place, "\(error?.description ?? "")")
        #expect(error?.diagnosis.what.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func refusesWhatTheFormForbids() {
        let plain = ICDARText.ReadOptions(shape: .quad, hasConfidence: false, hasTranscription: false)
        #expect(throws: SubmissionError.self) { try read("1,2,3,4,5,6,7,8,a", plain) }
        let confident = ICDARText.ReadOptions(shape: .quad, hasConfidence: true, hasTranscription: false)
        #expect(throws: SubmissionError.self) { try read("1,2,3,4,5,6,7,8", confident) }
        #expect(throws: SubmissionError.self) { try read("1,2,3,4,5,6,7,8,high", confident) }
        #expect(throws: SubmissionError.self) { try read([0x31, 0x2C, 0xFF, 0x0A]) }
    }

    @Test func readsFoldersByName() throws {
        try TestData.withTemporaryFolder { folder in
            for name in ["gt_b.txt", "gt_a.txt", ".hidden.txt", "readme.md"] {
                try AtomicFile.write("1,2,3,4,5,6,7,8,\(name)\n", to: folder + "/" + name)
            }
            let contents = try ICDARText.read(path: folder)
            #expect(contents.set.images.map(\.name) == ["a", "b"])
            #expect(contents.notes.last == "1 files that are not .txt were passed over")
            #expect(try AnnotationFile.read(path: folder) == contents.set)
            try AtomicFile.write("", to: folder + "/res_a.txt")
            let error = #expect(throws: SubmissionError.self) { try ICDARText.read(path: folder) }
            #expect(error?.diagnosis.found == "gt_a.txt and res_a.txt")
        }
        try TestData.withTemporaryFolder { folder in
            #expect(throws: SubmissionError.self) { try ICDARText.read(path: folder) }
            #expect(throws: FileError.self) { try ICDARText.read(path: folder + "/none") }
        }
    }

    @Test func writesFiles() throws {
        let quad = Polygon([Point(1, 2), Point(3, 2), Point(3, 4), Point(1, 4)])
        let set = AnnotationSet([
            ImageAnnotation(
                name: "img_1.jpg",
                words: [
                    Word(id: "1", polygon: quad, score: 0.00001234, transcription: "a, \"b\""),
                    Word(id: "2", polygon: quad, score: 1, transcription: "\"c\"", isDontCare: false),
                    Word(id: "3", polygon: quad, score: 0.5, transcription: "secret", isDontCare: true),
                ]), ImageAnnotation(name: "x.png"),
        ])
        func texts(_ options: ICDARText.WriteOptions) throws -> [String] {
            try ICDARText.files(of: set, options: options).files.map {
                $0.name + "\n" + String(decoding: $0.bytes, as: UTF8.self)
            }
        }
        #expect(
            try texts(ICDARText.WriteOptions()) == [
                "res_img_1.txt\n1,2,3,2,3,4,1,4,0.00001234,a, \"b\"\n"
                    + "1,2,3,2,3,4,1,4,1.0,\"\\\\\"c\\\\\"\"\n1,2,3,2,3,4,1,4,0.5,###\n",
                "res_x.txt\n",
            ])
        #expect(
            try texts(
                ICDARText.WriteOptions(
                    shape: .ltrb, hasConfidence: false, hasTranscription: false, prefix: "gt_", crlf: true))
                == ["gt_img_1.txt\n1,2,3,4\r\n1,2,3,4\r\n1,2,3,4\r\n", "gt_x.txt\n"])
    }

    @Test func refusesToWriteWhatWouldNotReadBack() {
        func refuses(_ image: ImageAnnotation..., options: ICDARText.WriteOptions = ICDARText.WriteOptions()) {
            #expect(throws: SubmissionError.self) { try ICDARText.files(of: AnnotationSet(image), options: options) }
        }
        let triangle = Polygon([Point(0, 0), Point(4, 0), Point(4, 3)])
        refuses()
        refuses(ImageAnnotation(name: "a.jpg"), ImageAnnotation(name: "a.png"))
        refuses(ImageAnnotation(name: "a/b.jpg"))
        refuses(ImageAnnotation(name: ""))
        refuses(ImageAnnotation(name: "gt_a.jpg"), options: ICDARText.WriteOptions(prefix: ""))
        refuses(
            ImageAnnotation(name: "a", words: [Word(id: "1", polygon: triangle)]),
            options: ICDARText.WriteOptions(shape: .quad))
        refuses(
            ImageAnnotation(name: "a", words: [Word(id: "1", polygon: triangle)]),
            options: ICDARText.WriteOptions(shape: .ltrb))
        refuses(
            ImageAnnotation(name: "a", words: [Word(id: "1", polygon: triangle)]),
            options: ICDARText.WriteOptions(hasConfidence: true))
        refuses(ImageAnnotation(name: "a", words: [Word(id: "1", polygon: Polygon([]))]))
    }

    /// What is written in any form reads back in that form, to the last bit.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func randomSetsReadBack(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<12 {
            let options = RandomSets.Options(
                hasScores: seed % 2 == 0, hasExtras: false, hasTranscriptions: seed % 3 != 0,
                corners: Bool.random(using: &generator) ? 4...4 : 1...9)
            let set = RandomSets.make(&generator, options)
            if set.images.isEmpty { continue }
            let (files, form) = try ICDARText.files(of: set)
            let contents = try TestData.withTemporaryFolder { folder in
                for file in files {
                    #expect(
                        FileManager.default.createFile(atPath: folder + "/" + file.name, contents: Data(file.bytes)))
                }
                return try ICDARText.read(
                    path: folder,
                    options: ICDARText.ReadOptions(
                        shape: form.shape, hasConfidence: form.hasConfidence, hasTranscription: form.hasTranscription,
                        imageNames: set.images.map(\.name)))
            }
            #expect(contents.set.images.count == set.images.count)
            for image in set.images { #expect(contents.set[image.name] == image, "seed \(seed)") }
        }
    }

    @Test(arguments: [41, 42] as [UInt64])
    func survivesDamage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        try TestData.withTemporaryFolder { folder in
            for round in 0..<200 {
                let set = RandomSets.make(&generator)
                if set.images.isEmpty { continue }
                guard let file = try ICDARText.files(of: set).files.max(by: { $0.bytes.count < $1.bytes.count }) else {
                    continue
                }
                let path = folder + "/\(round).txt"
                #expect(FileManager.default.createFile(atPath: path, contents: Data(damaged(file.bytes, &generator))))
                do {
                    _ = try ICDARText.read(path: path)
                } catch let error as SubmissionError {
                    #expect(error.diagnosis.status == .badData)
                    refused += 1
                }
            }
        }
        #expect(refused > 20)
    }

    /// Images, words and don't-cares counted by a plain split of the archives' lines in Python.
    @Test(
        .enabled(if: TestData.shared != nil),
        arguments: [
            ("cleval/gt_eval_doc_v1_kr.zip", 100, 10532, "x1,y1,x2,y2,x3,y3,x4,y4,transcription"),
            ("cleval/res_eval_doc_v1_kr.zip", 100, 10170, "x1,y1,x2,y2,x3,y3,x4,y4,transcription"),
            ("icdar15/gt_IC15.zip", 500, 5230, "x1,y1,x2,y2,x3,y3,x4,y4,transcription"),
            ("icdar15/gt_TotalText.zip", 300, 2548, "x1,y1,x2,y2,…,transcription"),
            ("icdar15/result.zip", 500, 2823, "x1,y1,x2,y2,x3,y3,x4,y4"),
        ])
    func readsPublishedArchives(name: String, images: Int, words: Int, form: String) throws {
        let contents = try AnnotationFile.contents(path: TestData.shared(name))
        #expect(contents.set.images.count == images)
        #expect(contents.set.wordCount == words)
        #expect(contents.notes == ["read as " + form])
    }

    @Test(.enabled(if: TestData.shared != nil))
    func publishedArchivesPairByName() throws {
        let pairs = [
            ("cleval/gt_eval_doc_v1_kr.zip", "cleval/res_eval_doc_v1_kr.zip"),
            ("icdar15/gt_IC15.zip", "icdar15/result.zip"),
        ]
        for (truth, result) in pairs {
            let names = try AnnotationFile.read(path: TestData.shared(truth)).images.map(\.name)
            #expect(Set(names) == Set(try AnnotationFile.read(path: TestData.shared(result)).images.map(\.name)))
        }
        let truth = try AnnotationFile.read(path: TestData.shared("icdar15/gt_IC15.zip"))
        #expect(truth.images.flatMap(\.words).filter { !$0.isDontCare }.count == 2077)
    }

    @Test(
        .enabled(if: TestData.shared != nil),
        arguments: ["cleval/gt_eval_doc_v1_kr.zip", "icdar15/gt_TotalText.zip", "icdar15/result.zip"])
    func publishedArchivesRoundTrip(name: String) throws {
        let set = try AnnotationFile.read(path: TestData.shared(name))
        try TestData.withTemporaryFolder { folder in
            let notes = try AnnotationFile.write(set, to: folder + "/a.zip")
            #expect(notes.isEmpty)
            #expect(try AnnotationFile.read(path: folder + "/a.zip") == set)
        }
    }
}
