import Core
import Foundation
import Sweep

/// What people see of a sweep: the best points, how sure the winner is, and what other choices cost.
struct SweepTable {
    let result: SweepResult
    let resamples: Int
    let pick: Pick?
    let outOfFold: OutOfFold?
    /// Where the rest stands.
    let resultsPath: String

    private static let shownCount = 20

    var text: String {
        [points, sureness, pickText, outOfFold.map(text)].compactMap { $0 }.joined(separator: "\n")
    }

    /// `results.json`: the result's own, with the choice and the out-of-fold figures.
    func writeJSON(_ emit: @escaping (String) throws -> Void) throws {
        var more = JSONObject()
        more["pick"] = pick?.json
        more["out_of_fold"] = outOfFold?.json
        try result.writeJSON(more: more) { try emit($0) }
        try emit("\n")
    }

    private var points: String {
        let isSolved = result.hasCurves
        var table = TextTable(
            ["rank"] + result.sweptParameters.map(\.rawValue) + ["H", "P", "R", "pooled H", "boxes", "trial"]
                + (isSolved ? ["best from above … through"] : [])
                + (resamples > 0 ? ["95%", "best in", "to the first, 95%"] : []))
        for point in result.ranked.prefix(Self.shownCount) {
            let confidence = point.confidence.map {
                [
                    ScoreTable.cell($0.interval), String(format: "%.1f%%", 100 * $0.chance),
                    point.rank == 1
                        ? "-" : ScoreTable.cell($0.difference, signed: true) + ($0.isSeparable ? "" : " ≈"),
                ]
            }
            table.add(
                ["\(point.rank)"] + result.sweptParameters.map { point.setting.text(of: $0) }
                    + ScoreTable.cells(point.mean) + [
                        String(format: "%.6f", point.pooled.hmean), "\(point.boxes)", "\(point.trial)",
                    ] + (point.curve.map { [Self.text($0)] } ?? []) + (confidence ?? []))
        }
        let rest = result.ranked.count - Self.shownCount
        return table.text + (rest > 0 ? "\n… and \(rest) more in \(resultsPath)" : "")
    }

    private static func text(_ curve: BoxThreshCurve) -> String {
        let (plateau, others) = (curve.plateau, curve.plateauCount - 1)
        return String(format: "%.6f … %.6f", plateau.above, plateau.through)
            + (others > 0 ? " and \(others) more" : "")
    }

    /// How far the winner can be trusted.
    private var sureness: String? {
        guard let winner = result.ranked.first?.confidence, result.ranked.count > 1 else { return nil }
        let close = result.ranked.inseparableCount
        return String(format: "the first is best, or as good as the best, in %.1f%%", 100 * winner.chance)
            + " of \(resamples) resamples of the images; "
            + (close == 0
                ? "it is separable from all other points"
                : "\(close) of \(result.ranked.count - 1) other points are not separable from it (≈)")
    }

    private var pickText: String? {
        guard let pick, pick.rule == .plateau else { return nil }
        let settings = result.sweptParameters.map { "\($0.rawValue) \(pick.point.setting.text(of: $0))" }
        return "plateau: rank \(pick.point.rank), " + settings.joined(separator: ", ")
            + String(
                format:
                    "; it gives up %.6f to the peak; with its %d neighbours it has %.6f in the mean, the peak %.6f",
                pick.givenUp, pick.neighbourCount, pick.neighbourhoodMean, pick.peakNeighbourhoodMean)
    }

    private func text(_ outOfFold: OutOfFold) -> String {
        let swept = outOfFold.sweptParameters
        var table = TextTable(
            ["held out", "images"] + swept.map(\.rawValue) + [
                "H that chose it", "H held out", "pooled that chose it", "pooled held out",
            ])
        for fold in outOfFold.folds {
            table.add(
                [fold.name, "\(fold.imageCount)"] + swept.map { fold.setting.text(of: $0) }
                    + [fold.chosen.hmean, fold.heldOut.hmean, fold.chosenPooled.hmean, fold.heldOutPooled.hmean]
                    .map { String(format: "%.6f", $0) })
        }
        let spread = swept.compactMap { parameter -> String? in
            let values = outOfFold.folds.compactMap { $0.setting[parameter].number }
            guard let low = values.min(), let high = values.max() else { return nil }
            return low == high ? nil : "\(parameter.rawValue) \(low) … \(high)"
        }
        let honest = outOfFold.honest.mean.hmean
        let optimistic = outOfFold.optimistic.mean.hmean
        return table.text + "\n"
            + String(
                format: "out of fold: H %.6f (pooled %.6f), each image at the setting that the other folds chose; ",
                honest, outOfFold.honest.pooled.hmean)
            + String(
                format: "chosen and scored on all images: H %.6f (pooled %.6f), %+.6f\n", optimistic,
                outOfFold.optimistic.pooled.hmean, optimistic - honest)
            + "the choice's spread: " + (spread.isEmpty ? "none" : spread.joined(separator: ", "))
    }
}
