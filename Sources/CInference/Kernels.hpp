// Our own kernels on blocked maps: what oneDNN 2.6 lacks or does slowly. One source (KernelBodies.hpp), compiled for
// each instruction set and element type and chosen at run time.
#pragma once

#include <cstdint>

namespace cinference {

/// A number of 8 bits' precision and a float's range, in memory.
struct Bfloat16 {
    uint16_t bits;
};

// Maps are `void`: floats or Bfloat16, as the kernels that take them.

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

struct MapArguments {
    const void *source, *second;
    void *destination;
    int blocks, sourceHeight, sourceWidth, height, width;
    int kernel, stride, pad, factor, activation, threads;
};

constexpr int mostTapSources = 4;

struct TapSumArguments {
    const void *sources[mostTapSources];  // (9,blocks,height/factor,width/factor,block) each
    int factors[mostTapSources];
    int count;
    void *destination;
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

/// The kernels of one instruction set. `source` and `destination` may be the same where a kernel is element-wise.
struct Kernels {
    int block;
    const char *name;
    void (*depthwise)(const DepthwiseArguments &);
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
    /// weights (O/block,I/block,block i,block o) times gate (I), rounded to elements; Bfloat16 in (…,block i / 2,block o,2).
    void (*scaleWeights)(const float *weights, const float *gate, void *scaled, int outBlocks, int inBlocks, int threads);
    void (*activateArray)(float *values, int64_t count, int activation);
};

extern const Kernels baselineKernels;
#if defined(__x86_64__)
extern const Kernels avx2Kernels;
extern const Kernels avx512Kernels;
extern const Kernels bfloat16Kernels;
#endif

/// The kernels for the instruction set that oneDNN uses in this process; null where it has no instructions for `type`.
const Kernels *kernels(int32_t type);
/// Those for floats.
inline const Kernels &kernels() { return *kernels(0); }

}  // namespace cinference
