import ArgumentParser
import Foundation

/// `--weights` of an ensemble.
enum SourceWeights: ExpressibleByArgument, Equatable {
    /// By hand, one a source.
    case given([Double])
    /// Each source's own H against the truth.
    case outOfFold

    /// `oof`, or numbers from 0 by comma; else nil.
    init?(argument: String) {
        if argument == "oof" {
            self = .outOfFold
            return
        }
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let values = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
        guard values.count == parts.count, values.allSatisfy({ $0 >= 0 && $0.isFinite }) else { return nil }
        self = .given(values)
    }
}
