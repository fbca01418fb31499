import Core
import Dataset
import Foundation
import Submission

/// A submission CSV as it stands on disk, with what its sidecar says.
public struct SubmittedFile: Sendable, Hashable {
    /// The path that identifies the file; see `standardPath`.
    public let path: String
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    public let sha256: String
    /// Rows, one an image.
    public let images: Int
    /// Boxes over all images.
    public let boxes: Int
    /// What `PATH.json` says; nil where there is no such file.
    public let sidecar: Sidecar?

    init(path: String, sha256: String, images: Int, boxes: Int, sidecar: Sidecar?) {
        self.path = path
        self.sha256 = sha256
        self.images = images
        self.boxes = boxes
        self.sidecar = sidecar
    }

    /// Reads the CSV at `path` and, where one stands beside it, its sidecar.
    ///
    /// - Throws: `FileError` (66) where the CSV cannot be read; `SubmissionError` (65) where it is none;
    ///   `LedgerError` or `FileError` (65) where the sidecar is none or is of other contents.
    /// - Complexity: O(size).
    public init(reading path: String) throws {
        let file = try MappedFile(path: path)
        let sha256 = file.sha256()
        let set = try file.withBytes { try SubmissionCSV.read($0, path: path).set }
        self.init(
            path: Self.standardPath(path), sha256: sha256, images: set.images.count, boxes: set.wordCount,
            sidecar: try Sidecar(beside: path, sha256: sha256))
    }

    /// `path` without `.`, `..` and doubled slashes, seen from the working folder where it lies below that: one file
    /// has one entry however it was named.
    public static func standardPath(_ path: String) -> String {
        let folder = FileManager.default.currentDirectoryPath
        let whole = ((path as NSString).isAbsolutePath ? path : folder + "/" + path)
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let standard = "/" + parts.joined(separator: "/")
        let root = folder.hasSuffix("/") ? folder : folder + "/"
        return standard.hasPrefix(root) ? String(standard.dropFirst(root.count)) : standard
    }
}
