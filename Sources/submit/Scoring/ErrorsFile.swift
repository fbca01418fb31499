import Core
import Dataset
import Metrics

/// What `score --errors` writes: for each file and image the boxes that the metric punishes.
struct ErrorsFile {
    let json: JSONValue

    /// - Parameter files: scored with these very options.
    init(_ files: [ScoredFile], options: ScoringOptions, width: Int) async throws {
        var objects: [JSONValue] = []
        for file in files {
            let errors = try await Metrics.errors(
                truth: file.truth, predictions: file.predictions, options: options, width: width)
            var images = JSONObject()
            for ((image, score), errors) in zip(zip(file.truth.images, file.score.images), errors) {
                images[image.name] = Self.json(
                    errors, truth: image.words, detections: file.predictions[image.name]?.words ?? [],
                    score.score.rates)
            }
            objects.append([
                "path": .string(file.path), "profile": .string(options.metric.rawValue), "images": .object(images),
            ])
        }
        json = ["schema": 1, "files": .array(objects)]
    }

    private static func json(_ errors: ImageErrors, truth: [Word], detections: [Word], _ rates: Rates) -> JSONValue {
        func list(_ indices: [Int], _ words: [Word]) -> JSONValue {
            .array(indices.map { .object(box($0, words)) })
        }
        func list(_ groups: [ImageErrors.Group], _ words: [Word], _ name: String, _ others: [Word]) -> JSONValue {
            .array(
                groups.map { group in
                    var object = box(group.index, words)
                    object[name] = list(group.matches, others)
                    return .object(object)
                })
        }
        return [
            "scores": ScoreTable.json(rates), "missed": list(errors.missed, truth),
            "false": list(errors.falsePositives, detections),
            "split": list(errors.splits, truth, "detections", detections),
            "merged": list(errors.merges, detections, "truth", truth),
        ]
    }

    /// A box by its place in the image's file order, its key there, and its corners in image pixels.
    private static func box(_ index: Int, _ words: [Word]) -> JSONObject {
        [
            "index": .int(index), "id": .string(words[index].id),
            "points": .array(words[index].polygon.points.map { [.number($0.x), .number($0.y)] }),
        ]
    }
}
