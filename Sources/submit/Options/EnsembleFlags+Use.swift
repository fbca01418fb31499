import ArgumentParser

extension EnsembleFlags {
    /// What a command line asks for.
    enum Mode {
        /// One method.
        case one(Method)
        /// The ranking of all methods.
        case all
    }

    /// Refuses what `mode` does not use.
    ///
    /// - Parameter keepsMaps: whether the command was told to keep the combined maps.
    /// - Throws: `ValidationError` that names the option and where it belongs.
    func checkUse(in mode: Mode, keepsMaps: Bool) throws {
        switch mode {
        case .all:
            if method != nil { throw ValidationError("--all ranks every method; it goes without --method") }
            let one = [
                ("--votes", votes != nil), ("--iou", iou != nil), ("--representative", representative != nil),
                ("--decay", decay != nil), ("--map-combination", mapCombination != nil),
                ("--fractional", fractional), ("--output-maps", keepsMaps),
            ]
            if let (name, _) = one.first(where: \.1) {
                throw ValidationError("\(name) goes with one method; --all ranks every method")
            }
        case .one(let method):
            try check(method, keepsMaps: keepsMaps)
        }
    }

    private func check(_ method: Method, keepsMaps: Bool) throws {
        let users: [(name: String, isGiven: Bool, methods: [Method])] = [
            ("--votes", votes != nil, [.vote, .wbf, .union]),
            ("--iou", iou != nil, [.vote, .nms, .softNMS, .wbf, .union]),
            ("--representative", representative != nil, [.vote]),
            ("--map-combination", mapCombination != nil, [.maps]),
            ("--decay", decay != nil, [.softNMS]), ("--sigma", sigma != nil, [.softNMS]),
            ("--min-score", minScore != nil, [.softNMS]),
            ("--skip-threshold", skipThreshold != nil, [.wbf]), ("--conf-type", confType != nil, [.wbf]),
            ("--fractional", fractional, [.wbf]), ("--output-maps", keepsMaps, [.maps]),
        ]
        if let (name, _, methods) = users.first(where: { $0.isGiven && !$0.methods.contains(method) }) {
            let list = methods.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\(name) goes with --method \(list), not \(method.rawValue)")
        }
        if method == .softNMS, decay == .gaussian, iou != nil {
            throw ValidationError("--iou goes with --decay linear: gaussian has no such limit")
        }
        if method == .softNMS, decay != .gaussian, sigma != nil {
            throw ValidationError("--sigma goes with --decay gaussian")
        }
        if weights != nil, mapCombination == .max || mapCombination == .median {
            throw ValidationError("--weights goes with --map-combination mean or geometric: max and median have none")
        }
    }
}
