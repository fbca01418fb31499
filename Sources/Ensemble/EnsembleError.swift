import Core

/// The error type of `Ensemble`: sources that cannot be combined as asked.
public struct EnsembleError: DiagnosedError {
    /// What, where, found, expected, next step.
    public let diagnosis: Diagnosis

    init(_ diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    /// An option out of its range.
    static func option(_ name: String, found: String, expected: String) -> EnsembleError {
        EnsembleError(Diagnosis(.usage, "\(name) cannot be \(found)", expected: expected))
    }

    static let noSource = EnsembleError(
        Diagnosis(.usage, "an ensemble of nothing", expected: "at least one source"))

    static func badScore(_ score: Double, image: String, word: String, source: Int) -> EnsembleError {
        EnsembleError(
            Diagnosis(
                .badData, "source \(source + 1) has a score that is no number", place: "\(image), word \(word)",
                found: "\(score)", expected: "a finite number, or none"))
    }

    /// Two stores whose maps do not lie on each other.
    static func mismatch(_ what: String, _ first: String, _ second: String, found: String, expected: String)
        -> EnsembleError
    {
        EnsembleError(
            Diagnosis(
                .badData, "the stores \(first) and \(second) differ: \(what)", found: found, expected: expected,
                nextStep: "predict both at one size from the same images"))
    }

    /// Checks one weight a source: finite, none below zero, not all zero; nil is equal weights.
    static func checkWeights(_ weights: [Double]?, count: Int) throws {
        guard let weights else { return }
        guard weights.count == count else {
            throw option("weights", found: "\(weights.count) numbers", expected: "one a source, \(count)")
        }
        let sum = weights.reduce(0, +)
        guard weights.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite else {
            throw option(
                "weights", found: "\(weights)", expected: "numbers from 0, not all of them 0, with a finite sum")
        }
    }
}
