// Our own kernels on blocked maps: what oneDNN 2.6 lacks or does slowly. One source (KernelBodies.hpp), compiled for
// each instruction set and element type and chosen at run time.
#pragma once

#include <cstdint>

namespace cinference {

/// A number of 8 bits' precision and a float's range, in memory.
struct Bfloat16 {
    uint16_t bits;
};

/// A byte in memory; what it stands for is told beside it.
struct Byte {
    uint8_t bits;
};

/// Neighbouring rows of a map, or columns: from `first` to `end`, which is not one of them; without limits, all.
struct Lines {
    int first = 0, end = 1 << 20;

    int count() const { return end - first; }
};

/// Pixels of a map.
struct Region {
    Lines rows, columns;

    int64_t pixels() const { return int64_t(rows.count()) * columns.count(); }
};

// Maps are `void`: floats, Bfloat16 or Byte, as the kernels that take them.

struct DepthwiseArguments {
    const void *source;
    void *destination;
    const float *weights;  // (blocks,kH,kW,block)
    const float *bias;     // (blocks,block)
    float *pooled;         // (blocks,block) or null
    float *partial;        // (tiles,blocks,block) where `pooled`: see depthwiseTiles
    int blocks, sourceHeight, sourceWidth, height, width;
    int kernelHeight, kernelWidth, stride, padTop, padLeft;
    int activation, threads;
};

/// Output rows that one task computes; fixed, so that sums do not depend on the number of threads.
constexpr int depthwiseTileRows = 16;
inline int depthwiseTiles(int height) { return (height + depthwiseTileRows - 1) / depthwiseTileRows; }

/// A 1x1 convolution and the depthwise convolution of its result, which is never in memory as a whole.
struct ExpandArguments {
    const void *source;   // (I/block,sourceHeight,sourceWidth,block), I = `inputs` and zeros to a whole block
    const void *weights;  // (blocks,I,block); Bfloat16 in (blocks,I/2,block,2)
    const float *bias;    // (blocks,block)
    int inputs, activation;
    float *rows;                   // `ringFloats` a thread
    DepthwiseArguments depthwise;  // of the expanded map, whose `source` is not read; 3x3 or 5x5, stride 1 or 2
};

/// Blocks of channels that are expanded together: each pixel read serves them all.
constexpr int expandBlocks = 2;

/// How the result is cut into tiles; fixed by shape, so that sums do not depend on the number of threads.
struct ExpandTiling {
    int rows, columns;  // of the result
    int down, across;   // tiles

    /// Columns of the expanded map that a tile needs.
    int ringColumns(const DepthwiseArguments &d) const { return (columns - 1) * d.stride + d.kernelWidth; }
    /// The rows that stay in the cache, and a row of zeros.
    int ringFloats(const DepthwiseArguments &d, int block) const {
        return (expandBlocks * d.kernelHeight + 1) * ringColumns(d) * block;
    }
};

/// Rows of the expanded map short enough for the first cache, columns of the source's tile for the second.
inline ExpandTiling expandTiling(const DepthwiseArguments &d, int sourceChannels, int elementBytes) {
    auto divide = [](int size, int most) {
        const int parts = (size + most - 1) / most;
        return (size + parts - 1) / parts;
    };
    const int columns = divide(d.width, 96 / d.stride);
    const int tileBytes = 384 << 10, rowBytes = columns * d.stride * sourceChannels * elementBytes;
    const int fitting = tileBytes / rowBytes / d.stride;
    const int rows = divide(d.height, fitting < 8 ? 8 : fitting > 40 ? 40 : fitting);
    return {rows, columns, (d.height + rows - 1) / rows, (d.width + columns - 1) / columns};
}

/// Blocks of 16 output channels are computed in groups of up to four, as even as can be.
struct BlockGroups {
    static constexpr int most = 4;
    explicit BlockGroups(int blocks) : blocks(blocks), count((blocks + most - 1) / most) {}
    int first(int group) const { return int(int64_t(group) * blocks / count); }
    int size(int group) const { return first(group + 1) - first(group); }
    int blocks, count;
};

/// Weights of a 1x1 kernel times a gate, rounded to elements: (O/block,I,block), where `grouped` (I,blocks,block) for
/// each group of blocks; Bfloat16 with pairs of inputs side by side, (…,I/2,…,block,2).
struct ScaleArguments {
    const float *weights;
    const float *gate;  // (I) or null
    void *scaled;
    int outBlocks, inBlocks;
    bool grouped;
    int threads;
};

/// destination = activation(1x1 conv(source) [+ 1x1 conv(second)] + bias [+ destination]), blocks of 16.
struct PointwiseArguments {
    const void *source;   // (inputs/16,sourceHeight,sourceWidth,16)
    const void *second;   // (secondInputs/16,height,width,16) or null; its inputs come after the source's
    const void *weights;  // as ScaleArguments has them, grouped
    const float *bias;    // (blocks,16)
    void *destination;    // (blocks,height,width,16)
    bool toSingle;        // the destination is floats, whatever the kernels' elements are
    bool accumulates;
    int inputs, secondInputs, blocks, sourceHeight, sourceWidth, height, width, stride, activation, threads;
    Region region;        // of the destination, what is computed of it
};

constexpr int mostImageInputs = 3, mostImageKernel = 7, imagePixelsTogether = 12;

/// destination = activation(conv(image) + bias), zeros around the image; stride 1 or 2.
struct ImageArguments {
    const float *image;    // (inputs,sourceHeight,sourceWidth)
    const float *weights;  // for each two blocks (inputs,kH,kW,blocks,16)
    const float *bias;     // (blocks,16)
    float *destination;    // (blocks,height,width,16)
    int inputs, blocks, sourceHeight, sourceWidth, height, width;
    int kernelHeight, kernelWidth, stride, padTop, padLeft, activation, threads;
    Region region;         // of the destination, what is computed of it
};

struct MapArguments {
    const void *source, *second;
    void *destination;
    int blocks, sourceHeight, sourceWidth, height, width;
    int kernel, stride, pad, factor, activation, threads;
    Region region;  // of the destination, all that maxPool computes
};

constexpr int mostTapSources = 4;

struct TapSumArguments {
    const void *sources[mostTapSources];  // (9,blocks,height/factor,width/factor,block) each
    int factors[mostTapSources];
    int count;
    const void *summand;  // (blocks,height,width,block) or null; may be the destination
    void *destination;
    float *rows;  // width * block a thread; more for QuantizedTapSumArguments
    int blocks, height, width, threads;
};

/// The strides, in elements, of one image's tensor in any layout: element (c,y,x) stands at
/// (c / block) * blockStride + (c % block) * laneStride + (y * width + x) * pixelStride.
struct Strides {
    int64_t block, lane, pixel;
};

struct ShuffleArguments {
    const void *source;
    void *destination;
    bool fromSingle, toSingle;  // floats, whatever the kernels' elements are
    Strides from, to;
    int height, width;  // of the source
    int channels, fill, firstChannel, factor, phaseChannels, threads;
};

struct WinogradArguments;
struct WinogradTapsArguments;

/// The kernels of one instruction set, null where there is none for its elements. `source` and `destination` may be the
/// same where a kernel is element-wise.
struct Kernels {
    int block;
    const char *name;
    void (*depthwise)(const DepthwiseArguments &);
    void (*expandDepthwise)(const ExpandArguments &);
    /// Null where blocks are not of 16, and for bytes.
    void (*pointwise)(const PointwiseArguments &);
    void (*winograd)(const WinogradArguments &);
    /// Null but for floats in blocks of 16.
    void (*image)(const ImageArguments &);
    void (*winogradTaps)(const WinogradTapsArguments &);
    void (*maxPool)(const MapArguments &);
    /// To floats.
    void (*mean)(const MapArguments &);
    void (*add)(const MapArguments &);
    /// `second` is floats.
    void (*scale)(const MapArguments &);
    void (*upsample)(const MapArguments &);
    void (*tapSum)(const TapSumArguments &);
    void (*activate)(const MapArguments &);
    /// Pixel shuffle by `factor` (1: a copy); lanes from `channels` to `fill` become zero.
    void (*shuffle)(const ShuffleArguments &);
    void (*scaleWeights)(const ScaleArguments &);
    int64_t (*multiplyAdd)(int64_t rounds, float *sink);
    void (*activateArray)(float *values, int64_t count, int activation);
};

extern const Kernels baselineKernels;
#if defined(__x86_64__)
extern const Kernels avx2Kernels;
extern const Kernels avx512Kernels;
extern const Kernels bfloat16Kernels;
extern const Kernels byteKernels;
#endif

/// The kernels for the instruction set that oneDNN uses in this process; null where it has no instructions for `type`.
const Kernels *kernels(int32_t type);
/// Those for floats.
inline const Kernels &kernels() { return *kernels(0); }

}  // namespace cinference
