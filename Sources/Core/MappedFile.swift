import Glibc
import Synchronization

/// A file mapped read-only into memory for as long as this object lives.
///
/// Sendable: the mapping is private and never written, and the address does not change after `init`.
public final class MappedFile: @unchecked Sendable {
    /// The path as it was given.
    public let path: String
    /// The file's bytes; valid while the object lives, which after its last use it may not: hold it in a property, or
    /// read through `withBytes`. `MappedFile(path: path).bytes` points at nothing.
    public let bytes: UnsafeRawBufferPointer
    private let digest = Mutex<String?>(nil)

    /// Maps the file at `path`.
    ///
    /// - Throws: `FileError`: 66 where there is no such file or it is a folder, or it cannot be read.
    public init(path: String) throws {
        self.path = path
        // A named pipe without a writer would block here.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw FileError.system(.noInput, "cannot open", path: path, nextStep: "check the path")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError.system(.noInput, "cannot read", path: path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(Diagnosis(.noInput, "not a file", path: path, expected: "a regular file"))
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw FileError.system(.noInput, "cannot map", path: path)
        }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit {
        if let address = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: address), bytes.count) }
    }

    /// Runs `body` with the file's bytes, which are valid while it runs.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// SHA-256 of the whole file, 64 hexadecimal digits. Complexity: O(size), once.
    public func sha256() -> String {
        digest.withLock { digest in
            let known = digest ?? withBytes { SHA256.hexDigest(of: $0) }
            digest = known
            return known
        }
    }

    /// Gives the memory of what was read back to the system; what is read again comes from the file.
    public func releasePages() {
        guard let address = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: address), bytes.count, MADV_DONTNEED)
    }
}
