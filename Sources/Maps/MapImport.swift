import Core
import Foundation
import Geometry

/// Brings probability maps from elsewhere into a store: `.npy`, `.npz` and grey PNG, a file an image.
///
/// A map's file has its image's name with another suffix (`receipt_0.npy`) or one more (`receipt_0.jpg.npy`), in the
/// same sub-folder. An `.npz` holds the map as its only array beside `inverse`, or under one of `arrayNames`.
public enum MapImport {
    /// How a map lies on its image.
    public enum Geometry: String, Sendable, CaseIterable {
        /// A square map of the letterboxed image, as the reference and `predict` make it.
        case letterbox
        /// The whole map is the whole image, each axis scaled by itself.
        case stretch
        /// As the 3x3 matrix `inverse` of the `.npz` says, map pixels to image pixels.
        case inverse
    }

    /// An image that a map is wanted for; sizes in pixels after EXIF orientation.
    public struct Image: Sendable, Equatable {
        /// The image's file name, such as `receipt_7_000.jpg`.
        public let name: String
        /// The image's size in pixels, after EXIF orientation.
        public let width, height: Int

        /// An image of this size.
        public init(name: String, width: Int, height: Int) {
            self.name = name
            self.width = width
            self.height = height
        }
    }

    /// What an import did, and what it could not: nothing is skipped in silence.
    public struct Report: Sendable, Equatable {
        /// Images that have their map now, in the images' order.
        public let imported: [String]
        /// Images that no file holds a map for.
        public let imagesWithoutMap: [String]
        /// Map files that belong to no image, by path.
        public let mapsWithoutImage: [String]
    }

    /// Names under which an `.npz` of several arrays holds the map, the first that is there.
    public static let arrayNames = ["prob", "map", "probability", "pred", "arr_0"]

    /// Imports the maps of `images` from `source` into `store`.
    ///
    /// Float maps are kept as float32 (float64 is rounded to it), 8 and 16-bit levels as levels. An image whose equal
    /// map is in the store already is left as it is, so that a broken-off import can be run again.
    ///
    /// - Parameters:
    ///   - images: in the order in which the report names them.
    ///   - source: a folder, searched with its sub-folders, or a single map file.
    ///   - store: opened for appending.
    ///   - geometry: how the maps lie on their images; default `letterbox`.
    ///   - overwrite: whether other maps of these images are replaced; default false.
    ///   - width: how many maps are read side by side; default 1.
    ///   - completed: called after each map with the number done so far.
    /// - Throws: `FileError` (66) where the source cannot be read; `MapsError` (65) naming the file where two files
    ///   claim an image or two images a file, an array is of another type or shape than a map's, a value is no
    ///   probability (naming its x and y), or the geometry does not fit.
    public static func run(
        images: [Image], from source: String, into store: MapStore, geometry: Geometry = .letterbox,
        overwrite: Bool = false, width: Int = 1, completed: (Int) -> Void = { _ in }
    ) async throws -> Report {
        let files = try MapSources(path: source, images: images)
        let found = images.compactMap { image in files.path(of: image).map { (image: image, path: $0) } }
        _ = try await parallelMap(found, width: width, completed: completed) { _, item in
            let foreign = try ForeignMap(path: item.path)
            let map = ImageMap(
                imageName: item.image.name, imageWidth: item.image.width, imageHeight: item.image.height,
                inverse: try foreign.inverse(for: item.image, geometry), map: foreign.map)
            try store.write(map, encoding: foreign.encoding, overwrite: overwrite)
        }
        let imported = Set(found.map(\.image.name))
        let used = Set(found.map(\.path))
        return Report(
            imported: found.map(\.image.name),
            imagesWithoutMap: images.map(\.name).filter { !imported.contains($0) },
            mapsWithoutImage: files.paths.filter { !used.contains($0) })
    }
}

/// The map files of an import, found by their images' names.
private struct MapSources {
    /// All map files, ordered by name.
    let paths: [String]
    private let pathsByKey: [String: String]
    private let only: String?

    init(path: String, images: [MapImport.Image]) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw MapsError(Diagnosis(.noInput, "no maps to import", path: path, nextStep: "check the path"))
        }
        var byKey: [String: String] = [:]
        let names = try isFolder.boolValue ? MapSources.list(path) : [(path as NSString).lastPathComponent]
        let folder = isFolder.boolValue ? path : (path as NSString).deletingLastPathComponent
        paths = names.map { (folder as NSString).appendingPathComponent($0) }
        for (name, path) in zip(names, paths) {
            if let other = byKey.updateValue(path, forKey: MapSources.stem(name)) {
                throw MapsError.foreign(
                    "two files for one map", path: other, found: path, expected: "one file an image",
                    nextStep: "keep one of them")
            }
        }
        pathsByKey = byKey
        only = !isFolder.boolValue && images.count == 1 ? path : nil
        try checkClaims(images)
    }

    /// The file of an image's map.
    func path(of image: MapImport.Image) -> String? {
        only ?? pathsByKey[image.name] ?? pathsByKey[MapSources.stem(image.name)]
    }

    /// Requires that no file is two images' map, as `a.npy` would be that of `a.jpg` and `a.png`.
    private func checkClaims(_ images: [MapImport.Image]) throws {
        var claims: [String: String] = [:]
        for image in images {
            guard let path = path(of: image), let other = claims.updateValue(image.name, forKey: path) else { continue }
            throw MapsError.foreign(
                "two images claim this map", path: path, found: "\(other) and \(image.name)",
                expected: "a map an image",
                nextStep: "name it after its image, suffix and all: \(image.name).npy")
        }
    }

    private static func list(_ path: String) throws -> [String] {
        let all: [String]
        do {
            all = try FileManager.default.subpathsOfDirectory(atPath: path)
        } catch {
            throw MapsError(Diagnosis(.noInput, "cannot list the folder of maps", path: path))
        }
        let suffixes = [".npy", ".npz", ".png"]
        let names = all.filter { name in suffixes.contains { name.lowercased().hasSuffix($0) } }
        guard !names.isEmpty else {
            throw MapsError(
                Diagnosis(
                    .noInput, "no maps to import", path: path, found: "\(all.count) other files",
                    expected: "files ending in .npy, .npz or .png"))
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// `name` without its last suffix, folders kept.
    private static func stem(_ name: String) -> String {
        guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { return name }
        return String(name[..<dot])
    }
}
