import Core
import Dataset
import Sweep

/// Trains every model that the folds ask for: without one fold, without each two, and on all.
struct StackTraining: Sendable {
    let examples: [StackExample]
    /// Each fold's examples.
    let folds: [[Int]]
    let names: [String]

    /// One kind's models.
    struct Models: Sendable {
        /// The model of all images.
        let all: Classifier
        fileprivate let foldOf: [Int]
        /// An image's probabilities by the model without its fold and another one, by that one's number; at its own
        /// fold's number those of the model without its fold alone.
        fileprivate let probabilities: [[[Double]]]

        /// Probabilities of `image` by a model that has seen neither its fold nor `fold`.
        func probabilities(of image: Int, heldOut fold: Int?) -> [Double] {
            probabilities[image][fold ?? foldOf[image]]
        }
    }

    private struct Job: Sendable {
        let kind: Classifier.Kind
        /// Folds that do not train; none, one or two.
        let heldOut: [Int]
    }

    /// - Complexity: folds · (folds + 1) / 2 + 1 trainings a kind.
    func run(
        width: Int, progress: (Int) -> Void
    ) async throws -> [(kind: Classifier.Kind, models: Models)] {
        let pairs = folds.indices.flatMap { first in folds.indices.filter { $0 >= first }.map { (first, $0) } }
        let heldOut = [[]] + pairs.map { $0.0 == $0.1 ? [$0.0] : [$0.0, $0.1] }
        let jobs = Classifier.Kind.allCases.flatMap { kind in heldOut.map { Job(kind: kind, heldOut: $0) } }
        let done = try await parallelMap(jobs, width: width, completed: progress) { _, job in
            let model = try train(job)
            let images = job.heldOut.flatMap { folds[$0] }
            return (model: model, predicted: images.map { ($0, model.probabilities(of: examples[$0].features)) })
        }
        var foldOf = [Int](repeating: 0, count: examples.count)
        for (fold, images) in folds.enumerated() {
            for image in images { foldOf[image] = fold }
        }
        return Classifier.Kind.allCases.enumerated().map { number, kind in
            let own = zip(jobs, done).dropFirst(number * heldOut.count).prefix(heldOut.count).map {
                (job: $0, result: $1)
            }
            var probabilities = [[[Double]]](
                repeating: Array(repeating: [], count: folds.count), count: examples.count)
            for (job, result) in own {
                for (image, predicted) in result.predicted {
                    // Of two held-out folds the one that the image is not in; of one, its own.
                    let place = job.heldOut.first { $0 != foldOf[image] } ?? foldOf[image]
                    probabilities[image][place] = predicted
                }
            }
            return (kind, Models(all: own[0].result.model, foldOf: foldOf, probabilities: probabilities))
        }
    }

    private func train(_ job: Job) throws -> Classifier {
        let heldOut = Set(job.heldOut.flatMap { folds[$0] })
        let used = examples.indices.filter { !heldOut.contains($0) }
        var table = FeatureTable(columns: examples[0].features.columns)
        var labels: [Bool] = []
        var weights: [Double] = []
        for image in used {
            table.append(examples[image].features)
            labels += examples[image].targets.isKept
            weights += examples[image].targets.weights
        }
        let mean = weights.reduce(0, +) / Double(max(1, weights.count))
        if mean > 0 { weights = weights.map { $0 / mean } }
        do {
            return try Classifier(job.kind, table, labels: labels, weights: weights)
        } catch let error as StackError where !job.heldOut.isEmpty {
            var diagnosis = error.diagnosis
            diagnosis.path = "without " + job.heldOut.map { names[$0] }.joined(separator: " and ")
            throw StackError(diagnosis)
        }
    }
}
