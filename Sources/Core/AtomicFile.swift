import Foundation

/// Writes whole files or nothing: temporary name in the same folder, synced, renamed.
public enum AtomicFile {
    /// Temporary files carry this suffix; a killed run can leave one behind, never a half-written target.
    public static let temporarySuffix = ".partial"

    /// Writes `bytes` to `path`, creating missing folders.
    ///
    /// - Parameters:
    ///   - path: the target; its folder is created where missing.
    ///   - overwrite: whether an existing target with other contents is replaced; one with these very bytes is left
    ///     as it is, so that a command run twice is done twice.
    /// - Throws: `FileError` (73) where the target exists with other contents and `overwrite` is false, or the system
    ///   refuses; the target is then as it was and the temporary file is gone.
    public static func write(_ bytes: some Sequence<UInt8>, to path: String, overwrite: Bool = false) throws {
        let contiguous = ContiguousArray(bytes)
        try contiguous.withUnsafeBytes { try write($0, to: path, overwrite: overwrite) }
    }

    /// Writes UTF-8 `text` to `path`; see `write(_:to:overwrite:)`.
    public static func write(_ text: String, to path: String, overwrite: Bool = false) throws {
        try write(text.utf8, to: path, overwrite: overwrite)
    }

    /// Writes the bytes of `buffer` to `path`; see `write(_:to:overwrite:)`.
    public static func write(_ buffer: UnsafeRawBufferPointer, to path: String, overwrite: Bool) throws {
        if !overwrite, try stands(buffer, at: path) { return }
        try write(to: path, overwrite: overwrite) { try writeAll(buffer, to: $0, path: path) }
    }

    /// Writes what `body` emits, piece by piece, to `path`: a long file is never whole in memory. See
    /// `write(_:to:overwrite:)`; an error of `body` leaves the target as it was too.
    public static func write(
        to path: String, overwrite: Bool = false,
        pieces body: (_ emit: @escaping (String) throws -> Void) throws -> Void
    ) throws {
        try write(to: path, overwrite: overwrite) { try writePieces(to: $0, path: path, body) }
    }

    private static func write(to path: String, overwrite: Bool, _ fill: (Int32) throws -> Void) throws {
        try createFolder(at: (path as NSString).deletingLastPathComponent)
        let temporary = "\(path).\(getpid())\(temporarySuffix)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw FileError.system(
                .cannotCreate, "cannot create the file", path: path,
                nextStep: "check that the folder exists and can be written")
        }
        do {
            do {
                try fill(descriptor)
                guard fsync(descriptor) == 0 else { throw FileError.system(.cannotCreate, "cannot sync", path: path) }
            } catch {
                close(descriptor)
                throw error
            }
            // Closed once whatever it answers: a second close could hit a file that another thread has just opened.
            guard close(descriptor) == 0 else { throw FileError.system(.cannotCreate, "cannot close", path: path) }
            // `link` refuses an existing target even where another process made it since the check above.
            if overwrite {
                guard rename(temporary, path) == 0 else {
                    throw FileError.system(.cannotCreate, "cannot rename into place", path: path)
                }
            } else if link(temporary, path) == 0 {
                unlink(temporary)
            } else if errno == EEXIST {
                let written = try MappedFile(path: temporary)
                guard try written.withBytes({ try stands($0, at: path) }) else { throw existing(path) }
                unlink(temporary)
            } else {
                // A file system without hard links, such as exFAT.
                guard rename(temporary, path) == 0 else {
                    throw FileError.system(.cannotCreate, "cannot move into place", path: path)
                }
            }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Whether the very bytes of `text` stand at `path`; look before several files are written that belong together.
    ///
    /// - Throws: `FileError` (73) where others do.
    @discardableResult
    public static func stands(_ text: String, at path: String) throws -> Bool {
        try ContiguousArray(text.utf8).withUnsafeBytes { try stands($0, at: path) }
    }

    private static func stands(_ buffer: UnsafeRawBufferPointer, at path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        guard let present = try? MappedFile(path: path), present.withBytes({ $0.elementsEqual(buffer) }) else {
            throw existing(path)
        }
        return true
    }

    /// Creates the folder `path` and its parents where missing; an empty path is the working folder.
    public static func createFolder(at path: String) throws {
        guard !path.isEmpty else { return }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw FileError(
                Diagnosis(
                    .cannotCreate, "cannot create the folder", path: path,
                    nextStep: "check that its parent can be written and that no file has this name"))
        }
    }

    private static func existing(_ path: String) -> FileError {
        FileError(
            Diagnosis(
                .cannotCreate, "the file exists with other contents and is not overwritten", path: path,
                nextStep: forceHint))
    }

    private static let forceHint = "pass --force to replace it, or name another file"

    /// Writes what `body` emits to an open file, a pipe or a terminal, in blocks.
    ///
    /// - Throws: `FileError` (73) that names `path` and the system's reason; what `body` throws.
    public static func writePieces(
        to descriptor: Int32, path: String, _ body: (_ emit: @escaping (String) throws -> Void) throws -> Void
    ) throws {
        let block = 1 << 16
        var bytes: [UInt8] = []
        func flush() throws {
            try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
            bytes.removeAll(keepingCapacity: true)
        }
        try body { piece in
            bytes.append(contentsOf: piece.utf8)
            if bytes.count >= block { try flush() }
        }
        try flush()
    }

    /// Writes all of `buffer` to an open file, a pipe or a terminal.
    ///
    /// - Throws: `FileError` (73) that names `path` and the system's reason.
    public static func writeAll(_ buffer: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError.system(
                    .cannotCreate, "cannot write", path: path,
                    nextStep: "free space on the disk, then run the command again")
            }
            rest = rest.dropFirst(count)
        }
    }
}
