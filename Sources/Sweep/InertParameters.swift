import Core
import PostProc

/// Swept parameters that change nothing, so that nobody reads meaning into their rows.
struct InertParameters {
    /// One sentence each.
    private(set) var notes: [String] = []

    init(_ ranked: RankedPoints, swept: [Parameter], mostContours: Int) {
        for parameter in swept {
            let values = Set(ranked.indices.lazy.map { ranked.setting(at: $0)[parameter] }).sorted(by: Self.isBefore)
            guard values.count > 1 else { continue }
            if let note = note(of: parameter, values, ranked, mostContours: mostContours) { notes.append(note) }
        }
    }

    private func note(
        of parameter: Parameter, _ values: [JSONValue], _ ranked: RankedPoints, mostContours: Int
    ) -> String? {
        let name = parameter.rawValue
        if parameter == .maxCandidates {
            let unreached = values.filter { $0.int.map { $0 >= mostContours } ?? false }.map { $0.text() }
            guard unreached.count > 1 else { return nil }
            return "\(name) \(unreached.joined(separator: ", ")) are the same here: "
                + "no image has more than \(mostContours) contours"
        }
        // Each point beside the first that differs from it in `parameter` alone.
        var first: [Setting: Int] = [:]
        var (isCompared, isSameSetting, isSame) = (false, true, true)
        for position in ranked.indices {
            let setting = ranked.setting(at: position)
            var key = setting
            key[parameter] = values[0]
            guard let other = first[key] else {
                first[key] = position
                continue
            }
            isCompared = true
            isSameSetting = isSameSetting && setting.resolved == ranked.setting(at: other).resolved
            isSame = isSame && ranked.areSame(position, other)
            if !isSame && !isSameSetting { return nil }
        }
        guard isCompared else { return nil }
        if isSameSetting { return "\(name) changes nothing: \(Self.cause(parameter, ranked))" }
        return isSame ? "\(name) changes nothing here: all its values give the same scores" : nil
    }

    /// Why settings that differ in `parameter` come to the same post-processing.
    private static func cause(_ parameter: Parameter, _ ranked: RankedPoints) -> String {
        if ranked.indices.allSatisfy({ ranked.setting(at: $0).options.unclipRatio != nil }) {
            return "unclip_ratio overrides it"
        }
        return parameter == .boxUnclipRatio ? "use_polygon is true" : "use_polygon is false"
    }

    private static func isBefore(_ a: JSONValue, _ b: JSONValue) -> Bool {
        (a.number ?? (a.bool == true ? 1 : 0)) < (b.number ?? (b.bool == true ? 1 : 0))
    }
}
