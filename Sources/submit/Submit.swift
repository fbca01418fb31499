import ArgumentParser
import Core
import Foundation

/// The command line: each verb is a file in Commands/; they compose the modules and hold no algorithm of their own.
@main
struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Text-detection checkpoints to the best leaderboard file they can give.",
        discussion: """
            The network runs once an image (predict) and its probability map is kept; everything after it takes \
            seconds and is exact.

            A day in commands:
              submit predict --checkpoint fold0.ckpt --images val --maps maps/val/fold0
              submit sweep --maps maps/val/fold0 --truth val.json \\
                --config configs/sweeps/grid75.yaml --output submissions/fold0
              submit extract --maps maps/test/fold0 --thresh 0.24 --box-thresh 0.28 \\
                --json fold0.json
              submit ensemble --votes 3 fold0.json fold1.json fold2.json fold3.json \\
                fold4.json --csv vote3.csv
              submit validate vote3.csv --images test
            """,
        version: Version.text,
        subcommands: [
            Predict.self, Extract.self, Score.self, Compare.self, SweepCommand.self, Select.self, EnsembleCommand.self,
            StackCommand.self,
            Validate.self, Convert.self, FoldsCommand.self, LedgerCommand.self, Inspect.self, Import.self,
            Calibrate.self,
            Export.self, ConfigCommand.self,
        ])

    static func main() async {
        if ["predict", "calibrate"].contains(CommandLine.arguments.dropFirst().first) { OpenMPWaiting.spinBriefly() }
        do {
            try await Interrupt.cancelling {
                var command = try parseAsRoot()
                if var command = command as? AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            }
        } catch let error as DiagnosedError {
            Terminal.error(error.diagnosis.text)
            Foundation.exit(error.diagnosis.status.rawValue)
        } catch is CancellationError {
            Terminal.error("interrupted; what was finished is kept, and the same command goes on from there")
            Foundation.exit(ExitStatus.interrupted.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}
