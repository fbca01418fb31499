import Core
import Dataset
import Ensemble
import Maps
import Submission

/// Map stores -> combined maps, and boxes from them.
extension EnsembleCommand {
    func combineMaps() async throws {
        let stores = try sourcePaths.map { try MapStore.openFilled(at: $0) }
        let truth = try truth.map { try AnnotationFile.read(path: $0) }
        var settings = try configFile.load()
        try postprocess.apply(to: &settings)
        let options = settings.resolvedPostprocess
        var own: [AnnotationSet] = []
        if how.weights == .outOfFold, !outOfFold.isGiven {
            for store in stores { own.append(try await detections(in: store, options: options, common: common)) }
        }
        let rule = how.mapCombination ?? .mean
        let weights = try await weights(of: own, truth: truth)
        let combined = try MapCombination(of: stores, rule: rule, weights: weights)
        try reportGeometry(of: stores)
        if let outputMaps { try await keep(combined, of: stores, at: outputMaps) }
        let set = try await detections(in: combined, options: options, common: common)
        try write(set, madeBy: sidecar(ofMaps: rule, weights: weights, options: options, stores: stores))
        if let truth, !outOfFold.isGiven { try await printScore(of: set, label: combined.label, truth: truth) }
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
