import Core
import Foundation

/// The images of a folder, by name.
public struct ImageFolder: Sendable {
    /// The folder, as the user named it.
    public let path: String
    /// Names of the files that end in .jpg, .jpeg or .png in any case, ordered by their UTF-8 bytes.
    public let names: [String]
    /// Names of the other files, hidden ones left out.
    public let ignored: [String]

    /// Lists the folder `path`, not its sub-folders.
    ///
    /// - Throws: `ImagingError` (66) where there is no such folder, or no image in it.
    public init(path: String) throws {
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw ImagingError(
                Diagnosis(.noInput, "cannot list the folder of images", path: path, nextStep: "check the path"))
        }
        let files = entries.filter { name in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
            return exists && !isFolder.boolValue && !name.hasPrefix(".")
        }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let extensions: Set = ["jpg", "jpeg", "png"]
        self.path = path
        names = files.filter { extensions.contains(($0 as NSString).pathExtension.lowercased()) }
        ignored = files.filter { !extensions.contains(($0 as NSString).pathExtension.lowercased()) }
        guard !names.isEmpty else {
            throw ImagingError(
                Diagnosis(
                    .noInput, "no image in the folder", path: path, found: "\(files.count) other files",
                    expected: "files ending in .jpg, .jpeg or .png"))
        }
    }

    /// The path of the image called `name`.
    public func path(of name: String) -> String {
        (path as NSString).appendingPathComponent(name)
    }
}
