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
    /// - Parameters:
    ///   - images: made for these views and size; left empty.
    ///   - prepareNext: called once their memory is free: before the last pass, or after the check.
    /// - Returns: the mean map of each image, (size,size) row-major, in the plain canvas' geometry.
    /// - Throws: the network's errors; `ImagingError` where an image cannot be resized; `AugmentationError` (1) where the
    ///   check fails.
    public func run(_ images: inout [ViewCanvases], prepareNext: () -> Void = {}) throws -> [[Float]] {
        let letterboxes = images.map(\.plain)
        guard !letterboxes.isEmpty else {
            prepareNext()
            return []
        }
        let checks = report == nil && !views.isEmpty
        // Before the network has its memory: the test pattern and its way there and back need some of their own.
        if checks { for view in views { try view.checkInverse(on: letterboxes[0]) } }
        let passes = [.plain] + views + (checks ? [.plain] : [])
        var sums: [[Float]] = []
        var plain: [Float] = []
        var rows: [ViewReport.Row] = []
        for (pass, view) in passes.enumerated() {
            let isView = (1...max(1, views.count)).contains(pass)
            let side = view.side(for: size)
            try lay(images, view, side: side)
            if pass == passes.count - 1 {
                images = []
                if !checks { prepareNext() }
            }
            try forward(letterboxes.count, side: side)
            for (index, letterbox) in letterboxes.enumerated() {
                guard pass > 0 else {
                    sums.append(Array(output[index * side * side..<(index + 1) * side * side]))
                    continue
                }
                let placed = PlacedView(view, plain: letterbox)
                if checks, index == 0 {
                    if plain.isEmpty { plain = sums[0] }
                    let own = broughtBack(by: placed)
                    guard isView else {
                        try ViewReport.checkIdentity(own, plain)
                        continue
                    }
                    rows.append(ViewReport.Row(view: view, change: ViewReport.change(from: plain, to: own)))
                    for position in own.indices { sums[0][position] += own[position] }
                } else if isView {
                    sums[index].withUnsafeMutableBufferPointer { sum in
                        withOutput(index, side: side) { placed.addInverse(of: $0, to: sum) }
                    }
                }
            }
        }
        if checks {
            report = ViewReport(rows: rows, plainMean: Double(plain.reduce(0, +)) / Double(plain.count))
            plain = []
            prepareNext()
        }
        guard !views.isEmpty else { return sums }
        let count = Float(views.count + 1)
        for index in sums.indices {
            sums[index].withUnsafeMutableBufferPointer { for position in $0.indices { $0[position] /= count } }
        }
        return sums
    }

    /// Fills the input, (N,3,side,side), and makes room for the output.
    private func lay(_ images: [ViewCanvases], _ view: View, side: Int) throws {
        let pixels = side * side
        if output.count < images.count * pixels {
            input = [Float](repeating: 0, count: images.count * 3 * pixels)
            output = [Float](repeating: 0, count: images.count * pixels)
        }
        try input.withUnsafeMutableBufferPointer { input in
            for (index, image) in images.enumerated() {
                let part = index * 3 * pixels..<(index + 1) * 3 * pixels
                normalise(try image.canvas(of: view), into: UnsafeMutableBufferPointer(rebasing: input[part]))
            }
        }
    }

    /// Runs the network on the input.
    private func forward(_ count: Int, side: Int) throws {
        let pixels = side * side
        try input.withUnsafeBufferPointer { input in
            try output.withUnsafeMutableBufferPointer { output in
                try network(
                    UnsafeBufferPointer(rebasing: input[..<(count * 3 * pixels)]), count, side,
                    UnsafeMutableBufferPointer(rebasing: output[..<(count * pixels)]))
            }
        }
    }

    /// The first image's map in the plain canvas' geometry, where the input was: it is not needed any more.
    private func broughtBack(by placed: PlacedView) -> ArraySlice<Float> {
        let pixels = size * size
        input.withUnsafeMutableBufferPointer { input in
            let own = UnsafeMutableBufferPointer(rebasing: input[..<pixels])
            own.update(repeating: 0)
            withOutput(0, side: placed.side) { placed.addInverse(of: $0, to: own) }
        }
        return input[..<pixels]
    }

    private func withOutput(_ image: Int, side: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) {
        output.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[image * side * side..<(image + 1) * side * side]))
        }
    }
}
