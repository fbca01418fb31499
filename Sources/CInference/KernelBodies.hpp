// The kernels themselves, on vectors of `blockSize` floats. Included by each Kernels*.cpp after Vectors.hpp, inside a
// namespace and under a target attribute of its own; has no include guard for that reason and includes nothing.
// `Element` is what maps hold in memory: float, Bfloat16 or Byte; sums and weights are floats.

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

/// `Pixels` neighbouring pixels of a 1x1 convolution to `Blocks` blocks of channels, `weightsApart` and `rowsApart` from
/// each other; inputs are added in their order.
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
#ifdef CINFERENCE_BFLOAT16
        for (int i = 0; i < inputs; i += 2) {
            __m512bh taps[Blocks];
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b)
                taps[b] = __builtin_bit_cast(__m512bh, _mm512_loadu_si512(weights + b * weightsApart + i * blockSize));
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) {
                int32_t pair;
                std::memcpy(&pair, source + p * blockSize + i, sizeof pair);
                const __m512bh both = __builtin_bit_cast(__m512bh, _mm512_set1_epi32(pair));
#pragma clang loop unroll(full)
                for (int b = 0; b < Blocks; ++b) {
                    Vector &total = sum[b * Pixels + p];
                    total = __builtin_bit_cast(
                        Vector, _mm512_dpbf16_ps(__builtin_bit_cast(__m512, total), both, taps[b]));
                }
            }
        }
#else
        for (int i = 0; i < inputs; ++i) {
            Vector taps[Blocks];
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b) taps[b] = load(weights + b * weightsApart + i * blockSize);
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) {
                const Vector value = all(single(source[p * blockSize + i]));
#pragma clang loop unroll(full)
                for (int b = 0; b < Blocks; ++b) sum[b * Pixels + p] += value * taps[b];
            }
        }
#endif
    }
    activateAll<Blocks * Pixels>(sum, a.activation);
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) store(destination + b * rowsApart + p * blockSize, sum[b * Pixels + p]);
}

static inline int paddedInputs(const ExpandArguments &a) { return (a.inputs + blockSize - 1) / blockSize * blockSize; }

/// Columns [first, last) of one row of `Blocks` blocks of the expanded map, to rows whose first pixel is column `first`.
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

#if defined(CINFERENCE_AVX512) && !defined(CINFERENCE_BYTE)
/// `Pixels` pixels of `Blocks` blocks that begin at element `place` of the first; inputs are added in their order.
template <int Blocks, int Pixels, int Stride>
static inline __attribute__((always_inline)) void pointwisePixels(
    const PointwiseArguments &a, const Element *source, const Element *weights, int block, int64_t pixel) {
    const int64_t area = int64_t(a.height) * a.width, plane = int64_t(a.sourceHeight) * a.sourceWidth * blockSize;
    const int64_t resultBytes = a.toSingle ? sizeof(float) : sizeof(Element), place = block * area + pixel;
    Vector sum[Blocks * Pixels];
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) {
            sum[b * Pixels + p] = load(a.bias + (block + b) * blockSize);
            const char *result = static_cast<const char *>(a.destination);
            _mm_prefetch(result + (place + b * area + p) * blockSize * resultBytes, _MM_HINT_T0);
        }
    for (int input = 0; input < a.inputs; input += blockSize, source += plane, weights += Blocks * blockSize * blockSize) {
        // Planes stand too far apart for the processor to foresee.
        if (input + blockSize < a.inputs)
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) _mm_prefetch(source + plane + p * Stride * blockSize, _MM_HINT_T0);
#ifdef CINFERENCE_BFLOAT16
        for (int i = 0; i < blockSize; i += 2) {
            __m512bh taps[Blocks];
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b)
                taps[b] = __builtin_bit_cast(__m512bh, _mm512_loadu_si512(weights + (i * Blocks + b * 2) * blockSize));
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) {
                int32_t pair;
                std::memcpy(&pair, source + p * Stride * blockSize + i, sizeof pair);
                const __m512bh both = __builtin_bit_cast(__m512bh, _mm512_set1_epi32(pair));
#pragma clang loop unroll(full)
                for (int b = 0; b < Blocks; ++b) {
                    Vector &total = sum[b * Pixels + p];
                    total = __builtin_bit_cast(
                        Vector, _mm512_dpbf16_ps(__builtin_bit_cast(__m512, total), both, taps[b]));
                }
            }
        }
#else
        for (int i = 0; i < blockSize; ++i) {
            Vector taps[Blocks];
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b) taps[b] = load(weights + (i * Blocks + b) * blockSize);
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) {
                const Vector value = all(source[p * Stride * blockSize + i]);
#pragma clang loop unroll(full)
                for (int b = 0; b < Blocks; ++b) sum[b * Pixels + p] += value * taps[b];
            }
        }
#endif
    }
    auto finish = [&](auto *destination) __attribute__((always_inline)) {
        auto *first = destination + place * blockSize;
        if (a.accumulates) {
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
                for (int p = 0; p < Pixels; ++p) sum[b * Pixels + p] += load(first + (b * area + p) * blockSize);
        }
        activateAll<Blocks * Pixels>(sum, a.activation);
#pragma clang loop unroll(full)
        for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) store(first + (b * area + p) * blockSize, sum[b * Pixels + p]);
    };
    if (a.toSingle) finish(static_cast<float *>(a.destination));
    else finish(elements(a.destination));
}

/// `count` neighbouring pixels: tiles of `Pixels`, then smaller ones.
template <int Blocks, int Pixels, int Stride>
static void pointwiseRun(
    const PointwiseArguments &a, const Element *source, const Element *weights, int block, int64_t pixel, int count) {
    for (; count >= Pixels; count -= Pixels, pixel += Pixels, source += Pixels * Stride * blockSize)
        pointwisePixels<Blocks, Pixels, Stride>(a, source, weights, block, pixel);
    if constexpr (Pixels > 1)
        if (count > 0)
            pointwiseRun<Blocks, (Pixels > 6 ? Pixels / 2 : Pixels > 2 ? 2 : 1), Stride>(a, source, weights, block, pixel, count);
}

template <int Stride>
static void pointwiseOf(const PointwiseArguments &a) {
    const BlockGroups groups(a.blocks);
    // A part of the source that leaves the second cache room for a group's weights; whole rows where some are skipped.
    const int64_t area = int64_t(a.height) * a.width, fitting = (128 << 10) / int64_t(sizeof(Element)) / a.inputs / 24 * 24;
    const int64_t most = fitting < 48 ? 48 : fitting > 1536 ? 1536 : fitting;
    const int64_t rows = Stride == 1 ? 1 : most / a.width > 1 ? most / a.width : 1;
    const int64_t pixels = Stride == 1 ? most : rows * a.width, runs = (area + pixels - 1) / pixels;
    parallel(a.threads, runs * groups.count, [&](int64_t task) {
        const int group = int(task % groups.count), block = groups.first(group);
        const Element *weights = elements(a.weights) + int64_t(block) * a.inputs * blockSize;
        const int64_t first = task / groups.count * pixels, last = first + pixels < area ? first + pixels : area;
        for (int64_t pixel = first; pixel < last;) {
            const int64_t y = pixel / a.width, count = Stride == 1 ? last - pixel : a.width;
            const Element *source = elements(a.source)
                + (Stride == 1 ? pixel : y * Stride * a.sourceWidth) * blockSize;
            switch (groups.size(group)) {
                case 1: pointwiseRun<1, 24, Stride>(a, source, weights, block, pixel, int(count)); break;
                case 2: pointwiseRun<2, 12, Stride>(a, source, weights, block, pixel, int(count)); break;
                case 3: pointwiseRun<3, 8, Stride>(a, source, weights, block, pixel, int(count)); break;
                default: pointwiseRun<4, 6, Stride>(a, source, weights, block, pixel, int(count)); break;
            }
            pixel += count;
        }
    });
}

static void pointwise(const PointwiseArguments &a) { a.stride == 1 ? pointwiseOf<1>(a) : pointwiseOf<2>(a); }
#endif

static void maxPool(const MapArguments &a) {
    parallel(a.threads, int64_t(a.blocks) * a.height, [&](int64_t task) {
        const int64_t block = task / a.height, y = task % a.height;
        for (int64_t x = 0; x < a.width; ++x) {
            Vector most = all(-__builtin_inff());
            for (int ky = 0; ky < a.kernel; ++ky) {
                const int64_t row = y * a.stride - a.pad + ky;
                if (row < 0 || row >= a.sourceHeight) continue;
                for (int kx = 0; kx < a.kernel; ++kx) {
                    const int64_t column = x * a.stride - a.pad + kx;
                    if (column < 0 || column >= a.sourceWidth) continue;
                    const int64_t pixel = (block * a.sourceHeight + row) * a.sourceWidth + column;
                    most = larger(load(elements(a.source) + pixel * blockSize), most);
                }
            }
            store(elements(a.destination) + ((block * a.height + y) * a.width + x) * blockSize, most);
        }
    });
}

static void mean(const MapArguments &a) {
    parallel(a.threads, a.blocks, [&](int64_t block) {
        const Element *source = elements(a.source) + block * a.sourceHeight * a.sourceWidth * blockSize;
        Vector sum{};
        for (int64_t y = 0; y < a.sourceHeight; ++y) {
            Vector row{};
            for (int64_t x = 0; x < a.sourceWidth; ++x) row += load(source + (y * a.sourceWidth + x) * blockSize);
            sum += row;
        }
        store(static_cast<float *>(a.destination) + block * blockSize, sum / all(float(int64_t(a.sourceHeight) * a.sourceWidth)));
    });
}

/// Calls `body(first, last)` for runs of whole pixels of all blocks; element-wise kernels only.
template <typename Body>
static void parallelRows(const MapArguments &a, const Body &body) {
    const int64_t row = int64_t(a.width) * blockSize;
    parallel(a.threads, int64_t(a.blocks) * a.height, [&](int64_t task) { body(task * row, (task + 1) * row); });
}

static void add(const MapArguments &a) {
    const Element *source = elements(a.source), *second = elements(a.second);
    Element *destination = elements(a.destination);
    parallelRows(a, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; i += blockSize)
            store(destination + i, activated(load(source + i) + load(second + i), a.activation));
    });
}

static void scale(const MapArguments &a) {
    const int64_t area = int64_t(a.height) * a.width * blockSize;
    const Element *source = elements(a.source);
    Element *destination = elements(a.destination);
    parallelRows(a, [&](int64_t first, int64_t last) {
        const Vector gate = load(static_cast<const float *>(a.second) + first / area * blockSize);
        for (int64_t i = first; i < last; i += blockSize)
            store(destination + i, activated(load(source + i) * gate, a.activation));
    });
}

static void activate(const MapArguments &a) {
    const Element *source = elements(a.source);
    Element *destination = elements(a.destination);
    parallelRows(a, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; i += blockSize)
            store(destination + i, activated(load(source + i), a.activation));
    });
}

static void upsample(const MapArguments &a) {
    parallel(a.threads, int64_t(a.blocks) * a.sourceHeight, [&](int64_t task) {
        const Element *source = elements(a.source) + task * a.sourceWidth * blockSize;
        Element *destination = elements(a.destination) + task * a.factor * a.width * blockSize;
        for (int dy = 0; dy < a.factor; ++dy) {
            for (int64_t x = 0; x < a.sourceWidth; ++x) {
                const Vector value = load(source + x * blockSize);
                for (int dx = 0; dx < a.factor; ++dx, destination += blockSize) store(destination, value);
            }
        }
    });
}

/// Adds one source's taps to a row of sums. The three rows of taps are added once a small pixel, for each column of
/// the kernel; an upsampled pixel takes its neighbours' sums where it stands at the small pixel's edge.
static void addTaps(const TapSumArguments &a, int source, int64_t block, int64_t y, float *sums) {
    const int64_t factor = a.factors[source], height = a.height / factor, width = a.width / factor;
    const Element *rows[9];
    for (int tap = 0; tap < 9; ++tap) {
        const int64_t row = y + tap / 3 - 1;
        rows[tap] = row < 0 || row >= a.height
            ? nullptr
            : elements(a.sources[source]) + ((tap * a.blocks + block) * height + row / factor) * width * blockSize;
    }
    auto column = [&](int dx, int64_t x) {
        Vector sum{};
        for (int dy = 0; dy < 9; dy += 3)
            if (rows[dy]) sum += load(rows[dy + dx] + x * blockSize);
        return sum;
    };
    auto add = [](float *to, Vector value) { store(to, load(to) + value); };
    // Right taps of the pixel before, left taps of the one after.
    Vector left{}, middle = column(1, 0), right = column(2, 0);
    for (int64_t x = 0; x < width; ++x) {
        const bool isLast = x + 1 == width;
        const Vector own = column(0, x), rightAfter = isLast ? Vector{} : column(2, x + 1);
        float *to = sums + x * factor * blockSize;
        if (factor == 1) {
            add(to, left + middle + rightAfter);
        } else {
            add(to, left + middle + right);
            const Vector inner = own + middle + right;
            for (int64_t i = 1; i + 1 < factor; ++i) add(to + i * blockSize, inner);
            add(to + (factor - 1) * blockSize, own + middle + rightAfter);
        }
        left = own;
        right = rightAfter;
        if (!isLast) middle = column(1, x + 1);
    }
}

static void tapSum(const TapSumArguments &a) {
    const int64_t row = int64_t(a.width) * blockSize;
    parallel(a.threads, int64_t(a.blocks) * a.height, [&](int64_t task) {
        float *sums = a.rows + threadIndex() * row;
        for (int64_t i = 0; i < row; i += blockSize) store(sums + i, Vector{});
        for (int s = 0; s < a.count; ++s) addTaps(a, s, task / a.height, task % a.height, sums);
        Element *destination = elements(a.destination) + task * row;
        for (int64_t i = 0; i < row; i += blockSize) store(destination + i, load(sums + i));
    });
}

template <typename From, typename To>
static void shuffleOf(const ShuffleArguments &a) {
    const int64_t factor = a.factor, width = a.width * factor;
    const bool whole = a.phaseChannels % blockSize == 0 && a.channels % blockSize == 0
        && a.firstChannel % blockSize == 0 && a.from.lane == 1 && a.to.lane == 1;
    auto address = [](const Strides &s, int64_t c) { return c / blockSize * s.block + c % blockSize * s.lane; };
    const int64_t step = whole ? blockSize : 1;
    const int64_t channels = (a.fill + step - 1) / step;
    parallel(a.threads, channels * a.height, [&](int64_t task) {
        const int64_t c = task / a.height * step, y = task % a.height;
        for (int64_t dy = 0; dy < factor; ++dy) {
            for (int64_t dx = 0; dx < factor; ++dx) {
                const From *from = static_cast<const From *>(a.source) + address(a.from, (dy * factor + dx) * a.phaseChannels + c)
                    + y * a.width * a.from.pixel;
                To *to = static_cast<To *>(a.destination) + address(a.to, a.firstChannel + c)
                    + ((y * factor + dy) * width + dx) * a.to.pixel;
                if (whole) {
                    for (int64_t x = 0; x < a.width; ++x)
                        store(to + x * factor * a.to.pixel, load(from + x * a.from.pixel));
                } else if (c < a.channels) {
                    for (int64_t x = 0; x < a.width; ++x) assign(to[x * factor * a.to.pixel], single(from[x * a.from.pixel]));
                } else {
                    for (int64_t x = 0; x < a.width; ++x) assign(to[x * factor * a.to.pixel], 0);
                }
            }
        }
    });
}

static void shuffle(const ShuffleArguments &a) {
#ifdef CINFERENCE_BFLOAT16
    if (a.fromSingle) return a.toSingle ? shuffleOf<float, float>(a) : shuffleOf<float, Element>(a);
    if (a.toSingle) return shuffleOf<Element, float>(a);
#endif
    shuffleOf<Element, Element>(a);
}

/// `rounds` times twelve independent multiply-adds in registers; returns the operations.
static int64_t multiplyAdd(int64_t rounds, float *sink) {
    constexpr int chains = 12;
    Vector sums[chains] = {};
#ifdef CINFERENCE_BFLOAT16
    const __m512bh factor = __builtin_bit_cast(__m512bh, _mm512_set1_epi32(0x3f003f00));  // pairs of 0.5
    for (int64_t i = 0; i < rounds; ++i) {
#pragma clang loop unroll(full)
        for (int c = 0; c < chains; ++c)
            sums[c] = __builtin_bit_cast(Vector, _mm512_dpbf16_ps(__builtin_bit_cast(__m512, sums[c]), factor, factor));
    }
    constexpr int operations = 4;
#else
    const Vector factor = all(0.5f);
    for (int64_t i = 0; i < rounds; ++i) {
#pragma clang loop unroll(full)
        for (int c = 0; c < chains; ++c) sums[c] = sums[c] * factor + factor;
    }
    constexpr int operations = 2;
#endif
    for (int c = 1; c < chains; ++c) sums[0] += sums[c];
    store(sink, sums[0]);
    return rounds * chains * blockSize * operations;
}

static void scaleWeights(const ScaleArguments &a) {
    parallel(a.threads, a.outBlocks, [&](int64_t block) {
        const BlockGroups groups(a.outBlocks);
        int64_t first = block, size = 1;
        for (int group = 0; a.grouped && group < groups.count; ++group) {
            if (groups.first(group) > block) break;
            first = groups.first(group);
            size = groups.size(group);
        }
        const int64_t inputs = int64_t(a.inBlocks) * blockSize, start = first * inputs + block - first;
        auto product = [&](int64_t i) {
            const Vector weight = load(a.weights + (start + i * size) * blockSize);
            return a.gate ? weight * all(a.gate[i]) : weight;
        };
        Element *scaled = static_cast<Element *>(a.scaled);
#ifdef CINFERENCE_BFLOAT16
        for (int64_t i = 0; i < inputs; i += 2) {
            const Vector even = product(i), odd = product(i + 1);
            const __m256bh low = _mm512_cvtneps_pbh(__builtin_bit_cast(__m512, even));
            const __m256bh high = _mm512_cvtneps_pbh(__builtin_bit_cast(__m512, odd));
            const __m512i pairs = _mm512_or_si512(
                _mm512_cvtepu16_epi32(__builtin_bit_cast(__m256i, low)),
                _mm512_slli_epi32(_mm512_cvtepu16_epi32(__builtin_bit_cast(__m256i, high)), 16));
            _mm512_storeu_si512(scaled + (first * inputs + i * size + (block - first) * 2) * blockSize, pairs);
        }
#else
        for (int64_t i = 0; i < inputs; ++i) store(scaled + (start + i * size) * blockSize, product(i));
#endif
    });
}

static void activateArray(float *values, int64_t count, int activation) {
    int64_t i = 0;
    for (; i + blockSize <= count; i += blockSize) store(values + i, activated(load(values + i), activation));
    if (i == count) return;
    float rest[blockSize] = {};
    for (int64_t j = i; j < count; ++j) rest[j - i] = values[j];
    store(rest, activated(load(rest), activation));
    for (int64_t j = i; j < count; ++j) values[j] = rest[j - i];
}
