// Convolutions of bytes, for processors that multiply four pairs of bytes at once (AVX512-VNNI).
#pragma once

#include <cstdint>

#include "Kernels.hpp"

namespace cinference {

/// Weights as bytes, and what becomes of the sums: value = sum * scale + bias.
struct QuantizedWeights {
    const int8_t *bytes;  // for each group (kH,kW,inputs/4,blocks of the group,16,4); an image's (kH,kW*3/4 rounded up,…)
    const float *scales;  // (blocks,16)
    const float *bias;    // (blocks,16)
};

/// Rounds weights to bytes, each output's by the largest of its own.
struct QuantizeArguments {
    const float *weights;  // in the order of QuantizedWeights' bytes
    const float *gate;     // (inputs) or null: multiplies the weights of 1x1 kernels
    const float *bias;     // (blocks,16)
    float sourceScale;
    int sourceZero;
    int blocks, steps;     // steps of 4 weights an output
    int8_t *bytes;
    float *scales, *newBias;
    int threads;
};

/// An activation and its rounding to a byte in one: lines over 64 equal parts of the range where it bends.
struct ActivationTable {
    int16_t base[64];   // 128 times the byte where the part begins
    int16_t slope[64];  // and what it grows by in the part
};

/// Where results go, and how: each is multiplied by `factor`, `offset` is added, and then
/// - the table tells the byte of so many steps, 512 a part; or
/// - it is the byte, or with `summandParts` 32 times of it less the summand's; or
/// - `activation` is computed, and for bytes the inverse of their scale and their zero are applied.
struct QuantizedOutput {
    void *destination;  // (blocks,height,width,16) of `type`
    int type;           // CInferenceFloat32, CInferenceBfloat16, CInferenceUint8
    int activation;
    float inverse;      // 1 / scale of bytes
    float zero;
    float factor, offset;
    const ActivationTable *table;  // or null
    bool isByte;
    int summandParts;   // of a summand's byte, 8,192 of the result's; or 0
    int firstBlock;     // the first that is kept
};

/// A byte of the result in the numbers that bytes of a summand are added to.
constexpr int summandUnit = 32;

/// How a convolution lies on its maps.
struct ConvolutionShape {
    int sourceHeight, sourceWidth, height, width, stride, padTop, padLeft;
    Region region;  // of the result, what dense convolutions compute of it
};

/// destination = activation(conv(source) [+ 1x1 conv(second)] + bias [+ summand]). A byte stands for (byte - zero) *
/// scale.
struct QuantizedArguments : ConvolutionShape {
    const void *source;   // (inputs/16,sourceHeight,sourceWidth,16) bytes; or
    const void *second;   // (secondInputs/16,height,width,16) bytes or null; its inputs come after the source's
    const float *image;   // (inputs,sourceHeight,sourceWidth), at most 3 channels, rounded on the way
    float imageInverse;   // 1 / scale
    int sourceZero;       // the byte of 0, which borders are filled with
    QuantizedWeights weights;
    const void *summand;  // (blocks,height,width,16) of `summandType` or null; may be the destination
    int summandType;
    float summandScale;   // of bytes, whose zero is in the bias
    QuantizedOutput output;
    int inputs, secondInputs, blocks, kernelHeight, kernelWidth, threads;
    uint8_t *patches;  // QuantizedPatch::bytes a thread
};

/// What stands for 1 while tiles are transformed.
constexpr int winogradUnit = 32;

/// The same of 3x3 kernels by Winograd's algorithm. `weights` are those at each point, one after the other, for inputs
/// that are 128 too large and stand as PackedInputs has them; `patches` the scratchpad.
struct QuantizedWinogradArguments : QuantizedArguments {
    const float *bias;  // (blocks,16)
    int channels;       // of the inputs, the ones that weights read
};

/// A sum of taps of the sources and of one more, the 1x1 convolution of bytes `source`, which is in memory row by row
/// only. The summand is Bfloat16.
struct QuantizedTapSumArguments : TapSumArguments {
    const void *source;        // (inputs/16,height/factor,width/factor,16)
    QuantizedWeights weights;  // of each block the nine taps', as a convolution's of nine blocks
    int inputs, factor;
    int sourceType, type;      // of the other sources, which are no bytes, and of the destination
    float scale, zero;         // the destination is so many times the sum, and so much more

    /// The result is cut into bands of rows where there are few blocks to share out; each makes a row above and below
    /// it too.
    int bands() const {
        const int wanted = (16 + blocks - 1) / blocks, most = height / factor / 8;
        return wanted < most ? wanted : most > 1 ? most : 1;
    }
    /// Of `rows`: a row of sums, three rows of nine taps.
    int64_t rowFloats() const { return (width + int64_t(3 * 9) * (width / factor)) * 16; }
};

/// A depthwise convolution of bytes to bytes, 3x3 or 5x5, stride 1 or 2, and the mean of its pixels.
struct QuantizedDepthwiseArguments : ConvolutionShape {
    const void *source;  // (blocks,sourceHeight,sourceWidth,16); or
    const QuantizedArguments *expansion;  // the 1x1 convolution that makes it, row by row, of the source of its own
    int expandedInputs;  // of the expansion's inputs, the ones that weights read; 0 where there is none
    int sourceZero;
    QuantizedWeights weights;  // bytes (blocks,kernel,kernel / 4 rounded up,16,4)
    QuantizedOutput output;
    float *pooled;       // (blocks,16) or null
    float pooledScale;   // of the destination's bytes
    int32_t *partial;    // (blocks,down() * across(),16) where `pooled`
    int blocks, kernel, threads;
    uint8_t *rings;      // scratchBytes() a thread

    /// The result is computed in strips of columns: what a row's needs of the source stays in cache.
    int across() const { return (width + mostColumns() - 1) / mostColumns(); }
    /// Into how many parts strips are cut where there are few groups of blocks to share out: parts begin with rows of
    /// the expansion that the part above has made too.
    int down() const {
        const int tasks = BlockGroups(blocks).count * across(), wanted = (8 + tasks - 1) / tasks, most = height / 16;
        return expandedInputs == 0 || most < 2 ? 1 : wanted < most ? wanted : most;
    }
    int stripColumns() const { return (width + across() - 1) / across(); }
    /// Blocks that are worked on together: those of a group of the expansion.
    int mostBlocks() const { return expandedInputs > 0 ? BlockGroups::most : 1; }
    int spreadColumns() const { return stripColumns() + (kernel > 4 ? 4 / stride : 0); }
    /// Pixels of the source that a row of a strip reads.
    int linePixels() const { return (spreadColumns() - 1) * stride + 4; }
    int64_t scratchBytes() const {
        return (int64_t(mostBlocks()) * (kernel * spreadColumns() * 64 + linePixels() * 16) + 63) / 64 * 64;
    }

private:
    int mostColumns() const { return expandedInputs > 0 ? 128 : 256; }
};

/// Bytes of an image's pixel: as many pixels as a kernel is wide are multiplied as a row of bytes, four at once.
constexpr int imagePixelBytes = 3;

/// The part of the source that some rows of the result need, with its border; 1x1 convolutions read the source itself.
struct QuantizedPatch {
    QuantizedPatch(const QuantizedArguments &a, bool isImage) {
        direct = a.kernelHeight == 1 && a.kernelWidth == 1 && a.padTop == 0 && a.padLeft == 0 && !isImage
            && (a.height - 1) * a.stride < a.sourceHeight && (a.width - 1) * a.stride < a.sourceWidth;
        pixelBytes = isImage ? imagePixelBytes : 16;
        planes = isImage ? 1 : (a.inputs + 15) / 16;
        taps = isImage ? a.kernelHeight : a.kernelHeight * a.kernelWidth;
        steps = isImage ? (a.kernelWidth * imagePixelBytes + 3) / 4 : (a.inputs + 3) / 4;
        columns = (a.width - 1) * a.stride + a.kernelWidth;
        // Rows enough for whole tiles of pixels, and a patch that leaves the second cache room for weights; more of an
        // image, which is rounded again for each patch.
        auto rowsOf = [&](int rows) { return (rows - 1) * a.stride + a.kernelHeight; };
        auto size = [&](int rows) { return int64_t(planes) * rowsOf(rows) * columns * pixelBytes; };
        const int most = isImage ? mostImageRows : 1 << 16;
        rows = 1;
        while (rows < a.height && rows < most && (isImage || rows * a.width < 96) && size(rows + 1) <= mostBytes) ++rows;
        sourceRows = rowsOf(rows);
        // The last four bytes of an image's last pixel may begin with its own last one.
        bytes = direct ? 0 : (size(rows) + 3 + 63) / 64 * 64;
        // Of a 1x1 convolution any run of pixels will do.
        const int64_t run = mostBytes / (int64_t(planes + a.secondInputs / 16) * pixelBytes) / 24 * 24;
        pixels = int(run < 96 ? 96 : run > 1536 ? 1536 : run);
    }
    static constexpr int64_t mostBytes = 256 << 10;
    static constexpr int mostImageRows = 8;
    bool direct;
    int pixelBytes, planes, columns, rows, sourceRows, pixels;
    int taps, steps;  // a tap's products of four bytes
    int64_t bytes;
};

constexpr int mostQuantizedTaps = 49;

struct ConvertArguments {
    const void *source;
    void *destination;  // one of the two bytes
    int sourceType, type;
    float scale, zero;  // of the bytes
    int64_t count;      // a multiple of 16
    int threads;
};

struct QuantizedKernels {
    const char *name;
    void (*convolution)(const QuantizedArguments &);
    void (*winograd)(const QuantizedWinogradArguments &);
    void (*depthwise)(const QuantizedDepthwiseArguments &);
    void (*tapSum)(const QuantizedTapSumArguments &);
    void (*quantize)(const QuantizeArguments &);
    void (*convert)(const ConvertArguments &);
};

#if defined(__x86_64__)
extern const QuantizedKernels vnniKernels;
#endif

/// Null where this machine has no instructions for bytes.
const QuantizedKernels *quantizedKernels();

}  // namespace cinference
