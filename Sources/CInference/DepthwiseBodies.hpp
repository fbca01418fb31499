// Depthwise convolutions, alone and with the 1x1 convolution before them. Included by the Kernels*.cpp of floats and
// bfloat16 as KernelBodies.hpp is.

/// `Pixels` neighbouring output pixels; taps are added in the order of the kernel whatever `Pixels` is, so that a
/// pixel's value does not depend on its place in the row. `Kernel` and `Stride` 0: read from the arguments.
template <int Kernel, int Stride, int Pixels>
static inline __attribute__((always_inline)) void depthwisePixels(
    const DepthwiseArguments &a, const Element *source, const float *weights, Vector bias, int firstRow, int lastRow,
    int firstColumn, int lastColumn, int activation, Element *destination, Vector &sum) {
    const int kernelWidth = Kernel ? Kernel : a.kernelWidth;
    const int stride = Stride ? Stride : a.stride;
    Vector result[Pixels];
    for (int p = 0; p < Pixels; ++p) result[p] = bias;
    for (int ky = firstRow; ky < lastRow; ++ky) {
        const Element *row = source + int64_t(ky) * a.sourceWidth * blockSize;
        const float *taps = weights + ky * kernelWidth * blockSize;
        if (Kernel && Pixels > 1) {
#pragma clang loop unroll(full)
            for (int kx = 0; kx < Kernel; ++kx) {
                Vector tap = load(taps + kx * blockSize);
#pragma clang loop unroll(full)
                for (int p = 0; p < Pixels; ++p) result[p] += load(row + (p * stride + kx) * blockSize) * tap;
            }
        } else {
            for (int kx = firstColumn; kx < lastColumn; ++kx) {
                Vector tap = load(taps + kx * blockSize);
                for (int p = 0; p < Pixels; ++p) result[p] += load(row + (p * stride + kx) * blockSize) * tap;
            }
        }
    }
    activateAll<Pixels>(result, activation);
    for (int p = 0; p < Pixels; ++p) {
        sum += result[p];
        store(destination + p * blockSize, result[p]);
    }
}

/// One output row of one block; returns the sum of its pixels.
template <int Kernel, int Stride>
static Vector depthwiseRow(const DepthwiseArguments &a, int block, int y) {
    const int kernelHeight = Kernel ? Kernel : a.kernelHeight, kernelWidth = Kernel ? Kernel : a.kernelWidth;
    const int stride = Stride ? Stride : a.stride;
    const int top = y * stride - a.padTop;
    const int firstRow = top < 0 ? -top : 0;
    const int lastRow = a.sourceHeight - top < kernelHeight ? a.sourceHeight - top : kernelHeight;
    const Element *source = elements(a.source) + (int64_t(block) * a.sourceHeight + top) * a.sourceWidth * blockSize;
    const float *weights = a.weights + int64_t(block) * kernelHeight * kernelWidth * blockSize;
    Element *destination = elements(a.destination) + (int64_t(block) * a.height + y) * a.width * blockSize;
    const Vector bias = load(a.bias + block * blockSize);
    Vector sum{};
    auto edge = [&](int x) {
        const int left = x * stride - a.padLeft;
        const int first = left < 0 ? -left : 0;
        const int last = a.sourceWidth - left < kernelWidth ? a.sourceWidth - left : kernelWidth;
        depthwisePixels<Kernel, Stride, 1>(
            a, source + int64_t(left) * blockSize, weights, bias, firstRow, lastRow, first, last, a.activation,
            destination + int64_t(x) * blockSize, sum);
    };
    int x = 0;
    const int innerBegin = (a.padLeft + stride - 1) / stride;
    const int innerRoom = a.sourceWidth - kernelWidth + a.padLeft;
    const int innerEnd = innerRoom < 0 ? 0 : (innerRoom / stride + 1 < a.width ? innerRoom / stride + 1 : a.width);
    constexpr int pixels = 8;
    for (; x < innerBegin && x < a.width; ++x) edge(x);
    for (; x + pixels <= innerEnd; x += pixels) {
        depthwisePixels<Kernel, Stride, pixels>(
            a, source + (int64_t(x) * stride - a.padLeft) * blockSize, weights, bias, firstRow, lastRow, 0, kernelWidth,
            a.activation, destination + int64_t(x) * blockSize, sum);
    }
    for (; x < a.width; ++x) edge(x);
    return sum;
}

/// The mean of each channel from the tiles' sums, added in the tiles' order.
static void averagePartials(const DepthwiseArguments &a, int tiles) {
    const Vector area = all(float(int64_t(a.height) * a.width));
    for (int block = 0; block < a.blocks; ++block) {
        Vector sum{};
        for (int tile = 0; tile < tiles; ++tile) sum += load(a.partial + (int64_t(tile) * a.blocks + block) * blockSize);
        store(a.pooled + block * blockSize, sum / area);
    }
}

template <int Kernel, int Stride>
static void depthwiseOf(const DepthwiseArguments &a) {
    const int tiles = depthwiseTiles(a.height);
    parallel(a.threads, int64_t(a.blocks) * tiles, [&](int64_t task) {
        const int block = int(task / tiles), tile = int(task % tiles);
        const int end = (tile + 1) * depthwiseTileRows < a.height ? (tile + 1) * depthwiseTileRows : a.height;
        Vector sum{};
        for (int y = tile * depthwiseTileRows; y < end; ++y) sum += depthwiseRow<Kernel, Stride>(a, block, y);
        if (a.pooled) store(a.partial + (int64_t(tile) * a.blocks + block) * blockSize, sum);
    });
    if (a.pooled) averagePartials(a, tiles);
}

static void depthwise(const DepthwiseArguments &a) {
    const int kernel = a.kernelHeight == a.kernelWidth ? a.kernelHeight : 0;
    if (kernel == 3 && a.stride == 1) return depthwiseOf<3, 1>(a);
    if (kernel == 3 && a.stride == 2) return depthwiseOf<3, 2>(a);
    if (kernel == 5 && a.stride == 1) return depthwiseOf<5, 1>(a);
    if (kernel == 5 && a.stride == 2) return depthwiseOf<5, 2>(a);
    depthwiseOf<0, 0>(a);
}

/// `Pixels` neighbouring pixels of a 1x1 convolution to `Blocks` blocks of channels, `weightsApart` and `rowsApart`
/// from each other; inputs are added in their order.
template <int Pixels, int Blocks>
static inline __attribute__((always_inline)) void expandPixels(
    const ExpandArguments &a, const Element *source, const Element *weights, int64_t weightsApart, const float *bias,
    float *destination, int rowsApart) {
    const int64_t plane = int64_t(a.depthwise.sourceHeight) * a.depthwise.sourceWidth * blockSize;
    Vector sum[Blocks * Pixels];
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) sum[b * Pixels + p] = load(bias + b * blockSize);
    for (int left = a.inputs; left > 0; left -= blockSize, source += plane, weights += blockSize * blockSize) {
        const int inputs = left < blockSize ? left : blockSize;
        addProducts<Blocks, Pixels>(sum, source, blockSize, inputs, weights, blockSize, weightsApart);
    }
    tellOverflows<Blocks * Pixels>(sum);
    activateAll<Blocks * Pixels>(sum, a.activation);
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) store(destination + b * rowsApart + p * blockSize, sum[b * Pixels + p]);
}

static inline int paddedInputs(const ExpandArguments &a) { return (a.inputs + blockSize - 1) / blockSize * blockSize; }

/// Columns [first, last) of one row of `Blocks` blocks of the expanded map, to rows whose first pixel is column
/// `first`.
template <int Blocks>
static void expandRow(const ExpandArguments &a, int block, int y, int first, int last, float *row, int rowsApart) {
    constexpr int pixels = blockSize == 16 ? 12 : 12 / Blocks;
    const int64_t weightsApart = int64_t(paddedInputs(a)) * blockSize;
    const Element *source = elements(a.source) + (int64_t(y) * a.depthwise.sourceWidth + first) * blockSize;
    const Element *weights = elements(a.weights) + block * weightsApart;
    const float *bias = a.bias + block * blockSize;
    const int count = last - first;
    auto run = [&](int x) {
        expandPixels<pixels, Blocks>(
            a, source + x * blockSize, weights, weightsApart, bias, row + x * blockSize, rowsApart);
    };
    int x = 0;
    for (; x + pixels <= count; x += pixels) run(x);
    if (x == count) return;
    // The last pixels once more with their neighbours, or one by one where there are too few.
    if (count >= pixels) return run(count - pixels);
    for (; x < count; ++x)
        expandPixels<1, Blocks>(
            a, source + x * blockSize, weights, weightsApart, bias, row + x * blockSize, rowsApart);
}

template <int Kernel, int Stride, int Pixels>
static inline __attribute__((always_inline)) void depthwiseOfRows(
    const float *const *rows, int x, const float *weights, Vector bias, int activation, Element *destination,
    Vector &sum) {
    Vector result[Pixels];
    for (int p = 0; p < Pixels; ++p) result[p] = bias;
#pragma clang loop unroll(full)
    for (int ky = 0; ky < Kernel; ++ky) {
        const float *row = rows[ky] + int64_t(x) * Stride * blockSize;
#pragma clang loop unroll(full)
        for (int kx = 0; kx < Kernel; ++kx) {
            const Vector tap = load(weights + (ky * Kernel + kx) * blockSize);
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) result[p] += load(row + (p * Stride + kx) * blockSize) * tap;
        }
    }
    activateAll<Pixels>(result, activation);
    for (int p = 0; p < Pixels; ++p) {
        sum += result[p];
        store(destination + p * blockSize, result[p]);
    }
}

/// `Blocks` blocks of one tile of the result; the last `Kernel` rows of the expanded map stay in the cache.
template <int Kernel, int Stride, int Blocks>
static void expandTile(
    const ExpandArguments &a, const ExpandTiling &tiling, int64_t tile, int block, float *ring, int rowFloats) {
    const DepthwiseArguments &d = a.depthwise;
    const int top = int(tile / tiling.across) * tiling.rows, left = int(tile % tiling.across) * tiling.columns;
    const int bottom = top + tiling.rows < d.height ? top + tiling.rows : d.height;
    const int right = left + tiling.columns < d.width ? left + tiling.columns : d.width;
    const int origin = left * Stride - d.padLeft, end = (right - 1) * Stride - d.padLeft + Kernel;
    const int first = origin < 0 ? 0 : origin, last = end < d.sourceWidth ? end : d.sourceWidth;
    const int blockFloats = Kernel * rowFloats;
    const float *zeros = ring + expandBlocks * blockFloats;
    Vector sums[Blocks] = {};
    int next = top * Stride - d.padTop;
    for (int y = top; y < bottom; ++y) {
        const int begin = y * Stride - d.padTop;
        for (next = next < begin ? begin : next; next < begin + Kernel; ++next) {
            if (next < 0 || next >= d.sourceHeight) continue;
            float *row = ring + next % Kernel * rowFloats + (first - origin) * blockSize;
            expandRow<Blocks>(a, block, next, first, last, row, blockFloats);
        }
        for (int b = 0; b < Blocks; ++b) {
            const float *rows[Kernel];
            for (int ky = 0; ky < Kernel; ++ky) {
                const int row = begin + ky;
                rows[ky] = row < 0 || row >= d.sourceHeight ? zeros : ring + b * blockFloats + row % Kernel * rowFloats;
            }
            const float *weights = d.weights + int64_t(block + b) * Kernel * Kernel * blockSize;
            const Vector bias = load(d.bias + (block + b) * blockSize);
            Element *destination =
                elements(d.destination) + ((int64_t(block + b) * d.height + y) * d.width + left) * blockSize;
            Vector sum = sums[b];
            int x = 0;
            for (; x + 8 <= right - left; x += 8)
                depthwiseOfRows<Kernel, Stride, 8>(
                    rows, x, weights, bias, d.activation, destination + x * blockSize, sum);
            for (; x < right - left; ++x)
                depthwiseOfRows<Kernel, Stride, 1>(
                    rows, x, weights, bias, d.activation, destination + x * blockSize, sum);
            sums[b] = sum;
        }
    }
    if (!d.pooled) return;
    for (int b = 0; b < Blocks; ++b) store(d.partial + (tile * d.blocks + block + b) * blockSize, sums[b]);
}

template <int Kernel, int Stride>
static void expandDepthwiseOf(const ExpandArguments &a) {
    const DepthwiseArguments &d = a.depthwise;
    const ExpandTiling tiling = expandTiling(d, paddedInputs(a), int(sizeof(Element)));
    const int rowFloats = tiling.ringColumns(d) * blockSize, ringFloats = tiling.ringFloats(d, blockSize);
    const int tiles = tiling.down * tiling.across;
    parallel(d.threads, tiles, [&](int64_t tile) {
        // Columns beyond the map's border are never written, and the last row is one beyond it.
        float *ring = a.rows + int64_t(threadIndex()) * ringFloats;
        for (int i = 0; i < ringFloats; i += blockSize) store(ring + i, Vector{});
        int block = 0;
        for (; block + expandBlocks <= d.blocks; block += expandBlocks)
            expandTile<Kernel, Stride, expandBlocks>(a, tiling, tile, block, ring, rowFloats);
        for (; block < d.blocks; ++block) expandTile<Kernel, Stride, 1>(a, tiling, tile, block, ring, rowFloats);
    });
    if (d.pooled) averagePartials(d, tiles);
}

static void expandDepthwise(const ExpandArguments &a) {
    const bool wide = a.depthwise.kernelHeight == 5;
    if (a.depthwise.stride == 1) return wide ? expandDepthwiseOf<5, 1>(a) : expandDepthwiseOf<3, 1>(a);
    wide ? expandDepthwiseOf<5, 2>(a) : expandDepthwiseOf<3, 2>(a);
}
