// 1x1 convolutions on blocks of 16. Included by KernelsAVX512.cpp and KernelsBfloat16.cpp as KernelBodies.hpp is.

/// `Pixels` pixels of `Blocks` blocks that begin at element `place` of the first; inputs are added in their order.
template <int Blocks, int Pixels, int Stride>
static inline __attribute__((always_inline)) void pointwisePixels(
    const PointwiseArguments &a, const Element *source, const Element *weights, int block, int64_t pixel) {
    const int64_t area = int64_t(a.height) * a.width;
    const int64_t resultBytes = a.toSingle ? sizeof(float) : sizeof(Element), place = block * area + pixel;
    Vector sum[Blocks * Pixels];
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) {
            sum[b * Pixels + p] = a.bias ? load(a.bias + (block + b) * blockSize) : Vector{};
            const char *result = static_cast<const char *>(a.destination);
            _mm_prefetch(result + (place + b * area + p) * blockSize * resultBytes, _MM_HINT_T0);
        }
    // `inputs` planes from `from` on, pixels `apart` from each other.
    auto add = [&](const Element *from, int inputs, int64_t plane, auto apart) __attribute__((always_inline)) {
        for (int input = 0; input < inputs; input += blockSize, from += plane, weights += Blocks * blockSize * blockSize) {
            // Planes stand too far apart for the processor to foresee.
            if (input + blockSize < inputs)
#pragma clang loop unroll(full)
                for (int p = 0; p < Pixels; ++p) _mm_prefetch(from + plane + p * apart() * blockSize, _MM_HINT_T0);
            addProducts<Blocks, Pixels>(
                sum, from, apart() * blockSize, blockSize, weights, Blocks * blockSize,
                blockSize * int64_t(sizeof(float) / sizeof(Element)));
        }
    };
    add(source, a.inputs, int64_t(a.sourceHeight) * a.sourceWidth * blockSize, std::integral_constant<int, Stride>());
    if (a.second)
        add(elements(a.second) + pixel * blockSize, a.secondInputs, area * blockSize, std::integral_constant<int, 1>());
    auto finish = [&](auto *destination) __attribute__((always_inline)) {
        auto *first = destination + place * blockSize;
        if (a.accumulates) {
#pragma clang loop unroll(full)
            for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
                for (int p = 0; p < Pixels; ++p) sum[b * Pixels + p] += load(first + (b * area + p) * blockSize);
        }
        tellOverflows<Blocks * Pixels>(sum);
        activateAll<Blocks * Pixels>(sum, a.activation);
#pragma clang loop unroll(full)
        for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
            for (int p = 0; p < Pixels; ++p) storeTold(first + (b * area + p) * blockSize, sum[b * Pixels + p]);
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

/// The same for a group of `size` blocks from `block` on.
template <int Stride>
static void pointwiseGroup(
    const PointwiseArguments &a, const Element *source, const Element *weights, int size, int block, int64_t pixel, int count) {
    switch (size) {
        case 1: return pointwiseRun<1, 24, Stride>(a, source, weights, block, pixel, count);
        case 2: return pointwiseRun<2, 12, Stride>(a, source, weights, block, pixel, count);
        case 3: return pointwiseRun<3, 8, Stride>(a, source, weights, block, pixel, count);
        default: return pointwiseRun<4, 6, Stride>(a, source, weights, block, pixel, count);
    }
}

template <int Stride>
static void pointwiseOf(const PointwiseArguments &a) {
    const BlockGroups groups(a.blocks);
    const int64_t inputs = a.inputs + a.secondInputs;
    // Pixels that stand side by side are a row: of whole rows all, where none are skipped.
    const int64_t area = a.region.pixels(), columns = a.region.columns.count();
    const int64_t row = Stride == 1 && columns == a.width ? area : columns;
    // A part of the sources that leaves the second cache room for a group's weights; whole rows of many.
    const int64_t fitting = (128 << 10) / int64_t(sizeof(Element)) / inputs / 24 * 24;
    const int64_t most = fitting < 48 ? 48 : fitting > 1536 ? 1536 : fitting;
    const int64_t pixels = row == area ? most : most > row ? most / row * row : row;
    const int64_t runs = (area + pixels - 1) / pixels;
    parallel(a.threads, runs * groups.count, [&](int64_t task) {
        const int group = int(task % groups.count), block = groups.first(group);
        const Element *weights = elements(a.weights) + int64_t(block) * inputs * blockSize;
        const int64_t first = task / groups.count * pixels, last = first + pixels < area ? first + pixels : area;
        for (int64_t pixel = first; pixel < last;) {
            const int64_t y = a.region.rows.first + pixel / row, x = a.region.columns.first + pixel % row;
            const int64_t count = last - pixel < row ? last - pixel : row;
            const Element *source = elements(a.source) + (y * a.sourceWidth + x) * Stride * blockSize;
            pointwiseGroup<Stride>(a, source, weights, groups.size(group), block, y * a.width + x, int(count));
            pixel += count;
        }
    });
}

static void pointwise(const PointwiseArguments &a) { a.stride == 1 ? pointwiseOf<1>(a) : pointwiseOf<2>(a); }
