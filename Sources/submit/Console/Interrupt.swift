import Dispatch
import Foundation

/// Ctrl-C and SIGTERM: the first asks the command to stop after what is in flight, the second ends it at once.
enum Interrupt {
    /// Runs `body` as a task that the first signal cancels.
    static func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let work = Task { try await body() }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if work.isCancelled { _exit(130) }
                Terminal.say("\ninterrupted: finishing what is in flight; once more to stop at once")
                work.cancel()
            }
            source.resume()
            return source
        }
        defer { sources.forEach { $0.cancel() } }
        try await work.value
    }
}
