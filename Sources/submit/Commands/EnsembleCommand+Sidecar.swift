import Core
import Ensemble
import Maps
import PostProc
import Submission

/// What made an ensemble's CSV.
extension EnsembleCommand {
    /// Of boxes by one method: its options under their names, and how boxes came out of `stores`, if there are any.
    func sidecar(
        of method: PolygonCombination.Method, votes: Int, weights: [Double]?, stores: [MapStore]
    ) throws -> PredictionSidecar {
        var settings = JSONObject()
        let options = method.options + (method.hasVotes ? ["--votes", "\(votes)"] : [])
        for position in stride(from: 0, to: options.count - 1, by: 2) {
            let key = options[position].dropFirst(2).replacing("-", with: "_")
            settings[String(key)] =
                Double(options[position + 1]).map(JSONValue.number) ?? .string(options[position + 1])
        }
        if how.fractional { settings["fractional"] = true }
        settings["weights"] = weights.map { .array($0.map(JSONValue.number)) }
        let sources =
            stores.isEmpty
            ? try sourcePaths.map(PredictionSidecar.source) : try stores.map(PredictionSidecar.Source.init)
        if !stores.isEmpty {
            for (key, value) in try postprocessing.json { settings[key] = value }
        }
        return PredictionSidecar(command: "ensemble", settings: settings, sources: sources)
    }

    /// Of combined maps: how they were combined, and post-processing.
    func sidecar(
        ofMaps rule: MapCombination.Rule, weights: [Double]?, stores: [MapStore]
    ) throws -> PredictionSidecar {
        var settings: JSONObject = ["method": "maps", "map_combination": .string(rule.rawValue)]
        settings["weights"] = weights.map { .array($0.map(JSONValue.number)) }
        for (key, value) in try postprocessing.json { settings[key] = value }
        return PredictionSidecar(
            command: "ensemble", settings: settings, sources: try stores.map(PredictionSidecar.Source.init))
    }
}
