import ArgumentParser
import Metrics

/// How intervals are drawn, for commands that score.
struct BootstrapFlags: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("Resamples of the images behind the 95% intervals; 0 leaves them out.", valueName: "n"))
    var bootstrap = 2_000

    @Option(name: .long, help: ArgumentHelp("Seed of the resamples.", valueName: "n"))
    var seed = 0

    func validate() throws {
        if bootstrap < 0 { throw ValidationError("--bootstrap must be 0 or more, not \(bootstrap)") }
        if seed < 0 { throw ValidationError("--seed must be 0 or more, not \(seed)") }
    }

    var options: BootstrapOptions { BootstrapOptions(draws: bootstrap, seed: UInt64(seed)) }
}
