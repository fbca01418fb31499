import Geometry
import Imaging

/// The network over a batch of images, plain or averaged over views, in buffers that are reused.
///
/// Views run one after another: a pass each, and memory for the largest.
public final class ViewAverage {
    /// Runs the network on (N,3,side,side), normalised, into (N,1,side,side).
    public typealias Network = (
        _ input: UnsafeBufferPointer<Float>, _ batch: Int, _ side: Int, _ output: UnsafeMutableBufferPointer<Float>
    ) throws -> Void

    /// What the first run found; nil before it, and without views.
    public private(set) var report: ViewReport?
    private let views: [View]
    private let size: Int
    private let network: Network
    private var input: [Float] = []
    private var output: [Float] = []

    /// - Parameters:
    ///   - views: averaged with the plain one, each with the same weight; checked for `size`.
    ///   - size: the plain canvas' side.
    public init(views: [View], size: Int, network: @escaping Network) {
        self.views = views
        self.size = size
        self.network = network
    }

    /// Runs the network over each view of each image.
    ///
    /// The first run with views checks them on its first image, with one pass more: see `ViewReport`.
    ///
    /// - Parameter images: made for these views and size.
    /// - Returns: the mean map of each image, (size,size) row-major, in the plain canvas' geometry.
    /// - Throws: the network's errors; `AugmentationError` (1) where the check fails.
    public func run(_ images: [ViewCanvases]) throws -> [[Float]] {
        guard let first = images.first else { return [] }
        var sums: [[Float]] = []
        try forward(images, .plain) { _, map in sums.append(Array(map)) }
        guard !views.isEmpty else { return sums }
        let plain = report == nil ? sums[0] : []
        var rows: [ViewReport.Row] = []
        for view in views {
            if !plain.isEmpty { try view.checkInverse(on: first.plain) }
            try forward(images, view) { index, map in
                let placed = PlacedView(view, plain: images[index].plain)
                if index == 0, !plain.isEmpty {
                    var own = [Float](repeating: 0, count: plain.count)
                    own.withUnsafeMutableBufferPointer { placed.addInverse(of: map, to: $0) }
                    rows.append(ViewReport.Row(view: view, change: ViewReport.change(from: plain, to: own)))
                    for position in own.indices { sums[0][position] += own[position] }
                } else {
                    sums[index].withUnsafeMutableBufferPointer { placed.addInverse(of: map, to: $0) }
                }
            }
        }
        if !plain.isEmpty {
            try forward(images, .plain) { index, map in
                guard index == 0 else { return }
                var again = [Float](repeating: 0, count: plain.count)
                again.withUnsafeMutableBufferPointer {
                    PlacedView(.plain, plain: first.plain).addInverse(of: map, to: $0)
                }
                try ViewReport.checkIdentity(again, plain)
            }
            report = ViewReport(rows: rows, plainMean: Double(plain.reduce(0, +)) / Double(plain.count))
        }
        let count = Float(views.count + 1)
        return sums.map { $0.map { $0 / count } }
    }

    private func forward(
        _ images: [ViewCanvases], _ view: View, _ body: (_ image: Int, _ map: UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let side = view.side(for: size)
        let pixels = side * side
        if output.count < images.count * pixels {
            input = [Float](repeating: 0, count: images.count * 3 * pixels)
            output = [Float](repeating: 0, count: images.count * pixels)
        }
        try input.withUnsafeMutableBufferPointer { input in
            try output.withUnsafeMutableBufferPointer { output in
                for (index, image) in images.enumerated() {
                    let part = index * 3 * pixels..<(index + 1) * 3 * pixels
                    normalise(image.canvas(of: view), into: UnsafeMutableBufferPointer(rebasing: input[part]))
                }
                let maps = UnsafeMutableBufferPointer(rebasing: output[..<(images.count * pixels)])
                try network(
                    UnsafeBufferPointer(rebasing: input[..<(images.count * 3 * pixels)]), images.count, side, maps)
                for index in images.indices {
                    try body(index, UnsafeBufferPointer(rebasing: maps[index * pixels..<(index + 1) * pixels]))
                }
            }
        }
    }
}
