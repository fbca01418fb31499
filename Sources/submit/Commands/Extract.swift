import ArgumentParser
import Core
import Dataset
import Maps
import PostProc
import Submission

/// Map store -> JSON, CSV at one setting.
struct Extract: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn kept maps into boxes at one setting.",
        discussion: """
            Equal to the public baseline's post-processing to the last coordinate.

            Example:
              submit extract --maps maps/test/fold0 --thresh 0.24 --box-thresh 0.28 \\
                --max-candidates 600 --json fold0.json --csv fold0.csv
            """)

    @Option(name: .long, help: ArgumentHelp("Map store to read.", valueName: "folder"))
    var maps: String

    @OptionGroup var output: OutputFiles
    @OptionGroup var postprocess: PostProcFlags
    @OptionGroup var configuration: ConfigOptions
    @OptionGroup var common: CommonFlags

    @Flag(name: .long, help: "Print the resolved configuration, counts and paths, and stop.")
    var dryRun = false

    func validate() throws {
        if output.json == nil && output.csv == nil {
            throw ValidationError("name an output: --json FILE, --csv FILE or both")
        }
    }

    func run() async throws {
        var settings = try configuration.load()
        try postprocess.apply(to: &settings)
        let store = try MapStore.openFilled(at: maps)
        if dryRun {
            try Output.print(settings.yaml)
            let targets = [output.json, output.csv].compactMap { $0 }.joined(separator: ", ")
            try Output.print("# \(maps): \(store.imageNames.count) maps -> \(targets)")
            return
        }
        let set = try await detections(in: store, options: settings.resolvedPostprocess, common: common)
        let sidecar = PredictionSidecar(
            command: "extract", settings: settings.resolvedPostprocess.json,
            sources: [try PredictionSidecar.Source(store)])
        try output.write(set, madeBy: sidecar, overwrite: common.force, quiet: common.quiet)
    }
}

/// Post-processes all maps of `store`, in its order.
func detections(in store: some MapSource, options: PostProcOptions, common: CommonFlags) async throws -> AnnotationSet {
    var progress = Progress("extract", total: store.imageNames.count, quiet: common.quiet)
    defer { progress.finish() }
    let images = try await parallelMap(store.imageNames, width: common.width, completed: { progress.update($0) }) {
        _, name in
        let map = try store.read(name)
        return ImageAnnotation(
            name: name, width: map.imageWidth, height: map.imageHeight, words: try detect(map, options: options))
    }
    return AnnotationSet(images)
}
