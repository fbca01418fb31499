import Core
import Foundation
import ONNXRuntime
import TestSupport
import Testing

/// Where the library is looked for, and what is said of one that is not ONNX Runtime.
struct LibraryTests {
    private func refusal(path: String? = nil, environment: [String: String] = [:]) throws -> Diagnosis {
        try #require(
            #expect(throws: ONNXRuntimeError.self) {
                _ = try ONNXRuntimeLibrary(path: path, environment: environment)
            }
        ).diagnosis
    }

    @Test func namesAFileThatIsNotThere() throws {
        let flag = try refusal(path: "no/libonnxruntime.so", environment: [ONNXRuntimeLibrary.environmentKey: "other"])
        #expect(flag.status == .noInput && flag.path == "no/libonnxruntime.so")
        #expect(flag.what.contains("--onnxruntime") && flag.nextStep?.contains("pip download") == true)
        let variable = try refusal(environment: [ONNXRuntimeLibrary.environmentKey: "no/libonnxruntime.so"])
        #expect(variable.status == .noInput && variable.path == "no/libonnxruntime.so")
        #expect(variable.what.contains(ONNXRuntimeLibrary.environmentKey))
    }

    /// Where nothing names one it is the system's, or the message tells what was looked for.
    @Test func saysWhatItLookedFor() throws {
        do {
            #expect(ONNXRuntimeLibrary.loaderNames.contains(try ONNXRuntimeLibrary(environment: [:]).path))
        } catch let error as ONNXRuntimeError {
            #expect(error.diagnosis.status == .noInput && error.diagnosis.path == nil)
            for name in ONNXRuntimeLibrary.loaderNames + [ONNXRuntimeLibrary.environmentKey] {
                #expect(error.diagnosis.found?.contains(name) == true, "\(name)")
            }
        }
    }

    @Test func refusesAFileThatIsNoLibrary() throws {
        try TestData.withTemporaryFolder { folder in
            let path = folder + "/libonnxruntime.so"
            try AtomicFile.write("not a library\n", to: path)
            let diagnosis = try refusal(path: path)
            #expect(diagnosis.status == .badData && diagnosis.path == path)
            #expect(diagnosis.found?.contains(path) == true, "the loader's own reason: \(diagnosis.text)")
        }
    }

    /// A real shared library, but another: the system's C library, in the loader's folders or one below.
    @Test func refusesAnotherLibrary() throws {
        let folders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"].flatMap { folder in
            [folder] + ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { "\(folder)/\($0)" }
        }
        let path = try #require(
            folders.map { $0 + "/libc.so.6" }.first { FileManager.default.fileExists(atPath: $0) })
        let diagnosis = try refusal(path: path)
        #expect(diagnosis.status == .badData && diagnosis.what == "the library is not ONNX Runtime")
        #expect(diagnosis.found == "no symbol OrtGetApiBase")
    }

    @Test(.enabled(if: TestData.onnxRuntime != nil, "needs SUBMIT_ONNXRUNTIME: make test-onnxruntime"))
    func loadsTheRealOne() throws {
        let library = try ONNXRuntimeLibrary()
        #expect(library.version.wholeMatch(of: /\d+\.\d+\.\d+.*/) != nil)
        #expect(try ONNXRuntimeLibrary(path: library.path, environment: [:]).version == library.version)
    }
}
