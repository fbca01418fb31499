/// Sorts points by x, then y, then index, by merging the stretches that already rise or fall: a contour has few.
struct PointSorter: ~Copyable {
    /// A point with its place in the input.
    struct Entry: BitwiseCopyable {
        /// Orders as (x, y): both offset to be unsigned.
        var key: UInt64
        var index: Int32

        @inline(__always) init(_ point: MapPoint, _ index: Int) {
            let x = UInt64(UInt32(bitPattern: point.x) ^ 0x8000_0000)
            let y = UInt64(UInt32(bitPattern: point.y) ^ 0x8000_0000)
            key = x << 32 | y
            self.index = Int32(truncatingIfNeeded: index)
        }

        @inline(__always) var x: Int {
            Int(Int32(bitPattern: UInt32(truncatingIfNeeded: key >> 32) ^ 0x8000_0000))
        }
        @inline(__always) var y: Int { Int(Int32(bitPattern: UInt32(truncatingIfNeeded: key) ^ 0x8000_0000)) }
    }

    private var entries = Buffer<Entry>()
    private var spare = Buffer<Entry>()
    /// Where each sorted stretch ends.
    private var ends = Buffer<Int>()

    /// The points of the last `sort`, valid until the next.
    var sorted: UnsafePointer<Entry> { UnsafePointer(entries.base) }

    /// - Complexity: O(n log r), r the number of stretches.
    mutating func sort(_ points: UnsafeBufferPointer<MapPoint>) {
        let count = points.count
        entries.resize(count)
        for index in 0..<count { entries[index] = Entry(points[index], index) }
        if count <= 16 {
            Self.insertionSort(entries.base, count)
            return
        }
        spare.resize(count)
        findStretches()
        while ends.count > 1 {
            mergePairs()
            swap(&entries, &spare)
        }
    }

    private static func insertionSort(_ entries: UnsafeMutablePointer<Entry>, _ count: Int) {
        var sorted = 1
        while sorted < count {
            let entry = entries[sorted]
            var place = sorted
            while place > 0 && entries[place &- 1].key > entry.key {
                entries[place] = entries[place &- 1]
                place &-= 1
            }
            entries[place] = entry
            sorted &+= 1
        }
    }

    /// Cuts the entries into rising stretches; strictly falling ones are turned round.
    private mutating func findStretches() {
        ends.removeAll()
        let entries = entries.base
        let count = self.entries.count
        var start = 0
        while start < count {
            var end = start &+ 1
            if end < count && entries[end].key < entries[start].key {
                repeat { end &+= 1 } while end < count && entries[end].key < entries[end &- 1].key
                var low = start
                var high = end &- 1
                while low < high {
                    (entries[low], entries[high]) = (entries[high], entries[low])
                    low &+= 1
                    high &-= 1
                }
            } else {
                while end < count && entries[end].key >= entries[end &- 1].key { end &+= 1 }
            }
            ends.append(end)
            start = end
        }
    }

    /// Merges neighbouring stretches two by two from `entries` into `spare`, earlier ones first where keys are equal.
    private mutating func mergePairs() {
        let from = entries.base
        var out = spare.base
        var start = 0
        var merged = 0
        var pair = 0
        while pair < ends.count {
            let middle = ends[pair]
            let end = pair + 1 < ends.count ? ends[pair + 1] : middle
            var left = start
            var right = middle
            while left < middle && right < end {
                let takesRight = from[right].key < from[left].key
                out.pointee = takesRight ? from[right] : from[left]
                if takesRight { right &+= 1 } else { left &+= 1 }
                out += 1
            }
            out.update(from: from + left, count: middle - left)
            out += middle - left
            out.update(from: from + right, count: end - right)
            out += end - right
            ends[merged] = end
            merged += 1
            start = end
            pair += 2
        }
        ends.resize(merged)
    }
}
