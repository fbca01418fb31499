import Archive
import Core
import Dataset
import Foundation
import Geometry
import Submission
import TestSupport
import Testing

@Suite struct AnnotationFileTests {
    private let square = Polygon([Point(0, 0), Point(10, 0), Point(10, 10), Point(0, 10)])

    private var full: AnnotationSet {
        AnnotationSet(
            [
                ImageAnnotation(
                    name: "b.jpg", width: 40, height: 30,
                    words: [
                        Word(
                            id: "0001", polygon: square, score: 0.5, transcription: "a, b", extras: ["language": "ko"]),
                        Word(id: "7", polygon: square, score: 0.25, transcription: "hidden", isDontCare: true),
                    ]), ImageAnnotation(name: "a.jpg"),
            ], extras: ["settings": ["thresh": 0.22]])
    }

    @Test func tellsFormatsByContentsAndName() throws {
        try TestData.withTemporaryFolder { folder in
            func format(_ name: String, _ text: String) throws -> FileFormat {
                try AtomicFile.write(text, to: folder + "/" + name, overwrite: true)
                return try AnnotationFile.format(of: folder + "/" + name)
            }
            #expect(try format("a", "\u{FEFF} \n{") == .json)
            #expect(try format("a.csv", " {") == .json)
            #expect(try format("a.json", "filename,polygons\n") == .csv)
            #expect(try format("a.bin", "PK\u{3}\u{4}") == .icdar)
            #expect(try format("b.CSV", "") == .csv)
            #expect(try format("b.json", "[") == .json)
            #expect(try format("b.txt", "1,2,3,4") == .icdar)
            let ofFolder = try AnnotationFile.format(of: folder)
            #expect(ofFolder == .icdar)
            let error = #expect(throws: SubmissionError.self) { try format("b.bin", "x") }
            #expect(error?.diagnosis.nextStep != nil && error?.diagnosis.path == folder + "/b.bin")
            let missing = #expect(throws: FileError.self) { try AnnotationFile.read(path: folder + "/none.json") }
            #expect(missing?.diagnosis.status == .noInput)
        }
    }

    @Test func jsonKeepsEverything() throws {
        try TestData.withTemporaryFolder { folder in
            #expect(try AnnotationFile.write(full, to: folder + "/a.json").isEmpty)
            let contents = try AnnotationFile.contents(path: folder + "/a.json")
            #expect(contents.set == full && contents.format == .json && contents.notes.isEmpty)
        }
    }

    @Test func csvSaysWhatItLeavesOut() throws {
        try TestData.withTemporaryFolder { folder in
            let options = AnnotationFile.WriteOptions(order: ["a.jpg", "z.jpg", "b.jpg"])
            let notes = try AnnotationFile.write(full, to: folder + "/a.csv", options: options)
            let lost = "left out, as the format has no place for them: "
            #expect(
                notes == [
                    lost + "2 scores", lost + "2 transcriptions", lost + "1 don't-care marks",
                    lost + "1 word ids that are not numbers in order", lost + "1 image sizes", lost + "2 other members",
                    "1 images of the order are not in the predictions: written without polygons",
                ])
            let read = try AnnotationFile.read(path: folder + "/a.csv")
            #expect(read.images.map(\.name) == ["a.jpg", "z.jpg", "b.jpg"])
            #expect(read["b.jpg"]?.words.map(\.polygon) == [square, square])
        }
    }

    @Test func archivesSayWhatTheyLeaveOut() throws {
        try TestData.withTemporaryFolder { folder in
            let notes = try AnnotationFile.write(full, to: folder + "/a.zip")
            let lost = "left out, as the format has no place for them: "
            #expect(
                notes == [
                    lost + "1 transcriptions of don't-care words, written as ###",
                    lost + "1 word ids that are not numbers in order", lost + "1 image sizes", lost + "2 other members",
                    "2 image names lose their extension: read them back with the names of a sample",
                ])
            let read = try AnnotationFile.contents(
                path: folder + "/a.zip", icdar: ICDARText.ReadOptions(imageNames: ["a.jpg", "b.jpg"]))
            let expected = AnnotationSet([
                ImageAnnotation(
                    name: "b.jpg",
                    words: [
                        Word(id: "0001", polygon: square, score: 0.5, transcription: "a, b"),
                        Word(id: "0002", polygon: square, score: 0.25, transcription: "###", isDontCare: true),
                    ]), ImageAnnotation(name: "a.jpg"),
            ])
            #expect(read.set == expected)
        }
    }

    /// JSON to archive to JSON to CSV to archive, and whatever each can hold is still there.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func conversionsAreExact(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        try TestData.withTemporaryFolder { folder in
            for round in 0..<4 {
                let options = RandomSets.Options(hasExtras: false, corners: round % 2 == 0 ? 4...4 : 1...9)
                let set = RandomSets.make(&generator, options)
                let names = set.images.map(\.name)
                if names.isEmpty { continue }
                let base = "\(folder)/\(round)"
                try AnnotationFile.write(set, to: base + ".json")
                let read = try AnnotationFile.read(path: base + ".json")
                let files = try ICDARText.files(of: read)
                try AnnotationFile.write(read, to: base + ".zip")
                let back = try AnnotationFile.contents(
                    path: base + ".zip",
                    icdar: ICDARText.ReadOptions(
                        shape: files.form.shape, hasConfidence: files.form.hasConfidence,
                        hasTranscription: files.form.hasTranscription, imageNames: names))
                #expect(back.set == set, "seed \(seed), round \(round)")
                try AnnotationFile.write(back.set, to: base + ".csv")
                let polygons = try AnnotationFile.read(path: base + ".csv")
                #expect(polygons.images.map(\.name) == names)
                #expect(polygons.images.map { $0.words.map(\.polygon) } == set.images.map { $0.words.map(\.polygon) })
            }
        }
    }

    @Test func overwritesOnlyWhenTold() throws {
        try TestData.withTemporaryFolder { folder in
            for name in ["a.json", "a.csv", "a.zip"] {
                let path = folder + "/" + name
                try AnnotationFile.write(full, to: path)
                try AnnotationFile.write(full, to: path)
                let other = AnnotationSet([ImageAnnotation(name: "other.jpg")])
                let error = #expect(throws: FileError.self) { try AnnotationFile.write(other, to: path) }
                #expect(error?.diagnosis.status == .cannotCreate)
                try AnnotationFile.write(other, to: path, overwrite: true)
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.csv", "a.json", "a.zip"])
            for name in ["a", "a.txt", "a.xml"] {
                #expect(throws: SubmissionError.self) { try AnnotationFile.write(full, to: folder + "/" + name) }
            }
        }
    }

    @Test func aRefusedSetLeavesNoFile() throws {
        try TestData.withTemporaryFolder { folder in
            let set = AnnotationSet([
                ImageAnnotation(name: "a.jpg", words: [Word(id: "1", polygon: Polygon([Point(.nan, 0)]))])
            ])
            for name in ["a.json", "a.csv", "a.zip"] {
                #expect(throws: SubmissionError.self) { try AnnotationFile.write(set, to: folder + "/" + name) }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.isEmpty)
        }
    }

    @Test func refusesDamagedArchives() throws {
        var generator = SeededGenerator(seed: 5)
        try TestData.withTemporaryFolder { folder in
            try AnnotationFile.write(full, to: folder + "/good.zip")
            let good = try MappedFile(path: folder + "/good.zip").withBytes { Array($0) }
            var refused = 0
            for round in 0..<300 {
                let path = "\(folder)/\(round).zip"
                #expect(FileManager.default.createFile(atPath: path, contents: Data(damaged(good, &generator))))
                do {
                    _ = try AnnotationFile.read(path: path)
                } catch let error as DiagnosedError {
                    #expect(error.diagnosis.status == .badData)
                    refused += 1
                }
            }
            #expect(refused > 200)
        }
    }

    @Test func archivesOfOtherThingsAreRefused() throws {
        try TestData.withTemporaryFolder { folder in
            var writer = ZipWriter()
            writer.add("data.pkl", [1, 2, 3])
            writer.add("__MACOSX/._a.txt", [1])
            try AtomicFile.write(writer.finish(), to: folder + "/a.zip")
            let error = #expect(throws: SubmissionError.self) { try AnnotationFile.read(path: folder + "/a.zip") }
            #expect(error?.diagnosis.what == "no text files")
        }
    }
}
