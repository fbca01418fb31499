/// Places tensors in one block of memory by the time each is needed, so that those that never live at once share it.
struct Arena {
    /// A request for memory from step `first` to step `last`, both included.
    struct Request {
        var size: Int
        var first: Int
        var last: Int
    }

    /// Where each request begins.
    let offsets: [Int]
    /// The block's size.
    let size: Int

    /// Largest first, each at the lowest place that is free throughout its time (Pisarchyk and Lee, "Efficient Memory
    /// Management for Deep Neural Net Inference", 2020, greedy by size).
    ///
    /// - Parameter alignment: every offset is a multiple of it.
    /// - Complexity: O(n^2) for n requests.
    init(_ requests: [Request], alignment: Int) {
        var offsets = [Int](repeating: 0, count: requests.count)
        var placed: [Int] = []
        var size = 0
        let order = requests.indices.sorted { (requests[$0].size, $1) > (requests[$1].size, $0) }
        for index in order {
            let request = requests[index]
            let needed = (request.size + alignment - 1) / alignment * alignment
            let neighbours =
                placed
                .filter { requests[$0].first <= request.last && request.first <= requests[$0].last }
                .sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for other in neighbours {
                if offset + needed <= offsets[other] { break }
                offset = max(offset, (offsets[other] + requests[other].size + alignment - 1) / alignment * alignment)
            }
            offsets[index] = offset
            size = max(size, offset + needed)
            placed.append(index)
        }
        self.offsets = offsets
        self.size = size
    }
}
