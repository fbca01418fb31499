import Checkpoint
import Core
import DBHead
import Dataset
import Foundation
import Geometry
import Imaging
import Inference
import Maps
import Metrics
import PostProc
import Submission
import Sweep

/// Our side of `make bench`: one JSON line a figure, `{"name": …, "seconds": …}`; peers.py prints the same names.
///
///     bench DATA           the folder of receipts, maps and checkpoints
///     bench network …      the network alone, a run for each line of stdin: Network.swift
@main
struct Bench {
    static func main() async throws {
        if CommandLine.arguments.dropFirst().first == "network" {
            return try NetworkWorker(CommandLine.arguments.dropFirst(2)).serve()
        }
        guard CommandLine.arguments.count == 2 else {
            FileHandle.standardError.write(Data("usage: bench DATA\n".utf8))
            exit(64)
        }
        let data = CommandLine.arguments[1]
        let truth = try AnnotationFile.read(path: data + "/receipts/truth.json")
        let maps = try truth.images.map { image in
            try foldMap(image, at: data + "/maps/fold0/" + (image.name as NSString).deletingPathExtension + ".png")
        }
        try postprocessing(maps, usePolygon: false)
        try postprocessing(maps, usePolygon: true)
        try scoring(maps, truth)
        try await sweep(maps, truth)
        try await dense(maps, truth)
    }

    /// Post-processing of a map on one core, at the goldens' settings.
    private static func postprocessing(_ maps: [ImageMap], usePolygon: Bool) throws {
        let options = settings(usePolygon: usePolygon)
        let processor = PostProcessor()
        let seconds = try best(of: 7) { for map in maps { _ = try processor.detect(map, options: options) } }
        report("post-processing, \(usePolygon ? "polygons" : "quads"), a map", seconds / Double(maps.count))
    }

    /// CLEval of an image on one core, truth prepared each time.
    private static func scoring(_ maps: [ImageMap], _ truth: AnnotationSet) throws {
        for (usePolygon, name) in [(false, "quads"), (true, "polygons")] {
            let words = try maps.map { try detect($0, options: settings(usePolygon: usePolygon)) }
            let seconds = try best(of: 5) {
                for (image, words) in zip(truth.images, words) {
                    _ = ImageTruth(image, options: ScoringOptions(metric: .clevalLeaderboard)).score(words)
                }
            }
            report("CLEval, \(name), an image", seconds / Double(maps.count))
        }
    }

    /// The 75-point grid over all receipts, on two cores.
    private static func sweep(_ maps: [ImageMap], _ truth: AnnotationSet) async throws {
        let space = try SweepConfiguration(contentsOf: "configs/sweeps/grid75.yaml")
        let run = try SweepRun(
            space, maps: Memory(maps), truth: truth, options: ScoringOptions(metric: .clevalLeaderboard))
        let seconds = try await bestAsync(of: 3) { _ = try await run.run(width: 2) }
        report("sweep, 75 points, \(maps.count) images, 2 processes", seconds)
    }

    static func settings(usePolygon: Bool) -> PostProcOptions {
        var options = PostProcOptions()
        options.thresh = usePolygon ? 0.3 : 0.22
        options.boxThresh = usePolygon ? 0.35 : 0.25
        options.maxCandidates = usePolygon ? 1000 : 600
        options.usePolygon = usePolygon
        return options
    }

    private static func foldMap(_ image: ImageAnnotation, at path: String) throws -> ImageMap {
        let map = try GreyImage(pngAt: path).probabilities
        let (width, height) = (image.width ?? map.width, image.height ?? map.height)
        let letterbox = Letterbox(imageWidth: width, imageHeight: height, side: map.width)
        return ImageMap(
            imageName: image.name, imageWidth: width, imageHeight: height, inverse: letterbox.inverse, map: map)
    }

    static func bestAsync(of count: Int, _ body: () async throws -> Void) async rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<count {
            let start = Date()
            try await body()
            best = min(best, Date().timeIntervalSince(start))
        }
        return best
    }

    static func best(of count: Int, warmUps: Int = 1, _ body: () throws -> Void) rethrows -> Double {
        for _ in 0..<warmUps { try body() }
        var best = Double.infinity
        for _ in 0..<count {
            let start = ContinuousClock.now
            try body()
            let parts = start.duration(to: .now).components
            best = min(best, Double(parts.seconds) + Double(parts.attoseconds) * 1e-18)
        }
        return best
    }

    static func report(_ name: String, _ seconds: Double) {
        let line: JSONValue = ["name": .string(name), "seconds": .number(seconds)]
        FileHandle.standardOutput.write(Data((line.text() + "\n").utf8))
    }
}

/// Maps in memory, as the Python peer holds them.
struct Memory: MapSource {
    let label = "memory"
    let imageNames: [String]
    private let maps: [String: ImageMap]

    init(_ maps: [ImageMap]) {
        imageNames = maps.map(\.imageName)
        self.maps = Dictionary(uniqueKeysWithValues: maps.map { ($0.imageName, $0) })
    }

    func read(_ name: String) throws -> ImageMap {
        guard let map = maps[name] else { throw FileError(Diagnosis(.noInput, "no map", place: name)) }
        return map
    }

    func fingerprint() throws -> String { label }
}
