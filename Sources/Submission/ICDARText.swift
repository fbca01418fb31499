import Archive
import Core
import Dataset
import Foundation

/// ICDAR text: one file an image, one line a word, in a zip archive, a folder, or alone.
///
/// `gt_img_1.txt`, `res_img_1.txt` and `img_1.txt` are all the image `img_1`, as in the ICDAR scripts and in CLEval
/// (Baek et al., "CLEval: Character-Level Evaluation for Text Detection and Recognition Tasks", 2020), so that truth and
/// results pair by name. Lines keep their order; the scripts that sort by confidence do so when they score.
public enum ICDARText {
    /// The transcription of a region that is not to be counted.
    public static let dontCare = "###"

    /// What the reader is told; nil is found out from the files themselves.
    public struct ReadOptions: Sendable, Equatable {
        /// How lines give regions.
        public var shape: ICDARForm.Shape?
        /// Whether a confidence follows the coordinates.
        public var hasConfidence: Bool?
        /// Whether a transcription ends the line.
        public var hasTranscription: Bool?
        /// Whether only CR LF ends a line, and a CR or LF alone is dropped from it, as `--CRLF` of the scripts has it;
        /// default no: LF ends a line with or without a CR.
        public var crlf: Bool
        /// The images' file names, from a sample or truth: `img_1.txt` is then `img_1.jpg` where one has that stem.
        public var imageNames: [String]

        /// What the reader is told, by default nothing.
        public init(
            shape: ICDARForm.Shape? = nil, hasConfidence: Bool? = nil, hasTranscription: Bool? = nil,
            crlf: Bool = false, imageNames: [String] = []
        ) {
            self.shape = shape
            self.hasConfidence = hasConfidence
            self.hasTranscription = hasTranscription
            self.crlf = crlf
            self.imageNames = imageNames
        }
    }

    /// Reads the zip archive, folder of `.txt` files, or single `.txt` file at `path`.
    ///
    /// Images are in the archive's order, or sorted by name in a folder. Everything but `.txt` files is passed over and
    /// counted; so are hidden files, which are not counted.
    ///
    /// - Throws: `FileError` or the archive's error where the file cannot be read; `SubmissionError` (65) with file and
    ///   line where a line has not the form, a file is not UTF-8, or two files name one image.
    /// - Complexity: O(size).
    public static func read(path: String, options: ReadOptions = ReadOptions()) throws -> AnnotationContents {
        var others = 0
        let files = try textFiles(at: path, others: &others)
        let stems = Dictionary(
            options.imageNames.map { (stem(ofImage: $0), $0) }, uniquingKeysWith: { first, _ in first })
        var images: [ImageAnnotation] = []
        var known: [String: String] = [:]
        var lines: [ICDARLine] = []
        var places: [(file: Int, line: Int)] = []
        for (position, file) in files.enumerated() {
            let stem = stem(ofText: file.name)
            let name = stems[stem] ?? stems[withoutPrefix(stem)] ?? withoutPrefix(stem)
            if let first = known.updateValue(file.name, forKey: name) {
                throw SubmissionError.badData(
                    "two files name the image \(name.debugDescription)", path: path, found: "\(first) and \(file.name)",
                    expected: "one file an image", nextStep: "keep truth and results in archives of their own")
            }
            images.append(ImageAnnotation(name: name))
            for (number, line) in try textLines(file.bytes, crlf: options.crlf, path: path, name: file.name) {
                lines.append(ICDARLine(line))
                places.append((position, number))
            }
        }
        func place(_ index: Int) -> String { "\(files[places[index].file].name):\(places[index].line)" }

        let form: ICDARForm
        do {
            form = try ICDARForm.recognize(
                lines, shape: options.shape, hasConfidence: options.hasConfidence,
                hasTranscription: options.hasTranscription)
        } catch let ambiguity as ICDARForm.Ambiguity {
            throw SubmissionError.badData(
                "the lines can be quads or polygons", path: path, place: place(ambiguity.polygonLine),
                found: "\(lines[ambiguity.polygonLine].text.debugDescription), a polygon, and "
                    + "\(lines[ambiguity.quadLine].text.debugDescription), a quad with a number, at "
                    + place(ambiguity.quadLine),
                expected: "one shape", nextStep: "say which shape the lines have: quad or poly")
        }
        for (index, line) in lines.enumerated() {
            let position = places[index].file
            do {
                let word = try line.word(id: wordID(images[position].words.count), form: form)
                images[position].words.append(word)
            } catch let refusal as ICDARLine.Refusal {
                throw SubmissionError.badData(
                    "bad line: \(refusal.what)", path: path, place: place(index), found: refusal.found,
                    expected: form.text, nextStep: "correct the line, or say which shape the lines have")
            }
        }
        var notes = ["read as \(form.text)"]
        if others > 0 { notes.append("\(others) files that are not .txt were passed over") }
        return AnnotationContents(set: AnnotationSet(images), format: .icdar, notes: notes)
    }

    // MARK: Files

    private struct TextFile {
        let name: String
        let bytes: [UInt8]
    }

    private static func textFiles(at path: String, others: inout Int) throws -> [TextFile] {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            return try folderFiles(at: path, others: &others)
        }
        let file = try MappedFile(path: path)
        guard file.withBytes({ $0.starts(with: [0x50, 0x4B]) }) else {
            return [TextFile(name: (path as NSString).lastPathComponent, bytes: file.withBytes { Array($0) })]
        }
        let archive = try ZipArchive(path: path)
        var files: [TextFile] = []
        for entry in archive.entries {
            let parts = entry.name.split(separator: "/")
            guard let name = parts.last, !entry.name.hasSuffix("/"), !parts.contains("__MACOSX"), !name.hasPrefix(".")
            else { continue }
            guard name.hasSuffix(".txt") else {
                others += 1
                continue
            }
            files.append(TextFile(name: String(name), bytes: try archive.data(of: entry)))
        }
        return try required(files, path: path)
    }

    private static func folderFiles(at path: String, others: inout Int) throws -> [TextFile] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw SubmissionError(
                Diagnosis(.noInput, "cannot list the folder", path: path, nextStep: "check that it can be read"))
        }
        var files: [TextFile] = []
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) where !name.hasPrefix(".") {
            guard name.hasSuffix(".txt") else {
                others += 1
                continue
            }
            files.append(TextFile(name: name, bytes: try MappedFile(path: path + "/" + name).withBytes { Array($0) }))
        }
        return try required(files, path: path)
    }

    private static func required(_ files: [TextFile], path: String) throws -> [TextFile] {
        guard !files.isEmpty else {
            throw SubmissionError.badData(
                "no text files", path: path, found: "no file that ends in .txt", expected: "img_1.txt, img_2.txt, …")
        }
        return files
    }

    /// The lines that are not empty, with their numbers from 1.
    private static func textLines(_ bytes: [UInt8], crlf: Bool, path: String, name: String) throws -> [(Int, String)] {
        if let offset = bytes.withUnsafeBytes({ firstInvalidUTF8(in: $0) }) {
            throw SubmissionError.badData(
                "not UTF-8", path: path, place: "\(name): byte \(offset)",
                found: "the byte 0x" + String(bytes[offset], radix: 16, uppercase: true), expected: "UTF-8 text",
                nextStep: "save the file as UTF-8")
        }
        var result: [(Int, String)] = []
        var number = 1
        var line: [UInt8] = []
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        func finish() {
            if !line.isEmpty { result.append((number, String(decoding: line, as: UTF8.self))) }
            line.removeAll(keepingCapacity: true)
            number += 1
        }
        while start < bytes.count {
            let byte = bytes[start]
            if byte == 0x0A, !crlf || (start > 0 && bytes[start - 1] == 0x0D) {
                finish()
            } else if byte != 0x0A && byte != 0x0D {
                line.append(byte)
            }
            start += 1
        }
        finish()
        return result
    }

    // MARK: Names

    /// The name of a text file without `.txt`.
    private static func stem(ofText name: String) -> String {
        name.hasSuffix(".txt") ? String(name.dropLast(4)) : name
    }

    /// `stem` without `gt_` or `res_` in front.
    static func withoutPrefix(_ stem: String) -> String {
        for prefix in ["gt_", "res_"] where stem.hasPrefix(prefix) && stem.count > prefix.count {
            return String(stem.dropFirst(prefix.count))
        }
        return stem
    }

    /// An image's file name without its extension.
    static func stem(ofImage name: String) -> String {
        let kinds = ["jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp", "gif"]
        let path = name as NSString
        return kinds.contains(path.pathExtension.lowercased()) ? path.deletingPathExtension : name
    }
}
