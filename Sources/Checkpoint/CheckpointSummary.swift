import Core

/// What `submit inspect` tells of a checkpoint.
public struct CheckpointSummary: Sendable, Equatable {
    /// Where the weights stood: a key such as `state_dict`; empty for the file itself.
    public let stateDictKey: String
    /// Keys of further state dicts that were not taken.
    public let otherStateDictKeys: [String]
    /// Elements of trained tensors: all but running statistics and counters, which are told by their names: a file does
    /// not say which tensors an optimizer moved.
    public let parameters: Int
    /// Elements of running statistics and counters.
    public let buffers: Int
    /// How many tensors have each dtype, most first.
    public let dtypes: [(dtype: DataType, tensors: Int)]
    /// `epoch`, `global_step` and the Lightning version, where recorded.
    public let progress: [(key: String, value: JSONValue)]
    /// Recorded scores, by their paths: `best_model_score`, `current_score`, `monitor`, each of `best_k_models`.
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
        stateDictKey = checkpoint.stateDictKey
        otherStateDictKeys = checkpoint.otherStateDictKeys
        self.parameters = parameters
        self.buffers = buffers
        dtypes = counts.map { ($0, $1) }.sorted { ($0.1, $1.0.rawValue) > ($1.1, $0.0.rawValue) }
        var records = Records()
        checkpoint.hyperparameters.map { records.collect($0) }
        progress = records.progress
        scores = records.scores
        thresholds = records.thresholds
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
            "state_dict": .string(stateDictKey.isEmpty ? "the file itself" : stateDictKey),
            "other_state_dicts": .array(otherStateDictKeys.map(JSONValue.string)),
            "parameters": .int(parameters), "buffers": .int(buffers),
            "dtypes": object(dtypes.map { ($0.dtype.rawValue, .int($0.tensors)) }), "progress": object(progress),
            "scores": object(scores), "thresholds": object(thresholds),
        ]
    }
}

/// What is worth telling among all that was saved, each with its dotted path.
private struct Records {
    var progress: [(key: String, value: JSONValue)] = []
    var scores: [(key: String, value: JSONValue)] = []
    var thresholds: [(key: String, value: JSONValue)] = []
    /// Keys from the root to the value at hand; joined only where it is told, since a file may nest without end.
    private var path: [String] = []

    private static let progressNames: Set = ["epoch", "global_step", "pytorch-lightning_version"]
    private static let scoreNames: Set = ["best_model_score", "current_score", "monitor"]
    private static let thresholdNames: Set = [
        "thresh", "box_thresh", "max_candidates", "use_polygon", "box_unclip_ratio", "polygon_unclip_ratio", "min_size",
    ]

    mutating func collect(_ value: JSONValue) {
        switch value {
        case .object(let members):
            if members["__tensor__"] != nil { return }
            for (key, value) in members { collect(value, at: key) }
        case .array(let values):
            for (index, value) in values.enumerated() { collect(value, at: String(index)) }
        case .null: break
        default: record(value)
        }
    }

    private mutating func collect(_ value: JSONValue, at key: String) {
        path.append(key)
        collect(value)
        path.removeLast()
    }

    private mutating func record(_ value: JSONValue) {
        guard let name = path.last else { return }
        if path.count == 1, Self.progressNames.contains(name) { progress.append((path.joined(separator: "."), value)) }
        // Lightning keeps the scores of the files it kept by their names.
        if Self.scoreNames.contains(name) || path.dropLast().last == "best_k_models" {
            scores.append((path.joined(separator: "."), value))
        }
        if Self.thresholdNames.contains(name) { thresholds.append((path.joined(separator: "."), value)) }
    }
}
