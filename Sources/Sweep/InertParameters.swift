import Core
import PostProc

/// Swept parameters that change nothing, so that nobody reads meaning into their rows.
struct InertParameters {
    /// One sentence each.
    private(set) var notes: [String] = []

    init(_ scored: [SweepResult.Scored], swept: [Parameter], mostContours: Int) {
        for parameter in swept {
            let values = Set(scored.map { $0.setting[parameter] }).sorted(by: Self.isBefore)
            guard values.count > 1 else { continue }
            if let note = note(of: parameter, values, scored, mostContours: mostContours) { notes.append(note) }
        }
    }

    private func note(
        of parameter: Parameter, _ values: [JSONValue], _ scored: [SweepResult.Scored], mostContours: Int
    ) -> String? {
        let name = parameter.rawValue
        if parameter == .maxCandidates {
            let unreached = values.filter { $0.int.map { $0 >= mostContours } ?? false }.map { $0.text() }
            guard unreached.count > 1 else { return nil }
            return "\(name) \(unreached.joined(separator: ", ")) are the same here: "
                + "no image has more than \(mostContours) contours"
        }
        let families = Self.families(scored, apartFrom: parameter)
        guard !families.isEmpty else { return nil }
        if families.allSatisfy({ Set($0.map(\.setting.resolved)).count == 1 }) {
            return "\(name) changes nothing: \(Self.cause(parameter, scored))"
        }
        let isSame = families.allSatisfy { family in
            family.allSatisfy { ($0.mean, $0.pooled, $0.boxes) == (family[0].mean, family[0].pooled, family[0].boxes) }
        }
        return isSame ? "\(name) changes nothing here: all its values give the same scores" : nil
    }

    /// The points that differ in `parameter` alone, where there are two or more.
    private static func families(_ scored: [SweepResult.Scored], apartFrom parameter: Parameter)
        -> [[SweepResult.Scored]]
    {
        guard let value = scored.first?.setting[parameter] else { return [] }
        let families = Dictionary(grouping: scored) { point in
            var setting = point.setting
            setting[parameter] = value
            return setting
        }
        return families.values.filter { $0.count > 1 }
    }

    /// Why settings that differ in `parameter` come to the same post-processing.
    private static func cause(_ parameter: Parameter, _ scored: [SweepResult.Scored]) -> String {
        if scored.allSatisfy({ $0.setting.options.unclipRatio != nil }) { return "unclip_ratio overrides it" }
        return parameter == .boxUnclipRatio ? "use_polygon is true" : "use_polygon is false"
    }

    private static func isBefore(_ a: JSONValue, _ b: JSONValue) -> Bool {
        (a.number ?? (a.bool == true ? 1 : 0)) < (b.number ?? (b.bool == true ? 1 : 0))
    }
}
