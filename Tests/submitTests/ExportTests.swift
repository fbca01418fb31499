import Core
import Foundation
import TestSupport
import Testing

/// `submit export`, and `--engine onnxruntime` through the command line.
@Suite struct ExportTests {
    @Test func writesTheNetworkOnceAndForAll() throws {
        try Workplace.with { place in
            let export = ["export", Workplace.checkpoint, "--output", "new/a.onnx"]
            let process = try place.expectDone(export)
            #expect(process.stdout == "" && process.stderr.contains("new/a.onnx: "))
            let bytes = try place.bytes("new/a.onnx")
            #expect(bytes.starts(with: [0x08, 0x08, 0x12, 0x06]))
            // The same bytes again are no error; others need --force.
            #expect(try place.expectDone(export + ["--quiet"]).stderr == "")
            try place.expectRefusal(export + ["--size", "64"], .cannotCreate, "new/a.onnx", "--force")
            try place.expectDone(export + ["--size", "64x96", "--force"])
            #expect(try place.bytes("new/a.onnx") != bytes)
        }
    }

    @Test(arguments: ["0", "33", "64x", "64x65", "x", "64x64x64", "16384", "-32"])
    func refusesASizeThatIsNone(_ size: String) throws {
        try Workplace.with { place in
            try place.expectRefusal(
                ["export", Workplace.checkpoint, "--output", "a.onnx", "--size=\(size)"], .usage, "--size")
        }
    }

    @Test func refusesWhatIsNoCheckpoint() throws {
        try Workplace.with { place in
            try place.expectRefusal(["export", "none.ckpt", "--output", "a.onnx"], .noInput, "none.ckpt")
            try place.expectRefusal(["export", "truth.json", "--output", "a.onnx"], .badData, "truth.json")
            try place.expectRefusal(
                ["export", Workplace.checkpoint, "--output", "a.onnx", "--architecture", "resnet51"], .usage, "resnet50"
            )
        }
    }

    /// Without the library: what was looked for, and what to do.
    @Test func saysWhatALibraryIsMissing() throws {
        try Workplace.with { place in
            let predict = place.predict + ["--engine", "onnxruntime"]
            try place.expectRefusal(
                predict + ["--onnxruntime", "none.so"], .noInput, "none.so", "--onnxruntime", "1.14", "pip download")
            try place.write("no library\n", to: "text.so")
            try place.expectRefusal(predict + ["--onnxruntime", "text.so"], .badData, "error: text.so: ", "1.14")
            try place.expectRefusal(
                place.predict + ["--onnxruntime", "text.so"], .usage, "--engine onnxruntime, not")
            try place.expectRefusal(
                place.predict + ["--execution-provider", "cuda"], .usage, "--engine onnxruntime, not")
            let process = try SubmitProcess.run(
                predict, in: place.folder, environment: ["SUBMIT_ONNXRUNTIME": "gone.so"])
            #expect(process.status == ExitStatus.noInput.rawValue && process.stdout == "")
            #expect(process.stderr.contains("gone.so") && process.stderr.contains("SUBMIT_ONNXRUNTIME"))
        }
    }

    @Test(.enabled(if: TestData.onnxRuntime != nil, "needs SUBMIT_ONNXRUNTIME: make test-onnxruntime"))
    func predictsByONNXRuntime() throws {
        try Workplace.withMaps { place in
            let library = try #require(TestData.onnxRuntime)
            let predict = place.predict + ["--engine", "onnxruntime", "--onnxruntime", library]
            // A store of another engine's maps is not mixed.
            try place.expectRefusal(predict, .badData, "maps", "fp32 onnxruntime")
            try FileManager.default.moveItem(atPath: place.path("maps"), toPath: place.path("ours"))
            try place.expectDone(predict + ["--batch", "2"])
            #expect(try place.text("maps/store.json").contains("\"fp32 onnxruntime\""))
            func boxes(_ maps: String) throws -> String {
                try place.expectDone(["extract", "--maps", maps, "--csv", maps + ".csv"] + Workplace.settings)
                return try place.text(maps + ".csv")
            }
            let ours = try boxes("ours")
            #expect(ours.contains("|"))
            #expect(try boxes("maps") == ours)
            try place.expectRefusal(
                predict + ["--execution-provider", "nonsense", "--maps", "other"], .failure, "nonsense",
                "CPUExecutionProvider")
        }
    }
}
