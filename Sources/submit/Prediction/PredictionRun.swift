import Augmentation
import CSystemLibraries
import Checkpoint
import Core
import DBHead
import Foundation
import Geometry
import Imaging
import Inference
import Maps

/// One checkpoint over one folder of images into one map store: decoding and writing run beside the network, one or
/// several streams of it.
struct PredictionRun {
    let checkpointPath: String
    let folder: ImageFolder
    let storePath: String
    let settings: Configuration
    let quiet: Bool

    /// A stream of the network: one batch after another.
    ///
    /// Sendable: `average` and `images` are used by the stream's task only, and between two of them.
    private final class Stream: @unchecked Sendable {
        let average: ViewAverage
        /// What is given up while the network runs, so that the next images may have the memory.
        var images: [ViewCanvases] = []
        /// The batch that is computed; its value is what the views change where it was the first, and the maps on their
        /// way to the store.
        var batch: Task<(report: (ViewReport, String)?, writing: Task<Void, any Error>), any Error>?

        init(_ average: ViewAverage) {
            self.average = average
        }

        /// Begins the batch `images`, of the names and places in `ready`, whose maps go to `store` after `last`.
        ///
        /// - Returns: what ends when there is memory for the next images.
        func begin(
            _ images: [ViewCanvases], _ ready: [(name: String, letterbox: Letterbox)], size: Int, store: MapStore,
            after last: Task<Void, any Error>?
        ) -> AsyncStream<Void> {
            let (laid, signal) = AsyncStream<Void>.makeStream()
            self.images = images
            batch = Task.detached { [self] in
                let isFirst = average.report == nil
                let maps = Result { try average.run(&self.images) { signal.finish() } }
                signal.finish()
                try await last?.value
                let results = zip(ready, try maps.get()).map { image, map in
                    ImageMap(
                        imageName: image.name, imageWidth: image.letterbox.imageWidth,
                        imageHeight: image.letterbox.imageHeight, inverse: image.letterbox.inverse,
                        map: ProbabilityMap(width: size, height: size, values: map))
                }
                let writing = Task.detached { for map in results { try store.write(map) } }
                return (isFirst ? average.report.map { ($0, ready[0].name) } : nil, writing)
            }
            return laid
        }
    }

    /// An image ready for the network, or why it is not.
    private struct Prepared: Sendable {
        let name: String
        let canvases: Result<ViewCanvases, any Error>
    }

    /// A batch alone gets all threads.
    private var streamCount: Int { folder.names.count > settings.batch ? settings.streams : 1 }

    /// Runs the images that the store lacks.
    ///
    /// - Returns: how many images failed; each is reported on stderr when it does.
    func run() async throws -> Int {
        // Canvases of several sizes would break up glibc's heap; of one size they fit where the last image's were.
        if !settings.tta.isEmpty { mallopt(M_MMAP_THRESHOLD, 1 << 17) }
        let checkpoint = try Checkpoint(path: checkpointPath)
        // Beside the network's making. Where that fails it is waited for: no thread may compute while the process ends.
        async let digest = checkpoint.sha256
        let detector = try settings.detector(for: checkpoint, streams: streamCount)
        for note in detector.architecture.notes { Terminal.note(note, quiet: quiet) }
        let store = try MapStore.openForAppending(
            at: storePath,
            provenance: MapProvenance(
                checkpoint: checkpointPath, checkpointSHA256: await digest,
                architecture: detector.architecture.name, size: settings.size, preprocessing: "letterbox, imagenet",
                precision: try settings.arithmetic(of: checkpoint), tta: settings.tta.map(\.name)))
        checkpoint.releasePages()
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
        let size = settings.size
        let streams = (0..<streamCount).map { _ in
            Stream(
                ViewAverage(views: settings.tta, size: size) { input, batch, side, output in
                    try detector.probabilityMap(input: input, batch: batch, height: side, width: side, output: output)
                })
        }
        var failures = 0
        var finished = 0
        /// Waits for the network's pass of `stream`.
        func finish(_ stream: Stream) async throws -> Task<Void, any Error>? {
            guard let (report, writing) = try await stream.batch?.value else { return nil }
            stream.batch = nil
            finished += 1
            if let (report, name) = report {
                progress.finish()
                tell(report, of: name)
            }
            progress.update(done + min(finished * settings.batch, names.count))
            return writing
        }
        do {
            var next = prepare(batches[0], after: nil)
            for index in batches.indices {
                try Task.checkCancellation()
                var ready: [(name: String, letterbox: Letterbox)] = []
                var canvases: [ViewCanvases] = []
                for image in await next.value {
                    switch image.canvases {
                    case .success(let made):
                        ready.append((image.name, made.plain))
                        canvases.append(made)
                    case .failure(let error):
                        failures += 1
                        progress.finish()
                        Terminal.error("\(error)")
                    }
                }
                let stream = streams[index % streams.count]
                let last = try await finish(stream)
                let laid = stream.begin(canvases, ready, size: size, store: store, after: last)
                next = prepare(index + 1 < batches.count ? batches[index + 1] : [], after: laid)
            }
            for offset in streams.indices {
                try await finish(streams[(batches.count + offset) % streams.count])?.value
            }
        } catch {
            // Exiting in the middle of a write would leave its temporary file.
            for stream in streams { _ = await (try? stream.batch?.value.writing)?.result }
            throw error
        }
        progress.finish()
        let count = names.count - failures
        Terminal.say(
            "\(count) maps in \(String(format: "%.1f", progress.seconds)) s "
                + "(\(String(format: "%.3f", progress.seconds / Double(max(1, count)))) s each): \(storePath)",
            quiet: quiet)
        return failures
    }

    /// Says what the views change on the first image, and warns of those that change too little or too much.
    private func tell(_ report: ViewReport, of name: String) {
        func percent(_ part: Double) -> String { String(format: "%.2f%%", 100 * part) }
        guard report.hasText else {
            return Terminal.warning("\(name) shows hardly any text: what the views change was not judged on it")
        }
        let changes = report.rows.map { "\($0.view.name) \(percent($0.change))" }.joined(separator: ", ")
        Terminal.note("text that the views change on \(name): \(changes)", quiet: quiet)
        for row in report.rows {
            guard let suspicion = row.suspicion else { continue }
            Terminal.warning(
                "\(name): the view \(row.view.name) changes \(suspicion): \(percent(row.change)) of the text")
        }
    }

    /// - Parameter signal: ends when there is memory for the images.
    private func prepare(_ names: [String], after signal: AsyncStream<Void>?) -> Task<[Prepared], Never> {
        let folder = folder
        let (size, views) = (settings.size, settings.tta)
        return Task.detached {
            if let signal { for await _ in signal {} }
            return names.map { name in
                Prepared(
                    name: name,
                    canvases: Result {
                        try ViewCanvases(ImageFile.decode(path: folder.path(of: name)), size: size, views: views)
                    })
            }
        }
    }
}
