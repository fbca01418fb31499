import Core

/// What `submit inspect` tells of a checkpoint.
public struct CheckpointSummary: Sendable, Equatable {
    /// Elements of trained tensors: all but running statistics and counters, which are told by their names.
    public let parameters: Int
    /// Elements of running statistics and counters.
    public let buffers: Int
    /// How many tensors have each dtype, most first.
    public let dtypes: [(dtype: DataType, tensors: Int)]
    /// `epoch`, `global_step` and the Lightning version, where recorded.
    public let progress: [(key: String, value: JSONValue)]
    /// Recorded scores, by their paths: `best_model_score`, `current_score`, `monitor`.
    public let scores: [(key: String, value: JSONValue)]
    /// Post-processing settings in the hyper-parameters, by their paths: `…postprocess.thresh` and its like.
    public let thresholds: [(key: String, value: JSONValue)]

    /// Summarises `checkpoint`. Complexity: O(tensors + hyper-parameters).
    public init(_ checkpoint: Checkpoint) {
        let statistics = ["running_mean", "running_var", "num_batches_tracked"]
        var parameters = 0
        var buffers = 0
        var counts: [DataType: Int] = [:]
        for name in checkpoint.tensors.names {
            guard let info = checkpoint.tensors[name] else { continue }
            counts[info.dtype, default: 0] += 1
            if statistics.contains(where: { name.hasSuffix("." + $0) }) {
                buffers += info.count
            } else {
                parameters += info.count
            }
        }
        self.parameters = parameters
        self.buffers = buffers
        dtypes = counts.map { ($0, $1) }.sorted { ($0.1, $1.0.rawValue) > ($1.1, $0.0.rawValue) }
        var leaves: [(key: String, value: JSONValue)] = []
        checkpoint.hyperparameters.map { Self.collect($0, at: "", into: &leaves) }
        func named(_ names: Set<String>) -> [(key: String, value: JSONValue)] {
            leaves.filter { names.contains(String($0.key.split(separator: ".").last ?? "")) }
        }
        progress = leaves.filter { ["epoch", "global_step", "pytorch-lightning_version"].contains($0.key) }
        scores = named(["best_model_score", "current_score", "monitor"])
        thresholds = named([
            "thresh", "box_thresh", "max_candidates", "use_polygon", "box_unclip_ratio", "polygon_unclip_ratio",
            "min_size",
        ])
    }

    /// Equal where all that is told is.
    public static func == (left: CheckpointSummary, right: CheckpointSummary) -> Bool {
        left.json == right.json
    }

    /// The summary as JSON.
    public var json: JSONValue {
        func object(_ members: [(key: String, value: JSONValue)]) -> JSONValue {
            var object = JSONObject()
            for (key, value) in members { object[key] = value }
            return .object(object)
        }
        return [
            "parameters": .int(parameters), "buffers": .int(buffers),
            "dtypes": object(dtypes.map { ($0.dtype.rawValue, .int($0.tensors)) }), "progress": object(progress),
            "scores": object(scores), "thresholds": object(thresholds),
        ]
    }

    /// Collects numbers, strings and booleans by their dotted paths.
    private static func collect(
        _ value: JSONValue, at path: String, into leaves: inout [(key: String, value: JSONValue)]
    ) {
        func join(_ key: String) -> String { path.isEmpty ? key : path + "." + key }
        switch value {
        case .object(let members):
            if members["__tensor__"] != nil { return }
            for (key, value) in members { collect(value, at: join(key), into: &leaves) }
        case .array(let values):
            for (index, value) in values.enumerated() { collect(value, at: join(String(index)), into: &leaves) }
        case .null: break
        default: leaves.append((path, value))
        }
    }
}
