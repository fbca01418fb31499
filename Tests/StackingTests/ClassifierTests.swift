import Core
import Stacking
import TestSupport
import Testing

/// Both models against the published packages: `Tests/Fixtures/Stacking/make_classifiers.py`.
@Suite struct ClassifierTests {
    struct Golden {
        var table = FeatureTable(columns: 5)
        let labels: [Bool]
        let weights: [Double]
        let document: JSONObject

        init() throws {
            document = try #require(try JSONValue(contentsOf: TestData.fixture("Stacking/classifiers.json")).object)
            for row in try #require(document["rows"]?.array) { table.append(Self.numbers(row)) }
            labels = Self.numbers(document["labels"]).map { $0 == 1 }
            weights = Self.numbers(document["weights"])
        }

        static func numbers(_ value: JSONValue?) -> [Double] { value?.array?.compactMap(\.number) ?? [] }
    }

    @Test func logisticRegressionEqualsScikitLearn() throws {
        let golden = try Golden()
        let model = try LogisticRegression(golden.table, labels: golden.labels, weights: golden.weights)
        let expected = try #require(golden.document["logistic"]?.object)
        let coefficients = Golden.numbers(expected["coefficients"])
        #expect(coefficients.count == 5)
        for (found, expected) in zip(model.coefficients, coefficients) { #expect(abs(found - expected) < 1e-7) }
        #expect(abs(model.intercept - (expected["intercept"]?.number ?? 0)) < 1e-7)
        let probabilities = Classifier.logistic(model).probabilities(of: golden.table)
        for (found, expected) in zip(probabilities, Golden.numbers(expected["probabilities"])) {
            #expect(abs(found - expected) < 1e-7)
        }
    }

    /// XGBoost computes in single precision; the same trees in double precision are this close.
    @Test(arguments: [0, 1, 2]) func boostedTreesEqualXGBoost(number: Int) throws {
        let golden = try Golden()
        let expected = try #require(golden.document["trees"]?.array?[number].object)
        var options = BoostedTrees.Options()
        options.depth = try #require(expected["depth"]?.int)
        options.rounds = try #require(expected["rounds"]?.int)
        let model = try BoostedTrees(
            golden.table, labels: golden.labels, weights: golden.weights, options: options)
        #expect(model.trees.count == options.rounds)
        let probabilities = Classifier.trees(model).probabilities(of: golden.table)
        let published = Golden.numbers(expected["probabilities"])
        #expect(published.count == probabilities.count)
        for (found, expected) in zip(probabilities, published) { #expect(abs(found - expected) < 2e-6) }
    }

    /// What no candidate contradicts cannot be learned, and weights of 0 count as no candidates.
    @Test(arguments: Classifier.Kind.allCases) func oneKindOfCandidateIsRefused(kind: Classifier.Kind) throws {
        var table = FeatureTable(columns: 1)
        for value in 0..<4 { table.append([Double(value)]) }
        for (labels, weights, part) in [
            ([true, true, true, true], [1.0, 1, 1, 1], "to be dropped"),
            ([false, false, false, false], [1, 1, 1, 1], "to be kept"),
            ([true, true, false, false], [1, 1, 0, 0], "to be dropped"),
        ] {
            let error = #expect(throws: StackError.self) {
                try Classifier(kind, table, labels: labels, weights: weights)
            }
            #expect(error?.diagnosis.what.contains(part) == true)
            #expect(error?.diagnosis.status == .badData)
        }
    }

    /// A feature that separates all: the penalty keeps the optimum finite, and both models learn it.
    @Test(arguments: Classifier.Kind.allCases) func separableCandidatesAreLearned(kind: Classifier.Kind) throws {
        var table = FeatureTable(columns: 2)
        let labels = (0..<40).map { $0 >= 20 }
        for value in 0..<40 { table.append([Double(value), Double(value % 3)]) }
        let model = try Classifier(kind, table, labels: labels, weights: Array(repeating: 1, count: 40))
        let probabilities = model.probabilities(of: table)
        #expect(probabilities.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(probabilities.map { $0 > 0.5 } == labels)
    }
}
