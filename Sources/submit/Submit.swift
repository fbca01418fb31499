import ArgumentParser

@main
struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "submit", abstract: "Text-detection checkpoints to leaderboard files.")
}
