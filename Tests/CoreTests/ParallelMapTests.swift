import Core
import Foundation
import Testing

@Suite struct ParallelMapTests {
    private struct Broken: Error, Equatable {
        let index: Int
    }

    /// Counts how many bodies run side by side.
    private actor Gauge {
        private var running = 0
        private(set) var highest = 0
        private(set) var started = 0

        func enter() {
            running += 1
            started += 1
            highest = max(highest, running)
        }

        func leave() { running -= 1 }
    }

    @Test(arguments: [0, 1, 2, 7, 1000])
    func keepsTheOrder(width: Int) async throws {
        let items = (0..<50).map { $0 * 3 }
        let results = try await parallelMap(items, width: width) { index, item in
            // Later items are done sooner.
            try await Task.sleep(nanoseconds: UInt64(50 - index) * 20_000)
            return "\(index):\(item)"
        }
        #expect(results == items.enumerated().map { "\($0):\($1)" })
    }

    @Test func runsNoMoreThanItsWidth() async throws {
        let gauge = Gauge()
        _ = try await parallelMap(Array(0..<40), width: 3) { _, _ in
            await gauge.enter()
            try await Task.sleep(nanoseconds: 500_000)
            await gauge.leave()
        }
        #expect(await gauge.highest <= 3)
        #expect(await gauge.started == 40)
    }

    @Test func keepsNilResults() async throws {
        let results: [Int?] = try await parallelMap(Array(0..<6), width: 2) { index, _ in index % 2 == 0 ? nil : index }
        #expect(results == [nil, 1, nil, 3, nil, 5])
    }

    @Test func takesNoItems() async throws {
        let results = try await parallelMap([Int](), width: 4) { index, _ in index }
        #expect(results.isEmpty)
    }

    @Test func countsWhatIsDone() async throws {
        var counts: [Int] = []
        _ = try await parallelMap(Array(0..<20), width: 4, completed: { counts.append($0) }) { index, _ in index }
        #expect(counts == Array(1...20))
    }

    @Test func anErrorEndsTheRest() async throws {
        let gauge = Gauge()
        await #expect(throws: Broken(index: 5)) {
            _ = try await parallelMap(Array(0..<10_000), width: 2) { index, _ in
                await gauge.enter()
                if index == 5 { throw Broken(index: index) }
                try await Task.sleep(nanoseconds: 100_000)
            }
        }
        #expect(await gauge.started < 100)
    }

    @Test func cancellationEndsTheRest() async throws {
        let gauge = Gauge()
        let task = Task {
            try await parallelMap(Array(0..<10_000), width: 2) { index, _ in
                await gauge.enter()
                try await Task.sleep(nanoseconds: 1_000_000)
                return index
            }
        }
        while await gauge.started < 4 { try await Task.sleep(nanoseconds: 200_000) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await gauge.started < 1000)
    }

    @Test func cancellationIsCheckedWhereBodiesDoNot() async throws {
        let gauge = Gauge()
        let task = Task {
            try await parallelMap(Array(0..<2_000), width: 2) { index, _ in
                await gauge.enter()
                for _ in 0..<50 { await Task.yield() }
                return index
            }
        }
        while await gauge.started < 4 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
