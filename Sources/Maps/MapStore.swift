import Core
import Foundation

/// A folder of probability maps that survives whatever happens to the program that fills it.
///
///     store.json          what made the maps: `MapProvenance`
///     receipt_0.jpg.map   a map, whole in itself: see `MapFile`
///
/// There is no index to tear: a map is there when its file is, and a file appears whole by one rename. So maps can be
/// appended by several processes at once, and a process killed at any moment leaves at most a temporary file, which
/// the next opening for appending removes. Unreadable maps never count as done.
public struct MapStore: Sendable {
    /// The folder, as the user named it.
    public let path: String
    /// What made the maps.
    public let provenance: MapProvenance
    /// Names of the images that had a map when the store was opened, ordered by their UTF-8 bytes.
    public let imageNames: [String]

    private static let headerName = "store.json"

    // MARK: Opening

    /// Makes an empty store, with its folder where that is missing.
    ///
    /// - Throws: `MapsError` (73) where the folder has something in it; `FileError` (73) where it cannot be written.
    public static func create(at path: String, provenance: MapProvenance) throws -> MapStore {
        let present = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter {
            !$0.hasSuffix(AtomicFile.temporarySuffix)
        }
        guard present.isEmpty else {
            throw MapsError(
                Diagnosis(
                    .cannotCreate, "the folder for the maps is not empty", path: path,
                    found: present.sorted().prefix(3).joined(separator: ", "), expected: "a new or empty folder",
                    nextStep: "name another folder"))
        }
        let document: JSONValue = .object(["schema": 1, "format": "maps", "provenance": .object(provenance.json)])
        try AtomicFile.write(document.text(indent: 2) + "\n", to: headerPath(path))
        return MapStore(path: path, provenance: provenance, imageNames: [])
    }

    /// Opens a store for reading.
    ///
    /// - Throws: `MapsError`: 66 where the folder is missing or no store; 65 where `store.json` is broken or of a
    ///   later version.
    /// - Complexity: O(maps), by their names alone.
    public static func open(at path: String) throws -> MapStore {
        try MapStore(path: path, provenance: readHeader(at: path), imageNames: listNames(at: path))
    }

    /// Opens a store that has maps, for reading.
    ///
    /// - Throws: as `open(at:)`; `MapsError` (65) where the store is empty, as a broken-off run leaves it.
    public static func openFilled(at path: String) throws -> MapStore {
        let store = try open(at: path)
        guard !store.imageNames.isEmpty else {
            throw MapsError(
                Diagnosis(
                    .badData, "the store has no maps", path: path, expected: "a map an image",
                    nextStep: "run the predict or import that fills it to its end"))
        }
        return store
    }

    /// Opens the store at `path` to add maps, or makes it where the folder is missing or empty; removes what a killed
    /// run left.
    ///
    /// - Throws: `MapsError` (65) where the store's maps were made otherwise than `provenance` says, naming what
    ///   differs; else as `open(at:)` and `create(at:provenance:)`.
    public static func openForAppending(at path: String, provenance: MapProvenance) throws -> MapStore {
        if !FileManager.default.fileExists(atPath: headerPath(path)) {
            removeLeftovers(at: path)
            do {
                return try create(at: path, provenance: provenance)
            } catch {
                // Another process may have made it in between.
                guard FileManager.default.fileExists(atPath: headerPath(path)) else { throw error }
            }
        }
        let store = try open(at: path)
        let differences = store.provenance.differences(from: provenance)
        guard differences.isEmpty else {
            throw MapsError(
                Diagnosis(
                    .badData, "the store holds maps that were made otherwise; they are not mixed", path: path,
                    found: differences.map { "\($0.key) \($0.mine.text())" }.joined(separator: ", "),
                    expected: differences.map { "\($0.key) \($0.other.text())" }.joined(separator: ", "),
                    nextStep: "name another folder for these maps, or run as the store was made"))
        }
        removeLeftovers(at: path)
        return store
    }

    // MARK: Reading

    /// Whether the image has a whole map on disk now; a broken header or a wrong file length counts as none.
    public func contains(_ imageName: String) -> Bool {
        (try? entry(imageName)) != nil
    }

    /// What is known of the map of `imageName`, from its header.
    ///
    /// - Throws: `FileError` (66) where it has none; `MapsError` (65) where its file is broken.
    public func entry(_ imageName: String) throws -> MapEntry {
        let file = try MappedFile(path: mapPath(imageName))
        let entry = try MapFile.entry(of: file).entry
        try check(entry.imageName, is: imageName, in: file)
        return entry
    }

    /// The map of `imageName`, equal to what was written.
    ///
    /// - Throws: `FileError` (66) where it has none; `MapsError` (65) where its file is broken.
    public func read(_ imageName: String) throws -> ImageMap {
        let file = try MappedFile(path: mapPath(imageName))
        let map = try MapFile.decode(file)
        try check(map.imageName, is: imageName, in: file)
        return map
    }

    /// SHA-256 over the provenance and over each map's header, values' checksums included: equal for equal contents,
    /// wherever the store lies and however it was filled. For journals that must not outlive the maps they speak of.
    ///
    /// - Throws: as `entry(_:)`.
    /// - Complexity: O(maps); no values are read.
    public func fingerprint() throws -> String {
        var provenance = provenance.json
        // A checkpoint may move.
        if !self.provenance.checkpointSHA256.isEmpty { provenance["checkpoint"] = "" }
        let lines = try [provenance] + imageNames.map { try entry($0).json }
        return SHA256.hexDigest(of: lines.map { JSONValue.object($0).text() }.joined(separator: "\n"))
    }

    // MARK: Writing

    /// Adds a map. The file appears whole or not at all; a broken one in its place is replaced.
    ///
    /// - Parameters:
    ///   - encoding: how the values are kept; default `float32`, the only one that takes every map.
    ///   - overwrite: whether another map of this image is replaced; an equal one is left as it is either way.
    /// - Throws: `MapsError`: 65 where a value is no probability, or no level of `encoding`, or the map is of another
    ///   size than the store's; 73 where the image has another map. `FileError` (73) where the system refuses.
    public func write(_ map: ImageMap, encoding: MapEncoding = .float32, overwrite: Bool = false) throws {
        let place = mapPath(map.imageName)
        try check(map)
        guard let planes = encoding.planes(of: map.map.values) else {
            throw MapsError(
                Diagnosis(
                    .badData, "the map has values between the levels of \(encoding.rawValue)", path: place,
                    nextStep: "write it as float32"))
        }
        let digest = planes.withUnsafeBytes { XXH128.hexDigest(of: $0) }
        let entry = MapEntry(map, encoding: encoding, valuesDigest: digest)
        if !overwrite, let present = try? self.entry(map.imageName) {
            if present == entry { return }
            throw MapsError(
                Diagnosis(
                    .cannotCreate, "the store has another map of this image", path: place,
                    nextStep: "pass --force to replace it, or name another folder"))
        }
        try MapFile.encode(entry, planes: planes).withUnsafeBytes {
            try AtomicFile.write($0, to: place, overwrite: true)
        }
    }

    private func check(_ map: ImageMap) throws {
        let place = mapPath(map.imageName)
        guard !map.imageName.isEmpty else {
            throw MapsError(Diagnosis(.badData, "a map without an image's name", path: path))
        }
        if let (x, y) = map.map.firstBadPixel {
            throw MapsError.value(Double(map.map.values[y * map.map.width + x]), x: x, y: y, path: place)
        }
        let inverse = [map.inverse.scaleX, map.inverse.offsetX, map.inverse.scaleY, map.inverse.offsetY]
        guard inverse.allSatisfy(\.isFinite), map.imageWidth > 0, map.imageHeight > 0 else {
            throw MapsError(Diagnosis(.badData, "the map cannot be placed on its image", path: place))
        }
        if let size = provenance.size, map.map.width != size || map.map.height != size {
            throw MapsError(
                Diagnosis(
                    .badData, "the map is of another size than the store's", path: place,
                    found: "\(map.map.width) x \(map.map.height)", expected: "\(size) x \(size)"))
        }
    }

    // MARK: Files

    private static func headerPath(_ path: String) -> String {
        (path as NSString).appendingPathComponent(headerName)
    }

    private func mapPath(_ imageName: String) -> String {
        (path as NSString).appendingPathComponent(MapFileName.of(imageName))
    }

    /// Guards against map files that were renamed by hand.
    private func check(_ found: String, is imageName: String, in file: MappedFile) throws {
        guard found == imageName else {
            throw MapsError.broken(path: file.path, found: "the map of \(found)", expected: "the map of \(imageName)")
        }
    }

    private static func readHeader(at path: String) throws -> MapProvenance {
        let header = headerPath(path)
        guard FileManager.default.fileExists(atPath: header) else {
            throw MapsError(
                Diagnosis(
                    .noInput, "no map store", path: path, expected: "a folder with a \(headerName)",
                    nextStep: "make one with 'submit predict', or import maps into one"))
        }
        func broken(_ found: String, _ expected: String) -> MapsError {
            MapsError(
                Diagnosis(.badData, "the store's header is broken", path: header, found: found, expected: expected))
        }
        guard let members = try JSONValue(contentsOf: header).object, members["format"]?.string == "maps" else {
            throw broken("another document", "\"format\": \"maps\"")
        }
        guard members["schema"]?.int == 1 else {
            throw broken("schema \(members["schema"]?.text() ?? "missing")", "schema 1")
        }
        guard let provenance = members["provenance"]?.object.flatMap(MapProvenance.init) else {
            throw broken("a provenance with members missing or of another kind", "what 'predict' writes")
        }
        return provenance
    }

    private static func listNames(at path: String) throws -> [String] {
        let files: [String]
        do {
            files = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw MapsError(Diagnosis(.noInput, "cannot list the store's maps", path: path))
        }
        let names = try files.filter(MapFileName.isMap).map { file in
            if let name = MapFileName.imageName(of: file) { return name }
            let mapped = try MappedFile(path: (path as NSString).appendingPathComponent(file))
            return try MapFile.entry(of: mapped).entry.imageName
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// When this process first looked for leftovers: one with this process' id from before is a former process'.
    private static let firstLook = time(nil)

    /// Removes temporary files of processes that no longer run.
    private static func removeLeftovers(at path: String) {
        let firstLook = firstLook
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for file in files where file.hasSuffix(AtomicFile.temporarySuffix) {
            let place = (path as NSString).appendingPathComponent(file)
            let stem = file.dropLast(AtomicFile.temporarySuffix.count)
            guard let writer = stem.split(separator: ".").last.flatMap({ pid_t($0) }) else { continue }
            var status = stat()
            guard stat(place, &status) == 0 else { continue }
            let isOwn = writer == getpid()
            let isDead = kill(writer, 0) != 0 && errno == ESRCH
            if isDead || (isOwn && status.st_mtim.tv_sec < firstLook) { unlink(place) }
        }
    }
}
