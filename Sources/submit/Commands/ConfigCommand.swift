import ArgumentParser
import Core

/// Shows the effective configuration, writes a commented one.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show the effective configuration, or write a commented one.",
        discussion: """
            Defaults < --config file < key=value < named flags. Hydra's names (models.head.postprocess.thresh) and the \
            short ones (thresh) are known too.

            Examples:
              submit config thresh=0.24
              submit config --write my.yaml
            """)

    @Option(name: .long, help: ArgumentHelp("Write it to a file instead of stdout.", valueName: "file"))
    var write: String?

    @OptionGroup var configuration: ConfigOptions

    @Flag(name: .long, help: "Replace the file where it exists.")
    var force = false

    func run() throws {
        let yaml = try configuration.load().yaml
        guard let write else { return try Output.print(String(yaml.dropLast())) }
        try AtomicFile.write(yaml, to: write, overwrite: force)
        Terminal.say("configuration: \(write)")
    }
}
