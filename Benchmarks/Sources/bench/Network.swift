import Checkpoint
import Core
import DBHead
import Foundation
import Imaging
import Inference
import Synchronization

/// Our network for network.py, which runs it and its peers by turns.
///
///     bench network CHECKPOINT IMAGE FOLDER precision=fp32 side=960 batch=1 threads=2 streams=1 calibration=FILE
///
/// One image, `batch` times, goes through the network once, which compiles it; then each line of stdin is a run, of as
/// many batches at once as there are streams. Each run is a line of stdout, `{"seconds": …, "images": …, "peak_bytes":
/// …}`; where there is no network, `{"error": …}` is the only one.
/// FOLDER receives the first run's input and output as raw Float32, for the peers to run and to compare.
struct NetworkWorker {
    private let (checkpoint, image, folder): (String, String, String)
    private let calibration: String
    private let options: EngineOptions
    private let (side, batch): (Int, Int)

    init(_ arguments: ArraySlice<String>) {
        let words = Array(arguments)
        var values = ["precision": "fp32", "side": "960", "batch": "1", "threads": "2", "streams": "1", "calibration": ""]
        for word in words.dropFirst(3) {
            let parts = word.split(separator: "=").map(String.init)
            if parts.count == 2, values[parts[0]] != nil { values[parts[0]] = parts[1] }
        }
        guard words.count >= 3, let precision = EngineOptions.Precision(rawValue: values["precision"] ?? ""),
            let side = Int(values["side"] ?? ""), let batch = Int(values["batch"] ?? ""),
            let threads = Int(values["threads"] ?? ""), let streams = Int(values["streams"] ?? "")
        else {
            FileHandle.standardError.write(Data("usage: bench network CHECKPOINT IMAGE FOLDER [key=value …]\n".utf8))
            exit(64)
        }
        (checkpoint, image, folder) = (words[0], words[1], words[2])
        (self.side, self.batch) = (side, batch)
        calibration = values["calibration"] ?? ""
        options = EngineOptions(precision: precision, threads: threads, streams: streams, padding: letterboxPadding)
    }

    /// Tells on stdout why there is no network, where there is none.
    func serve() throws {
        let detector: TextDetector
        do {
            detector = try makeDetector()
        } catch let error as InferenceError {
            let diagnosis = error.diagnosis
            let reason = [diagnosis.what, diagnosis.found].compactMap { $0 }.joined(separator: ": ")
            return write(["error": .string(reason)])
        }
        try serve(detector)
    }

    private func makeDetector() throws -> TextDetector {
        var options = options
        if options.precision == .int8 { options.calibration = try CalibrationFile(contentsOf: calibration).calibration }
        return try TextDetector(checkpoint: Checkpoint(path: checkpoint), options: options)
    }

    private func serve(_ detector: TextDetector) throws {
        let canvas = try letterbox(ImageFile.decode(path: image), side: side)
        let count = side * side
        var input = [Float](repeating: 0, count: batch * 3 * count)
        input.withUnsafeMutableBufferPointer { input in
            for index in 0..<batch {
                normalise(
                    canvas,
                    into: UnsafeMutableBufferPointer(rebasing: input[index * 3 * count..<(index + 1) * 3 * count]))
            }
        }
        let streams = (0..<options.streams).map { _ in Stream(input, outputs: batch * count) }
        func run() throws {
            let failures = Mutex<[any Error]>([])
            DispatchQueue.concurrentPerform(iterations: streams.count) { index in
                let stream = streams[index]
                do {
                    try detector.probabilityMap(
                        input: UnsafeBufferPointer(stream.input), batch: batch, height: side, width: side,
                        output: stream.output)
                } catch {
                    failures.withLock { $0.append(error) }
                }
            }
            if let first = failures.withLock({ $0.first }) { throw first }
        }
        try report(Bench.best(of: 1, warmUps: 0, run))
        for (name, values) in [("input", streams[0].input), ("output-\(options.precision)", streams[0].output)] {
            try AtomicFile.write(UnsafeRawBufferPointer(values), to: "\(folder)/\(name).f32", overwrite: true)
        }
        while readLine() != nil { try report(Bench.best(of: 1, warmUps: 0, run)) }
    }

    private func report(_ seconds: Double) throws {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split { !$0.isNumber }.first
        write([
            "seconds": .number(seconds), "images": .number(Double(batch * options.streams)),
            "peak_bytes": .number(1024 * (peak.flatMap { Double($0) } ?? 0)),
        ])
    }

    private func write(_ line: JSONValue) {
        FileHandle.standardOutput.write(Data((line.text() + "\n").utf8))
    }
}

/// What one stream reads and writes, while the process lasts.
///
/// Sendable: one call at a time has it.
private final class Stream: @unchecked Sendable {
    let input, output: UnsafeMutableBufferPointer<Float>

    init(_ input: [Float], outputs: Int) {
        self.input = .allocate(capacity: input.count)
        output = .allocate(capacity: outputs)
        _ = self.input.initialize(from: input)
        output.initialize(repeating: 0)
    }
}
