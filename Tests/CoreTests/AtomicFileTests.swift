import Core
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func text(_ path: String) throws -> String {
        try MappedFile(path: path).withBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test func writesAndCreatesFolders() throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/a/b/c.txt"
            try AtomicFile.write("hello", to: path)
            #expect(try text(path) == "hello")
            #expect(try names(folder + "/a/b") == ["c.txt"])
        }
    }

    @Test func writesEmptyFiles() throws {
        try TestData.withTemporaryFolder { folder in
            try AtomicFile.write("", to: folder + "/empty")
            #expect(try text(folder + "/empty").isEmpty)
        }
    }

    @Test func refusesToReplaceOtherContents() throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/a"
            try AtomicFile.write("old", to: path)
            let error = #expect(throws: FileError.self) { try AtomicFile.write("new", to: path) }
            #expect(error?.diagnosis.status == .cannotCreate)
            #expect(error?.diagnosis.nextStep?.contains("--force") == true)
            #expect(try text(path) == "old")
            #expect(try names(folder) == ["a"])
        }
    }

    @Test func writingTheSameContentsTwiceIsDone() throws {
        try TestData.withTemporaryFolder { folder in
            try AtomicFile.write("same", to: folder + "/a")
            try AtomicFile.write("same", to: folder + "/a")
            #expect(try names(folder) == ["a"])
        }
    }

    @Test func overwritesWhenTold() throws {
        try TestData.withTemporaryFolder { folder in
            try AtomicFile.write("old and longer", to: folder + "/a")
            try AtomicFile.write("new", to: folder + "/a", overwrite: true)
            #expect(try text(folder + "/a") == "new")
            #expect(try names(folder) == ["a"])
        }
    }

    /// More pieces than one block holds.
    @Test func writesPieces() throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/a"
            let pieces = (0..<5000).map { "piece \($0)\n" + String(repeating: "é", count: $0 % 50) }
            for _ in 0..<2 {
                try AtomicFile.write(to: path) { emit in for piece in pieces { try emit(piece) } }
                #expect(try text(path) == pieces.joined() && names(folder) == ["a"])
            }
            let error = #expect(throws: FileError.self) { try AtomicFile.write(to: path) { try $0("other") } }
            #expect(error?.diagnosis.status == .cannotCreate)
            #expect(try text(path) == pieces.joined() && names(folder) == ["a"])
            try AtomicFile.write(to: path, overwrite: true) { try $0("other") }
            #expect(try text(path) == "other" && names(folder) == ["a"])
        }
    }

    @Test(arguments: [false, true]) func anErrorBetweenPiecesLeavesNothing(overwrite: Bool) throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/a"
            for present in [nil, "old"] {
                if let present { try AtomicFile.write(present, to: path) }
                #expect(throws: CancellationError.self) {
                    try AtomicFile.write(to: path, overwrite: overwrite) { emit in
                        try emit(String(repeating: "new", count: 100_000))
                        throw CancellationError()
                    }
                }
                #expect(try names(folder) == (present == nil ? [] : ["a"]))
                if let present { #expect(try text(path) == present) }
            }
        }
    }

    @Test(arguments: [false, true])
    func leavesNothingBehindWhereTheTargetIsAFolder(overwrite: Bool) throws {
        try TestData.withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/a", withIntermediateDirectories: false)
            let error = #expect(throws: FileError.self) {
                try AtomicFile.write("x", to: folder + "/a", overwrite: overwrite)
            }
            #expect(error?.diagnosis.status == .cannotCreate)
            #expect(try names(folder) == ["a"])
        }
    }

    @Test func refusesAFolderThatIsAFile() throws {
        try TestData.withTemporaryFolder { folder in
            try AtomicFile.write("x", to: folder + "/file")
            let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: folder + "/file/b") }
            #expect(error?.diagnosis.status == .cannotCreate)
            #expect(error?.diagnosis.path == folder + "/file")
        }
    }

    /// A folder that takes no files, whoever asks.
    @Test func refusesAPseudoFolder() {
        let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: "/proc/self/submit-test") }
        #expect(error?.diagnosis.status == .cannotCreate)
    }

    @Test func manyThreadsWriteOneFileEach() async throws {
        try await TestData.withTemporaryFolder { folder in
            _ = try await parallelMap(Array(0..<64), width: 8) { index, _ in
                try AtomicFile.write("\(index)", to: folder + "/\(index)")
            }
            #expect(try names(folder).count == 64)
            for index in 0..<64 { #expect(try text(folder + "/\(index)") == "\(index)") }
        }
    }

    @Test func mapsOnlyRegularFiles() throws {
        try TestData.withTemporaryFolder { folder in
            let error = #expect(throws: FileError.self) { try MappedFile(path: folder) }
            #expect(error?.diagnosis.status == .noInput)
            let missing = #expect(throws: FileError.self) { try MappedFile(path: folder + "/none") }
            #expect(missing?.diagnosis.what.contains("No such file") == true)
        }
    }
}
