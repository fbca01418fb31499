import Core
import Foundation

/// The line from local to public scores by ordinary least squares: public = slope · local + offset.
public struct ScoreFit: Sendable, Hashable {
    /// Different files with both scores.
    public let rows: Int
    /// Public score for each local one.
    public let slope: Double
    /// The public score that a local 0 would have.
    public let offset: Double
    /// The standard deviation of public scores about the line, with rows - 2 degrees of freedom.
    public let residualError: Double
    /// The 95% intervals, by Student's t with rows - 2 degrees of freedom: they take the scatter for normal and alike
    /// everywhere.
    public let slopeInterval, offsetInterval: ClosedRange<Double>

    /// Fits the entries that have both scores; files of the same bytes count once.
    ///
    /// - Throws: `LedgerError` (65) where fewer than three have, or all of them one local score.
    public init(_ entries: [LedgerEntry]) throws {
        var seen: Set<String> = []
        let points = entries.compactMap { entry -> (local: Double, board: Double)? in
            guard let local = entry.localScore, let board = entry.publicScore else { return nil }
            return seen.insert(entry.sha256).inserted ? (local, board) : nil
        }
        guard points.count >= 3 else {
            throw LedgerError.badData(
                "too few entries for a fit", found: "\(points.count) with a local and a public score",
                expected: "3 or more", nextStep: "submit ledger add CSV --local SCORE adds what is missing")
        }
        let count = Double(points.count)
        let localMean = points.reduce(0) { $0 + $1.local } / count
        let boardMean = points.reduce(0) { $0 + $1.board } / count
        let spread = points.reduce(0) { $0 + ($1.local - localMean) * ($1.local - localMean) }
        guard points.contains(where: { $0.local != points[0].local }) else {
            throw LedgerError.badData(
                "no line fits: all entries have one local score", found: "\(points.count) times \(points[0].local)",
                expected: "local scores that differ")
        }
        rows = points.count
        slope = points.reduce(0) { $0 + ($1.local - localMean) * ($1.board - boardMean) } / spread
        offset = boardMean - slope * localMean
        var squares = 0.0
        for point in points {
            let residual = (point.board - boardMean) - slope * (point.local - localMean)
            squares += residual * residual
        }
        residualError = (squares / (count - 2)).squareRoot()
        let t = StudentT.quantile95(freedom: points.count - 2)
        let slopeWidth = t * residualError / spread.squareRoot()
        let offsetWidth = t * residualError * (1 / count + localMean * localMean / spread).squareRoot()
        slopeInterval = slope - slopeWidth...slope + slopeWidth
        offsetInterval = offset - offsetWidth...offset + offsetWidth
    }

    /// The public score that the line gives a local one; may lie outside [0,1].
    public func predicted(_ local: Double) -> Double { slope * local + offset }

    /// The difference of two public scores that scatter alone exceeds once in twenty pairs: 1.96 · √2 · residual error.
    public var visiblePublicDifference: Double { 1.96 * 2.0.squareRoot() * residualError }

    /// The local difference that the line turns into `visiblePublicDifference`: smaller ones the public board cannot be
    /// trusted to show. nil where the line does not rise.
    public var visibleLocalDifference: Double? { slope > 0 ? visiblePublicDifference / slope : nil }
}
