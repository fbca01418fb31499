import ArgumentParser
import Ensemble

/// How `ensemble` combines: the method and what it takes. What only some methods take is nil where it was not given, so
/// that a method refuses what it does not use.
struct EnsembleFlags: ParsableArguments {
    /// The methods by their names on the command line.
    enum Method: String, CaseIterable, ExpressibleByArgument {
        case vote, maps, nms
        case softNMS = "soft-nms"
        case wbf, union
    }

    /// How soft-nms lowers scores.
    enum Decay: String, CaseIterable, ExpressibleByArgument {
        case linear, gaussian
    }

    @Option(
        name: .long,
        help: """
            How sources combine (default: vote for predictions, maps for map stores); union is a vote shown by its \
            outline.
            """)
    var method: Method?

    @Option(
        name: .long,
        help: "vote, wbf, union: votes that a box needs (default: more than half of the sources; wbf and union 1).")
    var votes: Int?

    @Option(
        name: .long,
        help: """
            Polygon IoU with the best-scored box from which a box joins its group (vote, union), or above which it is \
            fused (wbf) or suppressed (nms, soft-nms) (default: 0.5).
            """)
    var iou: Double?

    @Option(
        name: .long,
        help: "One weight a source, by comma, such as 1,1,0.5, or oof: each source's own H (default: equal).")
    var weights: SourceWeights?

    @Option(
        name: .long,
        help: """
            vote: what stands for a group: medoid, mean (matched corners; polygons along the arc), best or union \
            (default: medoid).
            """)
    var representative: PolygonCombination.Representative?

    @Option(name: .long, help: "maps: how pixels combine (default: mean).")
    var mapCombination: MapCombination.Rule?

    @Option(name: .long, help: "soft-nms: how scores fall with IoU (default: linear).")
    var decay: Decay?

    @Option(name: .long, help: "soft-nms, gaussian: scores fall by exp(-IoU²/sigma) (default: 0.5).")
    var sigma: Double?

    @Option(name: .long, help: "soft-nms: boxes whose score falls to this or below are dropped (default: 0.001).")
    var minScore: Double?

    @Option(name: .long, help: "wbf: boxes with lower scores are left out (default: 0).")
    var skipThreshold: Double?

    @Option(name: .long, help: "wbf: how a fused box's score is made, by ensemble-boxes' names (default: avg).")
    var confType: PolygonCombination.Confidence?

    @Flag(name: .long, help: "wbf: leave fused corners where they fall instead of on whole pixels.")
    var fractional = false

    /// Boxes by one method; nil for maps.
    var combination: PolygonCombination.Method? {
        let iou = iou ?? 0.5
        return switch method {
        case .vote, nil: .vote(iou: iou, representative: representative ?? .medoid)
        case .union: .vote(iou: iou, representative: .union)
        case .nms: .nms(iou: iou)
        case .softNMS: decay == .gaussian ? gaussian : linear(iou)
        case .wbf: fusion(iou)
        case .maps: nil
        }
    }

    /// All methods on boxes at each IoU, for `--all`.
    var ranked: [PolygonCombination.Method] {
        [0.3, 0.4, 0.5, 0.6, 0.7].flatMap { iou in
            PolygonCombination.Representative.allCases.map { .vote(iou: iou, representative: $0) }
                + [fusion(iou), .nms(iou: iou), linear(iou)]
        } + [gaussian]
    }

    /// Votes that a box of `combination` needs, of so many sources.
    func votes(of sources: Int) -> Int {
        votes ?? (method == nil || method == .vote ? sources / 2 + 1 : 1)
    }

    private var floor: Double { minScore ?? 0.001 }

    private var gaussian: PolygonCombination.Method { .softNMSGaussian(sigma: sigma ?? 0.5, floor: floor) }

    private func linear(_ iou: Double) -> PolygonCombination.Method { .softNMSLinear(iou: iou, floor: floor) }

    private func fusion(_ iou: Double) -> PolygonCombination.Method {
        .fusion(iou: iou, skip: skipThreshold ?? 0, confidence: confType ?? .average)
    }
}

extension PolygonCombination.Representative: ExpressibleByArgument {}
extension PolygonCombination.Confidence: ExpressibleByArgument {}
extension MapCombination.Rule: ExpressibleByArgument {}
