import Archive
import Core
import Geometry

/// A map that another program saved, as it lies in its file.
struct ForeignMap {
    let path: String
    let map: ProbabilityMap
    /// What keeps the map as exactly as its file did.
    let encoding: MapEncoding
    /// The 3x3 matrix that came with it, row by row.
    private let matrix: [Double]?

    /// Reads the `.npy`, `.npz` or PNG at `path`, told apart by their first bytes.
    init(path: String) throws {
        self.path = path
        let file = try MappedFile(path: path)
        if file.bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
            let grey = try GreyImage(pngAt: path)
            map = grey.probabilities
            encoding = grey.bitDepth == 8 ? .uint8 : .uint16
            matrix = nil
        } else if file.bytes.starts(with: [0x50, 0x4B]) {
            let archive = try ZipArchive(file: file)
            let name = try ForeignMap.mapEntry(of: archive)
            (map, encoding) = try ForeignMap.map(of: ForeignMap.array(name, of: archive), path: path, place: name)
            matrix = archive["inverse.npy"] == nil ? nil : try ForeignMap.matrix(of: archive)
        } else {
            (map, encoding) = try ForeignMap.map(of: NPYArray(file.bytes, path: path), path: path, place: nil)
            matrix = nil
        }
    }

    /// The way from map pixels to the pixels of `image`.
    func inverse(for image: MapImport.Image, _ geometry: MapImport.Geometry) throws -> MapToImageTransform {
        switch geometry {
        case .letterbox:
            guard map.width == map.height else {
                throw MapsError.foreign(
                    "a letterbox's map is square", path: path, found: "\(map.width) x \(map.height)",
                    nextStep: "import with geometry 'stretch' where the map covers its image, or 'inverse'")
            }
            let inverse = Letterbox(imageWidth: image.width, imageHeight: image.height, side: map.width).inverse
            if let stored = try stored(), !ForeignMap.agree(stored, inverse) {
                throw MapsError.foreign(
                    "the file's own inverse is not the letterbox's", path: path, place: "inverse", found: "\(stored)",
                    expected: "\(inverse) for an image of \(image.width) x \(image.height)",
                    nextStep: "import with geometry 'inverse', or check the images' sizes")
            }
            return inverse
        case .stretch:
            return MapToImageTransform(
                scaleX: Double(image.width) / Double(map.width), offsetX: 0,
                scaleY: Double(image.height) / Double(map.height), offsetY: 0)
        case .inverse:
            guard let stored = try stored() else {
                throw MapsError.foreign(
                    "the file says not how the map lies on its image", path: path, expected: "an .npz with 'inverse'",
                    nextStep: "import with geometry 'letterbox' or 'stretch'")
            }
            return stored
        }
    }

    /// The matrix as scale and offset of each axis.
    private func stored() throws -> MapToImageTransform? {
        guard let matrix else { return nil }
        let zeros = [1, 3, 6, 7].map { matrix[$0] }
        guard zeros.allSatisfy({ $0 == 0 }), matrix[8] == 1, matrix[0] > 0, matrix[4] > 0,
            matrix.allSatisfy(\.isFinite)
        else {
            throw MapsError.foreign(
                "the inverse turns or skews", path: path, place: "inverse", found: "\(matrix)",
                expected: "a scale and an offset an axis")
        }
        return MapToImageTransform(scaleX: matrix[0], offsetX: matrix[2], scaleY: matrix[4], offsetY: matrix[5])
    }

    /// Whether two transforms put the same map pixel within a thousandth of an image pixel.
    private static func agree(_ a: MapToImageTransform, _ b: MapToImageTransform) -> Bool {
        let near = { (a: Double, b: Double) in abs(a - b) <= 1e-3 }
        return near(a.offsetX, b.offsetX) && near(a.offsetY, b.offsetY) && near(a.scaleX * 4096, b.scaleX * 4096)
            && near(a.scaleY * 4096, b.scaleY * 4096)
    }

    // MARK: Arrays

    private static func mapEntry(of archive: ZipArchive) throws -> String {
        let names = archive.entries.map(\.name).filter { $0.hasSuffix(".npy") && $0 != "inverse.npy" }
        if names.count == 1 { return names[0] }
        guard let name = MapImport.arrayNames.map({ $0 + ".npy" }).first(where: names.contains) else {
            throw MapsError.foreign(
                "no telling which array is the map", path: archive.file.path,
                found: names.isEmpty ? "no array" : names.map { String($0.dropLast(4)) }.joined(separator: ", "),
                expected: "one array beside 'inverse', or one named \(MapImport.arrayNames.joined(separator: ", "))")
        }
        return name
    }

    private static func array(_ name: String, of archive: ZipArchive) throws -> NPYArray {
        guard let entry = archive[name] else {
            throw MapsError.foreign("an array is missing", path: archive.file.path, place: name)
        }
        return try archive.data(of: entry).withUnsafeBytes {
            try NPYArray($0, path: archive.file.path, place: name)
        }
    }

    private static func matrix(of archive: ZipArchive) throws -> [Double] {
        let array = try array("inverse.npy", of: archive)
        guard array.shape == [3, 3] else {
            throw MapsError.foreign(
                "the inverse is no 3x3 matrix", path: archive.file.path, place: "inverse", found: "\(array.shape)")
        }
        return array.values
    }

    private static func map(
        of array: NPYArray, path: String, place: String?
    ) throws -> (map: ProbabilityMap, encoding: MapEncoding) {
        guard array.shape.count >= 2, array.shape.dropLast(2).allSatisfy({ $0 == 1 }) else {
            throw MapsError.foreign(
                "not the shape of one map", path: path, place: place, found: "\(array.shape)",
                expected: "(H,W), (1,H,W) or (1,1,H,W)")
        }
        let (height, width) = (array.shape[array.shape.count - 2], array.shape[array.shape.count - 1])
        let encoding: MapEncoding =
            switch array.type {
            case .uint8: .uint8
            case .uint16: .uint16
            case .float16, .float32, .float64: .float32
            }
        let values = array.values.map { value in
            encoding.highest.map { Float(value) / $0 } ?? Float(value)
        }
        // The Float64 itself is judged: 1 + 1e-12 would pass for 1 once rounded.
        if encoding == .float32, let bad = array.values.firstIndex(where: { !($0 >= 0 && $0 <= 1) }) {
            throw MapsError.value(array.values[bad], x: bad % width, y: bad / width, path: path)
        }
        return (ProbabilityMap(width: width, height: height, values: values), encoding)
    }
}
