import CBLAS
import CInference

/// The layers of one image on (C,H,W) maps. Complexity: each by its own arithmetic, plus one unrolled tile a thread.
struct BLASOperation {
    /// The shapes of all values, batch 1.
    let shapes: [TensorShape]
    let threads: Int
    /// Output pixels a task computes at once; fixed, so that no result depends on the number of threads.
    private static let tilePixels = 2048

    /// A convolution with its gate, residual and activation.
    func convolution(
        _ convolution: FusedConvolution, _ kernel: FoldedKernel, _ source: [Float], gate: [Float]?, residual: [Float]?,
        source sourceValue: Int, output: Int
    ) -> [Float] {
        let (from, to) = (shapes[sourceValue], shapes[output])
        var source = source
        if let gate { scale(&source, by: gate, area: from.area) }
        switch convolution.kernel {
        case .transposed(_, _, let stride):
            let middle = TensorShape(1, kernel.shape[0], from.height, from.width)
            let phases = product(kernel, Convolution(weight: ""), source, from, middle, convolution.activation, nil)
            return shuffled(phases, from: from, to: to, stride: stride)
        case .identity:
            return depthwise(
                kernel, Convolution(weight: "", groups: to.channels), source, from, to, convolution.activation)
        case .convolution(let geometry):
            if geometry.groups > 1, geometry.groups == from.channels, from.channels == to.channels {
                return depthwise(kernel, geometry, source, from, to, convolution.activation)
            }
            return product(kernel, geometry, source, from, to, convolution.activation, residual)
        }
    }

    /// The mean of each channel of value `value`.
    func means(_ values: [Float], _ value: Int) -> [Float] {
        let shape = shapes[value]
        return (0..<shape.channels).map { channel in
            let pixels = values[channel * shape.area..<(channel + 1) * shape.area]
            return Float(pixels.reduce(0.0) { $0 + Double($1) } / Double(shape.area))
        }
    }

    /// A layer without weights.
    func map(_ layer: Layer, _ inputs: [[Float]]) -> [Float] {
        let (from, to) = (shapes[layer.inputs[0]], shapes[layer.output])
        switch layer.kind {
        case .activation(let activation):
            return activated(inputs[0], activation)
        case .add(let activation):
            var result = inputs[0]
            for index in result.indices { result[index] += inputs[1][index] }
            return activated(result, activation)
        case .multiplyChannels(let activation):
            var result = inputs[0]
            scale(&result, by: inputs[1], area: from.area)
            return activated(result, activation)
        case .globalAveragePool:
            return means(inputs[0], layer.inputs[0])
        case .concatenate:
            return Array(inputs.joined())
        case .upsampleNearest(let factor):
            return planes(to) { channel, result in
                inputs[0].withUnsafeBufferPointer { source in
                    for y in 0..<to.height {
                        let row = (channel * from.height + y / factor) * from.width
                        for x in 0..<to.width { result[y * to.width + x] = source[row + x / factor] }
                    }
                }
            }
        case .maxPool(let kernel, let stride, let padding):
            return planes(to) { channel, result in
                inputs[0].withUnsafeBufferPointer { source in
                    for y in 0..<to.height {
                        for x in 0..<to.width {
                            var most = -Float.infinity
                            let (top, left) = (y * stride - padding, x * stride - padding)
                            for row in max(0, top)..<min(from.height, top + kernel) {
                                for column in max(0, left)..<min(from.width, left + kernel) {
                                    most = max(most, source[(channel * from.height + row) * from.width + column])
                                }
                            }
                            result[y * to.width + x] = most
                        }
                    }
                }
            }
        case .tapSum(let sum):
            return tapSum(sum, inputs, layer)
        case .convolution:
            preconditionFailure("convolutions have weights")
        }
    }

    // MARK: Kernels

    /// Weights times unrolled pixels, a tile of output pixels of one group at a time.
    private func product(
        _ kernel: FoldedKernel, _ geometry: Convolution, _ source: [Float], _ from: TensorShape, _ to: TensorShape,
        _ activation: Activation?, _ residual: [Float]?
    ) -> [Float] {
        let window = geometry.window(kernelHeight: kernel.shape[2], kernelWidth: kernel.shape[3], on: from)
        let (groups, depth) = (geometry.groups, kernel.shape[1] * kernel.shape[2] * kernel.shape[3])
        let (outputs, inputs) = (to.channels / groups, from.channels / groups)
        let tiles = (to.area + Self.tilePixels - 1) / Self.tilePixels
        // A 1x1 kernel reads the map as it lies.
        let isPlain = depth == inputs && geometry.stride == 1 && window.padding == (0, 0, 0, 0)
        var result = residual ?? [Float](repeating: 0, count: to.count)
        result.withUnsafeMutableBufferPointer { result in
            guard let destination = result.baseAddress else { return }
            let target = SharedPointer(destination)
            source.withUnsafeBufferPointer { source in
                kernel.weights.withUnsafeBufferPointer { weights in
                    guard let source = source.baseAddress, let weights = weights.baseAddress else { return }
                    parallelFor(groups * tiles, threads: threads) { task in
                        let (group, tile) = (task / tiles, task % tiles)
                        let first = tile * Self.tilePixels
                        let count = min(Self.tilePixels, to.area - first)
                        let output = target.pointer + group * outputs * to.area + first
                        for channel in 0..<outputs {
                            let bias = kernel.bias[group * outputs + channel]
                            for pixel in 0..<count { output[channel * to.area + pixel] += bias }
                        }
                        let map = source + group * inputs * from.area
                        if isPlain {
                            multiply(
                                weights + group * outputs * depth, map + first, stride: from.area, into: output,
                                stride: to.area, outputs, count, depth)
                        } else {
                            withUnsafeTemporaryAllocation(of: Float.self, capacity: depth * count) { unrolled in
                                guard let unrolled = unrolled.baseAddress else { return }
                                unroll(
                                    map, from, window, channels: inputs, pixels: first..<first + count, into: unrolled)
                                multiply(
                                    weights + group * outputs * depth, unrolled, stride: count, into: output,
                                    stride: to.area, outputs, count, depth)
                            }
                        }
                        if let activation {
                            for channel in 0..<outputs {
                                cinference_activate(
                                    output + channel * to.area, Int64(count), Optional(activation).code)
                            }
                        }
                    }
                }
            }
        }
        return result
    }

    /// `result` += `weights` (outputs, depth) times `pixels` (depth, count).
    private func multiply(
        _ weights: UnsafePointer<Float>, _ pixels: UnsafePointer<Float>, stride pixelStride: Int,
        into result: UnsafeMutablePointer<Float>, stride resultStride: Int, _ outputs: Int, _ count: Int, _ depth: Int
    ) {
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(outputs), blasint(count), blasint(depth), 1, weights,
            blasint(depth), pixels, blasint(pixelStride), 1, result, blasint(resultStride))
    }

    /// The pixels under each tap of each window, (depth, pixels), zeros outside the map.
    private func unroll(
        _ map: UnsafePointer<Float>, _ shape: TensorShape, _ window: ConvolutionWindow, channels: Int,
        pixels: Range<Int>, into unrolled: UnsafeMutablePointer<Float>
    ) {
        var target = unrolled
        for channel in 0..<channels {
            let plane = map + channel * shape.area
            for ky in 0..<window.kernelHeight {
                for kx in 0..<window.kernelWidth {
                    var pixel = pixels.lowerBound
                    while pixel < pixels.upperBound {
                        // The rest of an output row, or of the tile.
                        let (row, column) = (pixel / window.outputWidth, pixel % window.outputWidth)
                        let count = min(window.outputWidth - column, pixels.upperBound - pixel)
                        let y = row * window.stride - window.padding.top + ky
                        let left = kx - window.padding.left
                        let isInside = y >= 0 && y < shape.height
                        for step in 0..<count {
                            let x = (column + step) * window.stride + left
                            target[step] = isInside && x >= 0 && x < shape.width ? plane[y * shape.width + x] : 0
                        }
                        target += count
                        pixel += count
                    }
                }
            }
        }
    }

    private func depthwise(
        _ kernel: FoldedKernel, _ geometry: Convolution, _ source: [Float], _ from: TensorShape, _ to: TensorShape,
        _ activation: Activation?
    ) -> [Float] {
        let window = geometry.window(kernelHeight: kernel.shape[2], kernelWidth: kernel.shape[3], on: from)
        let taps = window.kernelHeight * window.kernelWidth
        return planes(to) { channel, result in
            source.withUnsafeBufferPointer { source in
                for pixel in 0..<to.area { result[pixel] = kernel.bias[channel] }
                for tap in 0..<taps {
                    let weight = kernel.weights[channel * taps + tap]
                    let (dy, dx) = (
                        tap / window.kernelWidth - window.padding.top, tap % window.kernelWidth - window.padding.left
                    )
                    for y in 0..<to.height {
                        let row = y * window.stride + dy
                        guard row >= 0, row < from.height else { continue }
                        let line = (channel * from.height + row) * from.width
                        for x in 0..<to.width {
                            let column = x * window.stride + dx
                            guard column >= 0, column < from.width else { continue }
                            result[y * to.width + x] += source[line + column] * weight
                        }
                    }
                }
                if activation != nil { cinference_activate(result, Int64(to.area), activation.code) }
            }
        }
    }

    private func tapSum(_ sum: TapSum, _ inputs: [[Float]], _ layer: Layer) -> [Float] {
        let to = shapes[layer.output]
        return planes(to) { channel, result in
            result.update(repeating: 0, count: to.area)
            for (index, factor) in sum.factors.enumerated() {
                let from = shapes[layer.inputs[index]]
                inputs[index].withUnsafeBufferPointer { source in
                    for tap in 0..<9 {
                        let (dy, dx) = (tap / 3 - 1, tap % 3 - 1)
                        for y in max(0, -dy)..<min(to.height, to.height - dy) {
                            let row = ((tap * to.channels + channel) * from.height + (y + dy) / factor) * from.width
                            for x in max(0, -dx)..<min(to.width, to.width - dx) {
                                result[y * to.width + x] += source[row + (x + dx) / factor]
                            }
                        }
                    }
                }
            }
        }
    }

    private func shuffled(_ phases: [Float], from: TensorShape, to: TensorShape, stride: Int) -> [Float] {
        planes(to) { channel, result in
            phases.withUnsafeBufferPointer { phases in
                for y in 0..<to.height {
                    for x in 0..<to.width {
                        let phase = y % stride * stride + x % stride
                        let row = (phase * to.channels + channel) * from.height + y / stride
                        result[y * to.width + x] = phases[row * from.width + x / stride]
                    }
                }
            }
        }
    }

    private func activated(_ values: [Float], _ activation: Activation?) -> [Float] {
        guard activation != nil else { return values }
        var values = values
        values.withUnsafeMutableBufferPointer {
            cinference_activate($0.baseAddress, Int64($0.count), activation.code)
        }
        return values
    }

    private func scale(_ values: inout [Float], by gate: [Float], area: Int) {
        for channel in gate.indices {
            for index in channel * area..<(channel + 1) * area { values[index] *= gate[channel] }
        }
    }

    /// A map of `shape`, each channel filled by `body`, channels side by side.
    private func planes(_ shape: TensorShape, _ body: (Int, UnsafeMutablePointer<Float>) -> Void) -> [Float] {
        [Float](unsafeUninitializedCapacity: shape.count) { buffer, initialized in
            if let start = buffer.baseAddress {
                let target = SharedPointer(start)
                parallelFor(shape.channels, threads: threads) { body($0, target.pointer + $0 * shape.area) }
            }
            initialized = shape.count
        }
    }
}

/// A pointer that several threads write through, each to its own part.
private struct SharedPointer {
    let pointer: UnsafeMutablePointer<Float>

    init(_ pointer: UnsafeMutablePointer<Float>) {
        self.pointer = pointer
    }
}

/// Calls `body` for each index below `count` on up to `threads` threads, in no fixed order.
private func parallelFor(_ count: Int, threads: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
        var body = body
        withUnsafeMutablePointer(to: &body) { context in
            cinference_parallel(Int32(threads), Int64(count), context) { context, index in
                context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(index))
            }
        }
    }
}
