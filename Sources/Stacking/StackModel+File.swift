import Core
import Maps
import PostProc

/// `{"schema", "format": "stack", "kind", "threshold", "evidence", "images", "candidates", "sources", "features",
/// "logistic" or "trees"}`: numbers in the shortest form that reads back equal, so a model read is the model written.
extension StackModel {
    /// This as a document; the same model gives the same text.
    public var json: JSONValue {
        var object: JSONObject = [
            "schema": 1, "format": "stack", "kind": .string(classifier.kind.rawValue), "threshold": .number(threshold),
            "evidence": evidence.json, "images": .array(images.map(JSONValue.string)),
            "candidates": .object(candidates.json),
            "sources": .array(sources.map { ["path": .string($0.path), "provenance": .object($0.provenance.json)] }),
            "features": .array(features.map(JSONValue.string)),
        ]
        switch classifier {
        case .logistic(let model): object["logistic"] = model.json
        case .trees(let model): object["trees"] = model.json
        }
        return .object(object)
    }

    /// Reads the model at `path`.
    ///
    /// - Throws: `FileError` (65, 66) where it cannot be read; `StackError` (65) with the key of what is wrong in it.
    public init(contentsOf path: String) throws {
        let reader = ModelReader(object: try JSONValue(contentsOf: path).object ?? [:], path: path, place: "")
        guard reader.object["format"]?.string == "stack" else {
            throw reader.wrong("format", expected: "\"stack\", as submit stack --output writes it")
        }
        guard reader.object["schema"]?.int == 1 else { throw reader.wrong("schema", expected: "1") }
        let sources = try reader.objects("sources").map { source in
            guard let provenance = source.object["provenance"]?.object.flatMap(MapProvenance.init) else {
                throw source.wrong("provenance", expected: "what made the store, as its store.json says it")
            }
            return Source(path: try source.string("path"), provenance: provenance)
        }
        let features = try reader.array("features").compactMap(\.string)
        let known = sources.isEmpty ? [] : CandidateFeatures.names(sources: sources.count)
        guard !sources.isEmpty, features == known else {
            throw reader.wrong("features", expected: known.joined(separator: ", "))
        }
        let images = try reader.array("images").compactMap(\.string)
        guard !images.isEmpty, images.count == reader.object["images"]?.array?.count else {
            throw reader.wrong("images", expected: "the names of the images that trained the model")
        }
        let classifier: Classifier
        switch try reader.string("kind") {
        case "logistic":
            classifier = .logistic(try LogisticRegression(try reader.member("logistic"), columns: features.count))
        case "trees":
            let trees = try reader.array("trees").enumerated()
            classifier = .trees(
                BoostedTrees(
                    trees: try trees.map { number, tree in
                        try BoostedTrees.nodes(tree, columns: features.count, reader: reader, place: "trees[\(number)]")
                    }))
        default: throw reader.wrong("kind", expected: "logistic or trees")
        }
        self.init(
            candidates: try CandidatePool.Options(try reader.member("candidates")), sources: sources,
            features: features, classifier: classifier, threshold: try reader.number("threshold", in: 0...1),
            evidence: try Evidence(try reader.member("evidence")), images: images)
    }
}

extension StackModel.Evidence {
    fileprivate var json: JSONValue {
        [
            "adopted": .bool(isAdopted), "hmean": .number(hmean), "best_single": .number(bestSource),
            "difference": .number(difference),
            "difference_interval": [.number(interval.lowerBound), .number(interval.upperBound)],
            "metric": .string(metric), "folds": .int(folds), "repeats": .int(repeats),
            "seed": .int(seed),
        ]
    }

    fileprivate init(_ reader: ModelReader) throws {
        let bounds = try reader.numbers("difference_interval", count: 2)
        guard bounds[0] <= bounds[1] else { throw reader.wrong("difference_interval", expected: "low, then high") }
        guard let isAdopted = reader.object["adopted"]?.bool else {
            throw reader.wrong("adopted", expected: "true or false")
        }
        self.init(
            isAdopted: isAdopted, hmean: try reader.number("hmean"), bestSource: try reader.number("best_single"),
            difference: try reader.number("difference"), interval: bounds[0]...bounds[1],
            metric: try reader.string("metric"), folds: try reader.int("folds"),
            repeats: try reader.int("repeats"), seed: try reader.int("seed"))
    }
}

extension CandidatePool.Options {
    /// The options under the keys of configurations.
    public var json: JSONObject {
        var object = postprocess.json
        object["iou"] = .number(iou)
        return object
    }

    fileprivate init(_ reader: ModelReader) throws {
        var options = PostProcOptions()
        options.thresh = try reader.number("thresh", in: 0...1)
        options.boxThresh = try reader.number("box_thresh", in: 0...1)
        options.maxCandidates = try reader.int("max_candidates")
        guard let usePolygon = reader.object["use_polygon"]?.bool, let clips = reader.object["clip_to_image"]?.bool
        else { throw reader.wrong("use_polygon", expected: "true or false, and so clip_to_image") }
        options.usePolygon = usePolygon
        options.clipToImage = clips
        options.unclipRatio = try reader.number("unclip_ratio")
        options.minSize = try reader.number("min_size")
        try options.validate()
        self.init(postprocess: options, iou: try reader.number("iou", in: 0...1))
    }
}

extension LogisticRegression {
    fileprivate var json: JSONValue {
        func list(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.number)) }
        return [
            "means": list(means), "scales": list(scales), "coefficients": list(coefficients),
            "intercept": .number(intercept),
        ]
    }

    fileprivate init(_ reader: ModelReader, columns: Int) throws {
        let scales = try reader.numbers("scales", count: columns)
        guard scales.allSatisfy({ $0 > 0 }) else { throw reader.wrong("scales", expected: "numbers above 0") }
        self.init(
            means: try reader.numbers("means", count: columns), scales: scales,
            coefficients: try reader.numbers("coefficients", count: columns),
            intercept: try reader.number("intercept"))
    }
}

extension BoostedTrees {
    /// Each node a list: column, threshold, left, right; or its value alone.
    fileprivate var json: JSONValue {
        .array(
            trees.map { nodes in
                .array(
                    nodes.map { node in
                        node.column < 0
                            ? [.number(node.value)]
                            : [.int(node.column), .number(node.threshold), .int(node.left), .int(node.right)]
                    })
            })
    }

    fileprivate static func nodes(
        _ tree: JSONValue, columns: Int, reader: ModelReader, place: String
    ) throws -> [Node] {
        let nodes = tree.array ?? []
        guard !nodes.isEmpty else { throw reader.wrong(place, expected: "a list of nodes") }
        return try nodes.enumerated().map { number, node in
            let values = (node.array ?? []).compactMap(\.number)
            if values.count == 1, node.array?.count == 1 {
                return Node(column: -1, threshold: 0, left: 0, right: 0, value: values[0])
            }
            // Both sides behind the node itself: no walk down a tree can go round in circles.
            guard values.count == 4, let column = Int(exactly: values[0]), (0..<columns).contains(column),
                let left = Int(exactly: values[2]), let right = Int(exactly: values[3]),
                (number + 1..<max(number + 1, nodes.count)).contains(left),
                (number + 1..<max(number + 1, nodes.count)).contains(right)
            else {
                throw reader.wrong(
                    "\(place)[\(number)]", found: node.text(), expected: "[value], or [column, threshold, left, right]")
            }
            return Node(column: column, threshold: values[1], left: left, right: right, value: 0)
        }
    }
}

/// An object of a model's file, with errors that name the key.
private struct ModelReader {
    let object: JSONObject
    let path: String
    /// The object's own key, with a point behind; empty for the document.
    let place: String

    func wrong(_ key: String, found: String? = nil, expected: String) -> StackError {
        StackError.badData(
            "not a stacking model", path: path, place: place + key,
            found: found ?? object[key].map { String($0.text().prefix(80)) } ?? "nothing", expected: expected,
            nextStep: "take a file that submit stack --output wrote")
    }

    func string(_ key: String) throws -> String {
        guard let value = object[key]?.string else { throw wrong(key, expected: "a string") }
        return value
    }

    func number(_ key: String, in range: ClosedRange<Double>? = nil) throws -> Double {
        guard let value = object[key]?.number, range?.contains(value) ?? true else {
            let limits = range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? ""
            throw wrong(key, expected: "a number" + limits)
        }
        return value
    }

    func int(_ key: String) throws -> Int {
        guard let value = object[key]?.int, value >= 0 else { throw wrong(key, expected: "a whole number from 0") }
        return value
    }

    func array(_ key: String) throws -> [JSONValue] {
        guard let value = object[key]?.array else { throw wrong(key, expected: "an array") }
        return value
    }

    func numbers(_ key: String, count: Int) throws -> [Double] {
        let values = try array(key).compactMap(\.number)
        guard values.count == count, object[key]?.array?.count == count else {
            throw wrong(key, expected: "\(count) numbers")
        }
        return values
    }

    func member(_ key: String) throws -> ModelReader {
        guard let value = object[key]?.object else { throw wrong(key, expected: "an object") }
        return ModelReader(object: value, path: path, place: place + key + ".")
    }

    func objects(_ key: String) throws -> [ModelReader] {
        try array(key).enumerated().map { number, value in
            guard let value = value.object else { throw wrong("\(key)[\(number)]", expected: "an object") }
            return ModelReader(object: value, path: path, place: "\(place)\(key)[\(number)].")
        }
    }
}
