import ArgumentParser

/// `--config`, for every command with settings.
struct ConfigFileOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("Configuration file (YAML); submit config --write makes one.", valueName: "file"))
    var config: String?
}

/// Where settings come from, in rising precedence: defaults, `--config`, dotted overrides, named flags.
struct ConfigOptions: ParsableArguments {
    @OptionGroup var file: ConfigFileOption

    @Argument(help: ArgumentHelp("Dotted overrides, such as postprocess.thresh=0.25.", valueName: "key=value"))
    var overrides: [String] = []

    /// The configuration before named flags.
    func load() throws -> Configuration {
        var configuration = try file.load()
        for override in overrides { try configuration.apply(override: override) }
        return configuration
    }
}

extension ConfigFileOption {
    /// The configuration before overrides and named flags.
    func load() throws -> Configuration {
        var configuration = Configuration()
        if let config { try configuration.apply(file: config) }
        return configuration
    }
}
