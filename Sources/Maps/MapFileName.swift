import Core

/// The names of map files: the image's name as it is, where the file system takes it.
///
/// `/`, `%`, control characters and a leading dot are written as `%` and two hexadecimal digits, so images of
/// sub-folders lie flat in the store and names that differ only in their suffix stay apart. A name too long for a
/// file is cut and told apart by its SHA-256; what it was stands in the map's header.
enum MapFileName {
    static let suffix = ".map"
    /// File systems take 255 bytes; the suffix and that of a temporary file need room.
    private static let maximumBytes = 200
    private static let keptBytes = 120
    /// No byte is written like this.
    private static let cutMark = "%~"

    /// The file of the map of `imageName`.
    static func of(_ imageName: String) -> String {
        var name = ""
        for (position, scalar) in imageName.unicodeScalars.enumerated() {
            let isPlain = scalar != "/" && scalar != "%" && scalar.value >= 0x20 && scalar.value != 0x7F
            if isPlain && !(position == 0 && scalar == ".") {
                name.unicodeScalars.append(scalar)
            } else {
                name += (scalar.value < 16 ? "%0" : "%") + String(scalar.value, radix: 16, uppercase: true)
            }
        }
        if name.utf8.count > maximumBytes {
            while name.utf8.count > keptBytes { name.unicodeScalars.removeLast() }
            name += cutMark + SHA256.hexDigest(of: imageName)
        }
        return name + suffix
    }

    /// The image whose map the file `name` holds; nil where the name is no map's, or is cut.
    static func imageName(of name: String) -> String? {
        guard isMap(name) else { return nil }
        var bytes: [UInt8] = []
        var rest = Array(name.utf8.dropLast(suffix.utf8.count))[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the file `name` is a map's.
    static func isMap(_ name: String) -> Bool {
        name.hasSuffix(suffix) && name.utf8.count > suffix.utf8.count
    }
}
