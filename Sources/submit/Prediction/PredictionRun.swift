import Checkpoint
import Core
import DBHead
import Foundation
import Geometry
import Imaging
import Inference
import Maps

/// One checkpoint over one folder of images into one map store: decoding and writing run beside the network.
struct PredictionRun {
    let checkpointPath: String
    let folder: ImageFolder
    let storePath: String
    let settings: Configuration
    let quiet: Bool

    /// An image ready for the network, or why it is not.
    private struct Prepared: Sendable {
        let name: String
        let canvas: Result<(Letterbox, [UInt8]), any Error>
    }

    /// Runs the images that the store lacks.
    ///
    /// - Returns: how many images failed; each is reported on stderr when it does.
    func run() async throws -> Int {
        let checkpoint = try Checkpoint(path: checkpointPath)
        let detector = try settings.detector(for: checkpoint)
        for note in detector.architecture.notes { Terminal.note(note, quiet: quiet) }
        let store = try MapStore.openForAppending(
            at: storePath,
            provenance: MapProvenance(
                checkpoint: checkpointPath, checkpointSHA256: checkpoint.sha256,
                architecture: detector.architecture.name, size: settings.size, preprocessing: "letterbox, imagenet",
                precision: settings.arithmetic, tta: settings.tta))
        let names = folder.names.filter { !store.contains($0) }
        let done = folder.names.count - names.count
        if done > 0 {
            Terminal.note("\(storePath): \(done) of \(folder.names.count) maps are there already", quiet: quiet)
        }
        guard !names.isEmpty else { return 0 }
        return try await run(names, done: done, with: detector, into: store)
    }

    private func run(_ names: [String], done: Int, with detector: TextDetector, into store: MapStore) async throws
        -> Int
    {
        var progress = Progress("predict", total: folder.names.count, skipped: done, quiet: quiet)
        defer { progress.finish() }
        progress.update(done)
        let batches = stride(from: 0, to: names.count, by: settings.batch).map {
            Array(names[$0..<min($0 + settings.batch, names.count)])
        }
        let pass = ForwardPass(detector: detector, side: settings.size, views: settings.tta.compactMap(View.init))
        var failures = 0
        var next = prepare(batches[0])
        var writing: Task<Void, any Error>?
        for index in batches.indices {
            if Task.isCancelled {
                // Exiting in the middle of a write would leave its temporary file.
                try await writing?.value
                throw CancellationError()
            }
            let prepared = await next.value
            if index + 1 < batches.count { next = prepare(batches[index + 1]) }
            var ready: [(name: String, letterbox: Letterbox, canvas: [UInt8])] = []
            for image in prepared {
                switch image.canvas {
                case .success(let (letterbox, canvas)): ready.append((image.name, letterbox, canvas))
                case .failure(let error):
                    failures += 1
                    progress.finish()
                    Terminal.error("\(error)")
                }
            }
            let maps = Result { try pass.run(ready.map(\.canvas)) }
            try await writing?.value
            let results = zip(ready, try maps.get()).map { image, map in
                ImageMap(
                    imageName: image.name, imageWidth: image.letterbox.imageWidth,
                    imageHeight: image.letterbox.imageHeight, inverse: image.letterbox.inverse, map: map)
            }
            writing = Task.detached { for map in results { try store.write(map) } }
            progress.update(done + min((index + 1) * settings.batch, names.count))
        }
        try await writing?.value
        progress.finish()
        let count = names.count - failures
        Terminal.say(
            "\(count) maps in \(String(format: "%.1f", progress.seconds)) s "
                + "(\(String(format: "%.3f", progress.seconds / Double(max(1, count)))) s each): \(storePath)",
            quiet: quiet)
        return failures
    }

    private func prepare(_ names: [String]) -> Task<[Prepared], Never> {
        let folder = folder
        let side = settings.size
        return Task.detached {
            names.map { name in
                Prepared(
                    name: name,
                    canvas: Result {
                        let image = try ImageFile.decode(path: folder.path(of: name))
                        let geometry = Letterbox(imageWidth: image.width, imageHeight: image.height, side: side)
                        return (geometry, try letterbox(image, geometry))
                    })
            }
        }
    }
}

/// The network over a batch of canvases, plain or averaged over views, in buffers that are reused.
final class ForwardPass {
    private let detector: TextDetector
    private let side: Int
    private let views: [View]
    private var input: [Float] = []
    private var output: [Float] = []

    init(detector: TextDetector, side: Int, views: [View]) {
        self.detector = detector
        self.side = side
        self.views = views
    }

    /// - Parameter canvases: (side,side,3) RGB each.
    /// - Returns: a map a canvas, in the canvas' own geometry.
    func run(_ canvases: [[UInt8]]) throws -> [ProbabilityMap] {
        guard !canvases.isEmpty else { return [] }
        var sums = try forward(canvases)
        guard !views.isEmpty else { return sums.map { ProbabilityMap(width: side, height: side, values: $0) } }
        for view in views {
            let maps = try forward(canvases.map { view.apply(to: $0, side: side, channels: 3) })
            for index in sums.indices {
                maps[index].withUnsafeBufferPointer { map in
                    sums[index].withUnsafeMutableBufferPointer { view.addInverse(of: map, to: $0, side: side) }
                }
            }
        }
        let count = Float(views.count + 1)
        return sums.map { ProbabilityMap(width: side, height: side, values: $0.map { $0 / count }) }
    }

    private func forward(_ canvases: [[UInt8]]) throws -> [[Float]] {
        let pixels = side * side
        if input.count != canvases.count * 3 * pixels {
            input = [Float](repeating: 0, count: canvases.count * 3 * pixels)
            output = [Float](repeating: 0, count: canvases.count * pixels)
        }
        input.withUnsafeMutableBufferPointer { buffer in
            for (index, canvas) in canvases.enumerated() {
                normalise(
                    canvas,
                    into: UnsafeMutableBufferPointer(rebasing: buffer[index * 3 * pixels..<(index + 1) * 3 * pixels]))
            }
        }
        try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer { output in
                try detector.probabilityMap(
                    input: input, batch: canvases.count, height: side, width: side, output: output)
            }
        }
        return canvases.indices.map { Array(output[$0 * pixels..<($0 + 1) * pixels]) }
    }
}
