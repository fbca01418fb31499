/// Which truth boxes and detections of an image a metric counts, and which of them it matches.
struct Matching {
    /// Truth boxes that count, by their places in the `ImageTruth`, ascending.
    let truth: [Int]
    /// Detections that count, by their places in the file, ascending.
    let detections: [Int]
    /// Every match once.
    var pairs: [(truth: Int, detection: Int)] = []
}

extension CLEvalPairs {
    /// What the subset `kept` matches, for naming errors: a walk of its own beside that of scoring.
    func matching(_ kept: [Int]) -> Matching {
        let counted = kept.filter { !detections[$0].isSkipped && !detections[$0].isDontCare }
        var matching = Matching(
            truth: truth.isDontCare.indices.filter { !truth.isDontCare[$0] }, detections: counted)
        withUnsafeTemporaryAllocation(of: BoxState.self, capacity: truth.outlines.count) { boxes in
            boxes.initialize(repeating: BoxState())
            noteCandidates(kept, boxes)
            for index in counted {
                for pair in pairs[pairStarts[index]..<pairStarts[index + 1]]
                where isMatch(pair, detections[index], boxes) {
                    matching.pairs.append((Int(pair.truth), index))
                }
            }
        }
        return matching
    }
}
