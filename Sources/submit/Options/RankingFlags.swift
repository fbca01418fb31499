import ArgumentParser

/// `ensemble --all` and how its table is made.
struct RankingFlags: ParsableArguments {
    @Flag(
        name: .long,
        help: """
            Rank every method at 1…n votes and IoU .3 to .7, and each source, against --truth; for map stores every way \
            to combine maps too.
            """)
    var all = false

    @Option(name: .long, help: "--all: how many times images are resampled for the 95% intervals (default: 2000).")
    var bootstrap: Int?

    @Option(name: .long, help: "--all: seed of the resampling (default: 0).")
    var seed: Int?

    @Option(name: .long, help: "--all: rows shown, the best ones (default: all of them).")
    var top: Int?

    /// Resamples, the default ones where none were asked for.
    var draws: Int { bootstrap ?? 2000 }

    func validate() throws {
        let options = [("--bootstrap", bootstrap != nil), ("--seed", seed != nil), ("--top", top != nil)]
        if !all, let (name, _) = options.first(where: \.1) { throw ValidationError("\(name) goes with --all") }
        if let seed, seed < 0 { throw ValidationError("--seed must be 0 or more, not \(seed)") }
        if draws < 1 { throw ValidationError("--bootstrap must be 1 or more, not \(draws)") }
        if let top, top < 1 { throw ValidationError("--top must be 1 or more, not \(top)") }
    }
}
