import Dispatch
import Glibc
import Synchronization

/// A thread that drives the engines.
///
/// libgomp keeps a team of workers for each thread that opens a parallel region; a task of Swift's runs on any thread
/// of a pool, and would leave a team behind on each.
///
/// Sendable: `turn` lets one caller in at a time, and the two signals order the accesses to `work`.
final class InferenceThread: @unchecked Sendable {
    /// Streams have one each; all other work is the first's.
    static let all = [InferenceThread(), InferenceThread()]
    static var shared: InferenceThread { all[0] }

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

/// The inference threads of an engine that computes several images at once: each call gets one that no other call has.
final class InferenceStreams: Sendable {
    private let count: DispatchSemaphore
    private let free: Mutex<[InferenceThread]>

    init(_ streams: Int) {
        let threads = Array(InferenceThread.all.prefix(streams))
        count = DispatchSemaphore(value: threads.count)
        free = Mutex(threads)
    }

    /// Runs `body` on one of the threads and waits for it.
    func sync<Result>(_ body: () throws -> Result) throws -> Result {
        count.wait()
        let thread = free.withLock { $0.removeFirst() }
        defer {
            free.withLock { $0.append(thread) }
            count.signal()
        }
        return try thread.sync(body)
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
