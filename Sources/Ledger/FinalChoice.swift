/// Which submissions to hand in at the end.
public struct FinalChoice: Sendable, Hashable {
    /// Why an entry is chosen.
    public enum Reason: Sendable, Hashable {
        /// The public rank of the entry, from 1, and how far it leads the next one's score; nil where it is the last.
        case publicScore(rank: Int, lead: Double?)
        /// The rank by predicted public score, from 1, and the prediction.
        case localPrediction(rank: Int, predicted: Double)
    }

    /// A chosen entry.
    public struct Pick: Sendable, Hashable {
        /// What to hand in.
        public let entry: LedgerEntry
        /// Why.
        public let reason: Reason
    }

    /// The chosen entries in the order of choice.
    public let picks: [Pick]

    /// Chooses `count` of the submitted entries, none of the same bytes twice.
    ///
    /// Without a fit, the best by public score. With one whose slope is above 0, in turn the best by public score and
    /// the best by the line's prediction from the local score: a public score is luck in part, and the two are lucky on
    /// different images. Of equal scores the earlier entry stands first.
    public init(of entries: [LedgerEntry], count: Int, fit: ScoreFit?) {
        var seen: Set<String> = []
        let submitted = entries.filter { $0.publicScore != nil && seen.insert($0.sha256).inserted }
        let byPublic = Self.ranked(submitted, by: \.publicScore)
        let usable = fit.flatMap { $0.slope > 0 ? $0 : nil }
        let byLocal = usable == nil ? [] : Self.ranked(submitted, by: \.localScore)
        var picks: [Pick] = []
        func next(in ranking: [LedgerEntry]) -> Int? {
            ranking.firstIndex { entry in !picks.contains { $0.entry == entry } }
        }
        while picks.count < min(count, submitted.count) {
            if picks.count % 2 == 1, let usable, let index = next(in: byLocal), let local = byLocal[index].localScore {
                let reason = Reason.localPrediction(rank: index + 1, predicted: usable.predicted(local))
                picks.append(Pick(entry: byLocal[index], reason: reason))
            } else if let index = next(in: byPublic) {
                let scores = byPublic[index...].prefix(2).compactMap(\.publicScore)
                let lead = scores.count == 2 ? scores[0] - scores[1] : nil
                picks.append(Pick(entry: byPublic[index], reason: .publicScore(rank: index + 1, lead: lead)))
            } else {
                break
            }
        }
        self.picks = picks
    }

    /// The entries that have a score, the highest first.
    private static func ranked(_ entries: [LedgerEntry], by score: (LedgerEntry) -> Double?) -> [LedgerEntry] {
        entries.enumerated()
            .compactMap { index, entry in score(entry).map { (entry: entry, score: $0, index: index) } }
            .sorted { ($1.score, $0.index) < ($0.score, $1.index) }
            .map(\.entry)
    }
}
