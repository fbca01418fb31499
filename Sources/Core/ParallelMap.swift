/// Runs `body` over `items`, at most `width` at a time, and returns the results in the items' order.
///
/// The first error in completion order cancels the rest and is thrown. Cancellation of the surrounding task is
/// checked before each item.
///
/// - Parameters:
///   - width: how many items run side by side; at least 1.
///   - completed: called after each item, in completion order, with the number done so far: for progress only.
///   - body: the work on one item, given its index; libraries inside must run single-threaded.
public func parallelMap<Item: Sendable, Result: Sendable>(
    _ items: [Item], width: Int, completed: (Int) -> Void = { _ in },
    _ body: @escaping @Sendable (Int, Item) async throws -> Result
) async throws -> [Result] {
    var results = [Result?](repeating: nil, count: items.count)
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var next = 0
        var done = 0
        func start() {
            let index = next
            let item = items[index]
            next += 1
            group.addTask {
                try Task.checkCancellation()
                return (index, try await body(index, item))
            }
        }
        while next < min(max(1, width), items.count) { start() }
        while let (index, result) = try await group.next() {
            results[index] = result
            done += 1
            completed(done)
            if next < items.count { start() }
        }
    }
    return results.compactMap { $0 }
}
