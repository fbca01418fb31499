import Core
import Dataset
import Ensemble
import Maps
import Metrics
import PostProc
import Submission

/// Map stores -> combined maps, and boxes from them.
extension EnsembleCommand {
    /// How boxes come out of maps.
    var postprocessing: PostProcOptions {
        get throws {
            var settings = try configFile.load()
            try postprocess.apply(to: &settings)
            return settings.resolvedPostprocess
        }
    }

    /// The boxes of each store.
    func boxes(of stores: [MapStore]) async throws -> [AnnotationSet] {
        let options = try postprocessing
        var sets: [AnnotationSet] = []
        for store in stores { sets.append(try await detections(in: store, options: options, common: common)) }
        return sets
    }

    func combineMaps(_ stores: [MapStore], truth: AnnotationSet?) async throws {
        let own = how.weights == .outOfFold && !outOfFold.isGiven ? try await boxes(of: stores) : []
        let rule = how.mapCombination ?? .mean
        let weights = try await weights(of: own, truth: truth)
        let combined = try MapCombination(of: stores, rule: rule, weights: weights)
        try reportGeometry(of: stores)
        if let outputMaps { try await keep(combined, of: stores, at: outputMaps) }
        let set = try await detections(in: combined, options: try postprocessing, common: common)
        try write(set, madeBy: sidecar(ofMaps: rule, weights: weights, stores: stores))
        if let truth, !outOfFold.isGiven { try await printScore(of: set, label: combined.label, truth: truth) }
    }

    /// The boxes of `stores` combined by each rule, and their scores.
    func scoredMaps(
        of stores: [MapStore], weights: [Double]?, truth: AnnotationSet
    ) async throws -> [EnsembleRanking.CombinedMaps] {
        guard !stores.isEmpty else { return [] }
        try reportGeometry(of: stores)
        let combined = try MapCombination(of: stores, rule: .mean, weights: weights)
        let options = try postprocessing
        var progress = Progress("maps", total: combined.imageNames.count, quiet: common.quiet)
        defer { progress.finish() }
        let images = try await parallelMap(
            combined.imageNames, width: common.width, completed: { progress.update($0) }
        ) { _, name in
            try combined.readByAllRules(name).map { map in
                ImageAnnotation(
                    name: name, width: map.imageWidth, height: map.imageHeight, words: try detect(map, options: options)
                )
            }
        }
        var scored: [EnsembleRanking.CombinedMaps] = []
        for (position, rule) in MapCombination.Rule.allCases.enumerated() {
            let set = AnnotationSet(images.map { $0[position] })
            let score = try await scoreSet(
                truth: truth, predictions: set, options: scoring.options, width: common.width)
            scored.append((rule, set, score))
        }
        return scored
    }

    /// Says whose maps are resampled: that costs a little sharpness.
    private func reportGeometry(of stores: [MapStore]) throws {
        for store in stores.dropFirst() {
            let moved = try stores[0].imageNames.count { name in
                let (first, other) = (try stores[0].entry(name), try store.entry(name))
                return first.inverse != other.inverse || first.mapWidth != other.mapWidth
                    || first.mapHeight != other.mapHeight
            }
            if moved > 0 {
                Terminal.note(
                    "\(store.path): \(moved) maps are resampled to the size and place of those of \(stores[0].path)",
                    quiet: common.quiet)
            }
        }
    }

    private func keep(_ combined: MapCombination, of stores: [MapStore], at path: String) async throws {
        var provenance = stores[0].provenance
        provenance.checkpoint = combined.label
        provenance.checkpointSHA256 = try combined.fingerprint()
        provenance.architecture = Set(stores.map(\.provenance.architecture)).sorted().joined(separator: "+")
        let store = try MapStore.openForAppending(at: path, provenance: provenance)
        _ = try await parallelMap(combined.imageNames, width: common.width) { _, name in
            if !store.contains(name) { try store.write(combined.read(name)) }
        }
        Terminal.say("maps: \(path) (\(combined.imageNames.count) images)", quiet: common.quiet)
    }
}
