import CClipper

/// The order into which the C++ library's `std::sort` puts elements by falling keys: it is not stable, and what it does
/// with equal keys reaches the output.
struct DescendingOrder: ~Copyable {
    private var keys = Buffer<Int64>()
    private var indices = Buffer<Int32>()

    /// Up to here `std::sort` is an insertion sort, which is stable.
    private static let insertionSortLimit = 16

    /// The element at `position` of the last sort.
    @inline(__always) subscript(position: Int) -> Int32 { indices[position] }

    mutating func sort(count: Int, key: (Int) -> Int) {
        keys.removeAll()
        indices.removeAll()
        keys.reserve(count)
        for index in 0..<count {
            keys.append(Int64(key(index)))
            indices.append(Int32(truncatingIfNeeded: index))
        }
        if count > Self.insertionSortLimit {
            cclipper_sort_descending(keys.base, indices.base, Int32(count))
            return
        }
        for sorted in 1..<max(1, count) {
            let index = indices[sorted]
            var place = sorted
            while place > 0 && keys[Int(indices[place &- 1])] < keys[Int(index)] {
                indices[place] = indices[place &- 1]
                place &-= 1
            }
            indices[place] = index
        }
    }
}
