import Dataset

/// An image's truth and some detections with all the geometry between them done: scores any subset of the detections.
public struct ImagePairs: Sendable {
    private enum Kind: Sendable {
        case cleval(CLEvalPairs)
        case iou(IoUPairs)
        case detEval(DetEvalPairs)
        case tedEval(TedEvalPairs)
    }

    private let kind: Kind
    private let maxDetections: Int?
    /// Where the truth boxes stand among the image's words.
    private let places: [Int]
    /// The number of detections, skipped ones included: subsets are given by their indices.
    public let count: Int

    init(_ truth: ImageTruth, _ detections: [Word]) {
        count = detections.count
        maxDetections = truth.options.maxDetections
        places = truth.places
        switch truth.options.metric {
        case .clevalLeaderboard, .clevalUpstream: kind = .cleval(CLEvalPairs(truth, detections))
        case .icdarIoU: kind = .iou(IoUPairs(truth, detections))
        case .detEval: kind = .detEval(DetEvalPairs(truth, detections))
        case .tedEval: kind = .tedEval(TedEvalPairs(truth, detections))
        }
    }

    /// The score of all detections, up to `maxDetections` of them.
    public func score() -> ImageScore {
        score(keeping: Array(0..<count))
    }

    /// The score of a subset of the detections, up to `maxDetections` of them.
    ///
    /// - Parameter kept: indices of detections, ascending; for CLEval, whose counts know no order, in any order and as
    ///   often as there are such detections.
    /// - Complexity: O(*t* + *p*) for *t* truth boxes and their characters and *p* pairs that touch.
    public func score(keeping kept: [Int]) -> ImageScore {
        let counted = counted(kept)
        return switch kind {
        case .cleval(let pairs): pairs.score(counted)
        case .iou(let pairs): pairs.score(counted)
        case .detEval(let pairs): pairs.score(counted)
        case .tedEval(let pairs): pairs.score(counted)
        }
    }

    /// What the metric punishes in all detections, up to `maxDetections` of them: as many of each kind as `score` counts.
    public func errors() -> ImageErrors {
        errors(keeping: Array(0..<count))
    }

    /// What the metric punishes in a subset of the detections, up to `maxDetections` of them.
    ///
    /// - Parameter kept: indices of detections, ascending.
    /// - Complexity: O(*t* + *p*) for *t* truth boxes and *p* pairs that touch.
    public func errors(keeping kept: [Int]) -> ImageErrors {
        let counted = counted(kept)
        let matching =
            switch kind {
            case .cleval(let pairs): pairs.matching(counted)
            case .iou(let pairs): pairs.matching(counted)
            case .detEval(let pairs): pairs.matching(counted)
            case .tedEval(let pairs): pairs.matching(counted)
            }
        return ImageErrors(matching, places)
    }

    private func counted(_ kept: [Int]) -> [Int] {
        guard let maxDetections, kept.count > maxDetections else { return kept }
        return Array(kept.prefix(maxDetections))
    }
}
