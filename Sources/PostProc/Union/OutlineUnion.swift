/// The union of one closed outline with itself by positive winding, first path only: Vatti's sweep ("A generic solution
/// to polygon clipping", 1992) with the order of events and the roundings of Clipper 6.4.2 (Angus Johnson, Boost
/// Software License), whose results it equals point by point.
///
/// It is several times faster than the general library because nothing is allocated and there is one polygon type and
/// one fill rule. What is rare is left to the library: output polygons that share an edge and must be joined.
package struct OutlineUnion: ~Copyable {
    /// What came of a union.
    package enum Outcome {
        /// The path is in the result, empty where nothing is left.
        case done
        /// A case left to the library.
        case declined
    }

    var edges = Buffer<SweepEdge>()
    var minima = Buffer<LocalMinimum>()
    var minimaInOrder = Buffer<LocalMinimum>()
    var minimaTaken = 0
    var scanbeams = ScanbeamQueue()
    var crossings = Buffer<Crossing>()
    var crossingsInOrder = Buffer<Crossing>()
    var order = DescendingOrder()
    var ghosts = Buffer<GhostJoin>()
    var joins = Buffer<HorizontalJoin>()
    var points = Buffer<OutPoint>()
    var pieces = Buffer<OutPiece>()
    /// The active edges from left to right.
    var active: SweepEdge.Reference?
    /// The horizontal edges yet to be processed, last found first; or the edges being sorted.
    var sorted: SweepEdge.Reference?
    /// Set where a case left to the library turns up.
    var isDeclined = false

    package init() {}

    /// Unites `outline`, which has a point at least, and writes the first path to `result`.
    package mutating func unite(
        _ outline: UnsafeBufferPointer<MapPoint>, into result: inout Buffer<MapPoint>
    ) -> Outcome {
        reset()
        result.removeAll()
        guard addPath(outline) else { return isDeclined ? .declined : .done }
        sweep()
        if isDeclined { return .declined }
        orientPieces()
        if hasJoins() { return .declined }
        writeFirstPath(&result)
        return .done
    }

    private mutating func reset() {
        minima.removeAll()
        minimaInOrder.removeAll()
        minimaTaken = 0
        crossings.removeAll()
        ghosts.removeAll()
        joins.removeAll()
        points.removeAll()
        pieces.removeAll()
        active = nil
        sorted = nil
        isDeclined = false
    }

    private mutating func sweep() {
        guard let bottom = scanbeams.pop() else { return }
        insertMinima(at: bottom)
        while !isDeclined, let top = scanbeams.pop() {
            processHorizontals()
            ghosts.removeAll()
            if isDeclined || !processCrossings(top) { return }
            processTops(top)
            if isDeclined { return }
            insertMinima(at: top)
        }
    }
}

/// A position with the arithmetic's full width.
struct SweepPoint: BitwiseCopyable, Equatable {
    var x, y: Int

    @inline(__always) init(_ x: Int, _ y: Int) {
        self.x = x
        self.y = y
    }
}

/// A side of the outline, from its bottom (larger y) to its top, linked into the outline, its bound and the lists of
/// the sweep.
struct SweepEdge: BitwiseCopyable {
    typealias Reference = UnsafeMutablePointer<SweepEdge>

    var bottom, current, top: SweepPoint
    /// Change of x a row; `horizontal` where the edge is.
    var dx: Double
    /// Whether the edge now bounds its output piece on the left.
    var isLeft: Bool
    /// 1 or -1 by direction.
    var winding: Int
    /// The winding number of the side of the edge that is farther from zero.
    var windingCount: Int
    /// The output piece the edge adds to; -1 for none.
    var piece: Int
    var next, previous: Reference
    var nextInBound, nextActive, previousActive, nextSorted, previousSorted: Reference?

    static let horizontal = -1.0e40

    @inline(__always) var isHorizontal: Bool { dx == Self.horizontal }

    /// x at row `y`, rounded half away from zero.
    @inline(__always) func x(at y: Int) -> Int {
        y == top.y ? top.x : bottom.x &+ Self.rounded(dx * Double(y &- bottom.y))
    }

    /// Half away from zero; the least integer where the value has none, as the processor converts it.
    @inline(__always) static func rounded(_ value: Double) -> Int {
        guard abs(value) < 0x1p62 else { return Int.min }
        return Int(value < 0 ? value - 0.5 : value + 0.5)
    }
}

/// A bottom of the outline and the two bounds that rise from it.
struct LocalMinimum: BitwiseCopyable {
    var y: Int
    var left, right: SweepEdge.Reference
}

/// Two neighbouring edges that change places, and where.
struct Crossing: BitwiseCopyable {
    var left, right: SweepEdge.Reference
    var point: SweepPoint
}

/// Where a horizontal edge has left output that another one may share: x of the output and of the edge's end.
struct GhostJoin: BitwiseCopyable {
    var x, otherX: Int
}

/// The rows at which something happens, largest first.
struct ScanbeamQueue: ~Copyable {
    private var rows = Buffer<UInt64>()
    private var lowest = 0
    private var word = -1

    /// Rows of more than this span are not taken.
    static let maxSpan = 1 << 16

    /// Empties the queue for rows `lowest...highest`.
    mutating func reset(lowest: Int, highest: Int) {
        let words = (highest - lowest) / 64 + 1
        self.lowest = lowest
        word = words - 1
        rows.resize(words)
        rows.base.update(repeating: 0, count: words)
    }

    @inline(__always) func insert(_ y: Int) {
        let row = y &- lowest
        rows[row >> 6] |= 1 << UInt64(row & 63)
    }

    /// Takes the largest row, once however often it was inserted; rows inserted later are not above it.
    mutating func pop() -> Int? {
        while word >= 0 {
            let bits = rows[word]
            if bits != 0 {
                let bit = 63 &- bits.leadingZeroBitCount
                rows[word] = bits & ~(1 << UInt64(bit))
                return lowest &+ word &* 64 &+ bit
            }
            word &-= 1
        }
        return nil
    }
}
