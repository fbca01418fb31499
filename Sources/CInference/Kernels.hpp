// Our own kernels on blocked maps: what oneDNN 2.6 lacks or does slowly. One source (KernelBodies.hpp), compiled for
// each instruction set and chosen at run time.
#pragma once

#include <cstdint>

namespace cinference {

struct DepthwiseArguments {
    const float *source;
    float *destination;
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
    const float *source, *second;
    float *destination;
    int blocks, sourceHeight, sourceWidth, height, width;
    int kernel, stride, pad, factor, activation, threads;
};

constexpr int mostTapSources = 4;

struct TapSumArguments {
    const float *sources[mostTapSources];  // (9,blocks,height/factor,width/factor,block) each
    int factors[mostTapSources];
    int count;
    float *destination;
    int blocks, height, width, threads;
};

/// The strides, in floats, of one image's tensor in any layout: element (c,y,x) stands at
/// (c / block) * blockStride + (c % block) * laneStride + (y * width + x) * pixelStride.
struct Strides {
    int64_t block, lane, pixel;
};

struct ShuffleArguments {
    const float *source;
    float *destination;
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
    void (*mean)(const MapArguments &);
    void (*add)(const MapArguments &);
    void (*scale)(const MapArguments &);
    void (*upsample)(const MapArguments &);
    void (*tapSum)(const TapSumArguments &);
    void (*activate)(const MapArguments &);
    /// Pixel shuffle by `factor` (1: a copy); lanes from `channels` to `fill` become zero.
    void (*shuffle)(const ShuffleArguments &);
    /// weights (O/block,I/block,block i,block o) times gate (I).
    void (*scaleWeights)(const float *weights, const float *gate, float *scaled, int outBlocks, int inBlocks, int threads);
    void (*activateArray)(float *values, int64_t count, int activation);
};

extern const Kernels baselineKernels;
#if defined(__x86_64__)
extern const Kernels avx2Kernels;
extern const Kernels avx512Kernels;
#endif

/// The kernels for the instruction set that oneDNN uses in this process.
const Kernels &kernels();

}  // namespace cinference
