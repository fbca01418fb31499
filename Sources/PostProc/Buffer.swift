/// Memory that grows as needed and stays allocated between maps, so that a loop over maps allocates nothing.
///
/// For kernels only: indices are not checked.
package struct Buffer<Element: BitwiseCopyable>: ~Copyable {
    package private(set) var base: UnsafeMutablePointer<Element>
    package private(set) var capacity: Int
    package private(set) var count = 0

    package init(capacity: Int = 64) {
        self.capacity = max(1, capacity)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deallocate()
    }

    @inline(__always) package subscript(index: Int) -> Element {
        get { base[index] }
        nonmutating set { base[index] = newValue }
    }

    @inline(__always) package mutating func append(_ element: Element) {
        if count == capacity { reserve(count + 1) }
        base[count] = element
        count &+= 1
    }

    package mutating func removeAll() {
        count = 0
    }

    /// Makes the buffer `count` elements long; new elements hold anything.
    package mutating func resize(_ count: Int) {
        reserve(count)
        self.count = count
    }

    /// Makes room for `needed` elements in all; keeps those present.
    package mutating func reserve(_ needed: Int) {
        guard needed > capacity else { return }
        let grown = max(needed, capacity * 2)
        let fresh = UnsafeMutablePointer<Element>.allocate(capacity: grown)
        fresh.update(from: base, count: count)
        base.deallocate()
        base = fresh
        capacity = grown
    }

    /// The elements, valid until the buffer next grows.
    @inline(__always) package var elements: UnsafeBufferPointer<Element> {
        UnsafeBufferPointer(start: base, count: count)
    }
}

/// An integer position, in map pixels.
package struct MapPoint: BitwiseCopyable, Hashable, Sendable {
    package var x, y: Int32

    @inline(__always) package init(_ x: Int32, _ y: Int32) {
        self.x = x
        self.y = y
    }
}

/// A position in single precision, in map pixels: OpenCV's rectangles are made of these.
package struct FloatPoint: BitwiseCopyable, Hashable, Sendable {
    package var x, y: Float

    @inline(__always) package init(_ x: Float, _ y: Float) {
        self.x = x
        self.y = y
    }
}
