// Convolutions of an image as it is, to blocks of 16 floats. Included by KernelsAVX512.cpp as KernelBodies.hpp is.

/// `Pixels` neighbouring pixels of `Blocks` blocks: `taps` lines of weights for rows of the source that stand `row`
/// apart, in channels that stand `plane` apart.
template <int Blocks, int Pixels, int Stride>
static inline __attribute__((always_inline)) void imagePixels(
    const ImageArguments &a, const float *source, int64_t row, int64_t plane, const float *weights, Vector *sum) {
    for (int channel = 0; channel < a.inputs; ++channel)
        for (int y = 0; y < a.kernelHeight; ++y) {
            const float *const line = source + channel * plane + y * row;
            for (int x = 0; x < a.kernelWidth; ++x, weights += Blocks * blockSize)
#pragma clang loop unroll(full)
                for (int p = 0; p < Pixels; ++p) {
                    const Vector value = all(line[p * Stride + x]);
#pragma clang loop unroll(full)
                    for (int b = 0; b < Blocks; ++b) sum[b * Pixels + p] += value * load(weights + b * blockSize);
                }
        }
}

/// The pixels of row `y` from `x` on, of the blocks from `block` on: as many of `Pixels` as there are.
template <int Blocks, int Pixels, int Stride>
static void imageTile(const ImageArguments &a, const float *weights, int block, int y, int x) {
    constexpr int span = (Pixels - 1) * Stride + mostImageKernel;
    const int top = y * Stride - a.padTop, left = x * Stride - a.padLeft;
    const int columns = (Pixels - 1) * Stride + a.kernelWidth, count = a.region.columns.end - x;
    const int64_t area = int64_t(a.sourceHeight) * a.sourceWidth;
    Vector sum[Blocks * Pixels];
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b)
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p) sum[b * Pixels + p] = load(a.bias + (block + b) * blockSize);
    if (top >= 0 && left >= 0 && top + a.kernelHeight <= a.sourceHeight && left + columns <= a.sourceWidth) {
        const float *const source = a.image + int64_t(top) * a.sourceWidth + left;
        imagePixels<Blocks, Pixels, Stride>(a, source, a.sourceWidth, area, weights, sum);
    } else {
        // Zeros around the image.
        float patch[mostImageInputs * mostImageKernel * span];
        for (int channel = 0; channel < a.inputs; ++channel)
            for (int row = 0; row < a.kernelHeight; ++row)
                for (int column = 0; column < columns; ++column) {
                    const int64_t place = int64_t(top + row) * a.sourceWidth + left + column;
                    const bool isInside = top + row >= 0 && top + row < a.sourceHeight && left + column >= 0
                        && left + column < a.sourceWidth;
                    patch[(channel * mostImageKernel + row) * span + column] =
                        isInside ? a.image[channel * area + place] : 0;
                }
        imagePixels<Blocks, Pixels, Stride>(a, patch, span, mostImageKernel * span, weights, sum);
    }
    activateAll<Blocks * Pixels>(sum, a.activation);
#pragma clang loop unroll(full)
    for (int b = 0; b < Blocks; ++b) {
        float *const to = a.destination + (((block + b) * int64_t(a.height) + y) * a.width + x) * blockSize;
        // The map is larger than any cache.
#pragma clang loop unroll(full)
        for (int p = 0; p < Pixels; ++p)
            if (p < count) _mm512_stream_ps(to + p * blockSize, __builtin_bit_cast(__m512, sum[b * Pixels + p]));
    }
}

template <int Stride>
static void imageOf(const ImageArguments &a) {
    const int64_t blockWeights = int64_t(a.inputs) * a.kernelHeight * a.kernelWidth * blockSize;
    parallel(a.threads, a.region.rows.count(), [&](int64_t row) {
        const int y = a.region.rows.first + int(row);
        // Two blocks' weights stay in the first cache.
        for (int block = 0; block < a.blocks; block += 2)
            for (int x = a.region.columns.first; x < a.region.columns.end; x += imagePixelsTogether) {
                const float *const weights = a.weights + block * blockWeights;
                if (block + 1 < a.blocks) imageTile<2, imagePixelsTogether, Stride>(a, weights, block, y, x);
                else imageTile<1, imagePixelsTogether, Stride>(a, weights, block, y, x);
            }
        // Streamed stores are seen by nobody before.
        _mm_sfence();
    });
}

static void image(const ImageArguments &a) { a.stride == 1 ? imageOf<1>(a) : imageOf<2>(a); }
