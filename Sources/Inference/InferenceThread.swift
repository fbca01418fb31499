import Dispatch
import Glibc

/// The one thread that drives the engines.
///
/// libgomp keeps a team of workers for each thread that opens a parallel region; a task of Swift's runs on any thread
/// of a pool, and would leave a team behind on each.
///
/// Sendable: `turn` lets one caller in at a time, and the two signals order the accesses to `work`.
final class InferenceThread: @unchecked Sendable {
    static let shared = InferenceThread()

    private let turn = DispatchSemaphore(value: 1)
    private let given = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)
    private var work: (() -> Void)?

    private init() {
        let thread = Thread { [unowned self] in
            while true {
                given.wait()
                work?()
                done.signal()
            }
        }
        thread.start()
    }

    /// Runs `body` on the thread and waits for it. Not to be called from inside `body`.
    func sync<Result>(_ body: () throws -> Result) throws -> Result {
        turn.wait()
        defer { turn.signal() }
        return try withoutActuallyEscaping(body) { body in
            var result: Swift.Result<Result, any Error>?
            work = { result = Swift.Result { try body() } }
            given.signal()
            done.wait()
            work = nil
            guard let result else { preconditionFailure("the inference thread did no work") }
            return try result.get()
        }
    }
}

/// A detached POSIX thread that runs for ever.
private struct Thread {
    let body: () -> Void

    func start() {
        final class Box {
            let body: () -> Void
            init(_ body: @escaping () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Box(body)).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, context)
        precondition(code == 0, "no thread could be started")
        pthread_detach(thread)
    }
}
