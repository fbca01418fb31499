import Checkpoint
import DBHead
import Foundation
import Imaging
import Inference

/// Where a network's time goes on one image: a row a step, then the sum.
struct ProfileTable {
    private let timings: [StepTiming]
    /// GFLOP/s that this machine's multipliers can do.
    private let peak: Double
    private let threads: Int

    init(_ checkpointPath: String, image: String, _ settings: Configuration) throws {
        let detector = try settings.detector(for: Checkpoint(path: checkpointPath))
        let side = settings.size
        let canvas = try letterbox(ImageFile.decode(path: image), side: side)
        var input = [Float](repeating: 0, count: 3 * side * side)
        input.withUnsafeMutableBufferPointer { normalise(canvas, into: $0) }
        threads = settings.resolvedThreads
        peak = Engine.peak(threads: settings.resolvedThreads, precision: settings.precision)
        timings = try input.withUnsafeBufferPointer { try detector.profile(input: $0, height: side, width: side) }
    }

    var text: String {
        let total = timings.reduce(0) { $0 + $1.seconds }
        var table = TextTable("layer", "step", "kernel", "ms", "share %", "GFLOP", "GFLOP/s", "peak %")
        func row(_ label: String, _ kind: String, _ kernel: String, _ seconds: Double, _ work: Double) {
            table.add(
                label, kind, kernel, String(format: "%.2f", seconds * 1e3),
                String(format: "%.1f", 100 * seconds / max(total, 1e-12)), String(format: "%.2f", work),
                work > 0 ? String(format: "%.0f", work / max(seconds, 1e-12)) : "-",
                work > 0 ? String(format: "%.0f", 100 * work / max(seconds, 1e-12) / max(peak, 1e-9)) : "-")
        }
        for step in timings { row(step.label, step.kind, step.implementation, step.seconds, step.gigaFLOP) }
        row("all", "", "", total, timings.reduce(0) { $0 + $1.gigaFLOP })
        return table.text
            + String(
                format:
                    "\n\npeak: %.0f GFLOP/s, %d threads that only multiply and add; Winograd's algorithm can pass it",
                peak, threads)
    }
}
