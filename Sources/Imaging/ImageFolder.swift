import Core
import Foundation

/// The images of a folder, by name.
public struct ImageFolder: Sendable {
    /// The folder, as the user named it.
    public let path: String
    /// Names of the files that end in .jpg, .jpeg or .png in any case, ordered by their UTF-8 bytes.
    public let names: [String]
    /// Names of the other entries, hidden ones and folders without an image's name left out.
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
        let extensions: Set = ["jpg", "jpeg", "png"]
        var names: [String] = []
        var ignored: [String] = []
        for name in entries.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) where !name.hasPrefix(".") {
            let isImage = extensions.contains((name as NSString).pathExtension.lowercased())
            switch Self.kind(of: path + "/" + name) {
            // A link that leads nowhere is an image that cannot be read, not one that is not there.
            case S_IFREG, nil: isImage ? names.append(name) : ignored.append(name)
            case S_IFDIR where !isImage: continue
            default: ignored.append(name)
            }
        }
        self.path = path
        self.names = names
        self.ignored = ignored
        guard !names.isEmpty else {
            throw ImagingError(
                Diagnosis(
                    .noInput, "no image in the folder", path: path, found: "\(ignored.count) other files",
                    expected: "files ending in .jpg, .jpeg or .png"))
        }
    }

    /// A file, a folder or something else, links followed; nil where a link leads nowhere.
    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// The path of the image called `name`.
    public func path(of name: String) -> String {
        (path as NSString).appendingPathComponent(name)
    }
}
