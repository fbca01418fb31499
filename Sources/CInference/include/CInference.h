// A network as a list of steps over one arena of memory, run by oneDNN and a few kernels of our own.
//
// The caller (Swift's planner) decides everything: which steps, which layouts, where in the arena each tensor stands.
// This library translates. A plan is used by as many threads at a time as it has streams, always the same ones: libgomp
// keeps a team of workers for each thread that calls it.
//
// Layouts: plain is (C,H,W); blocked is (C/block,H,W,block) with C a multiple of the block. Lanes beyond a tensor's
// real channels hold finite numbers that no weight reads.
#ifndef CINFERENCE_H
#define CINFERENCE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a function returns; a message says more where it is not `CInferenceDone`.
enum { CInferenceDone = 0, CInferenceFailed = 1, CInferenceUnsupported = 2, CInferenceOverflowed = 3 };

/// Where a tensor stands.
enum { CInferenceArena = 0, CInferenceInput = 1, CInferenceOutput = 2 };

/// What a tensor's elements are.
enum { CInferenceFloat32 = 0, CInferenceBfloat16 = 1, CInferenceUint8 = 2 };

/// Element-wise functions.
enum { CInferenceIdentity = 0, CInferenceRelu = 1, CInferenceSilu = 2, CInferenceSigmoid = 3 };

/// A text that a function fills when it fails.
typedef struct {
    char text[256];
} CInferenceMessage;

/// Where a tensor begins: `offset` bytes from the beginning of `space`.
typedef struct {
    int64_t offset;
    int32_t space;
} CInferencePlace;

/// A tensor of one image; its place is told when the plan is finished. A byte stands for (byte - zero) * scale.
typedef struct {
    int32_t index;    // of its place
    int32_t type;
    int32_t blocked;  // 0: plain, 1: blocked
    int32_t channels;
    int32_t height;
    int32_t width;
    float scale;  // of bytes
    int32_t zero;
    int32_t part;     // of another tensor, as which it is read
} CInferenceTensor;

/// destination = activation(conv(source) [+ 1x1 conv(second)] + bias [+ summand]); zeros around the source.
///
/// With `quantized` inputs and weights are bytes, weights with a scale an output: one group, strides 1 and 2, the
/// source bytes, or a plain Float32 image with stride 2, which is rounded on the way by its `scale` and `zero`.
typedef struct {
    CInferenceTensor source;       // blocked, or plain with fewer channels than a block
    CInferenceTensor destination;  // blocked
    int32_t joins;                 // there is a second source, where `cinference_joins` and the kernel is 1x1
    CInferenceTensor second;       // blocked, of the destination's size; where `quantized`, bytes of the source's `zero`
    const float *weights;          // (O,I/groups,kH,kW), I the channels of both sources, read during the call only
    const float *bias;             // (O), read during the call only
    int32_t groups;                // 1, or channels per group a multiple of the block
    int32_t kernel_height, kernel_width, stride;
    int32_t pad_top, pad_left, pad_bottom, pad_right;
    int32_t activation;
    int32_t accumulates;    // there is a summand
    CInferenceTensor summand;  // the destination's place, or any other where `quantized`
    int32_t gated;          // each source channel is multiplied by `gate`; 1x1 kernels with one group only
    CInferenceTensor gate;  // (I,1,1) blocked, Float32
    int32_t quantized;
} CInferenceConvolution;

/// destination = activation(depthwise conv(source) + bias), and the mean of its pixels where `pools`. Bytes go to
/// bytes, by 3x3 or 5x5 kernels with strides 1 and 2.
typedef struct {
    CInferenceTensor source, destination;  // blocked, the same channels
    const float *weights;                  // (C,kH,kW), read during the call only
    const float *bias;                     // (C), read during the call only
    int32_t kernel_height, kernel_width, stride;
    int32_t pad_top, pad_left;
    int32_t activation;
    int32_t pools;
    CInferenceTensor pooled;  // (C,1,1) blocked, Float32
} CInferenceDepthwise;

/// A 1x1 convolution, its activation and the depthwise convolution of the result, without the map between.
typedef struct {
    CInferenceTensor source;  // blocked
    int32_t inputs;           // of the source's channels, the ones that weights read
    const float *weights;     // (O,I), read during the call only
    const float *bias;        // (O), read during the call only
    int32_t activation;
    CInferenceDepthwise depthwise;  // its source has O channels and the source's size, and no place; 3x3 or 5x5
} CInferenceExpandedDepthwise;

/// Steps over whole maps, without weights; all tensors of one type where nothing else is said.
enum {
    CInferenceMaxPool,      // kernel, stride, pad; blocked
    CInferenceMean,         // (C,H,W) to (C,1,1) in Float32; blocked
    CInferenceAdd,          // source + second, then the activation; blocked
    CInferenceScale,        // source * second, second (C,1,1) in Float32, then the activation; blocked
    CInferenceUpsample,     // nearest by `factor`; blocked
    CInferenceActivate,     // blocked
    CInferenceShuffle,      // destination(c, y*f+dy, x*f+dx) = source((dy*f+dx)*phase_channels + c, y, x); any layout and types
    CInferenceCopyChannels, // source's channels to destination's from `first_channel`; any layout, no bytes to or from floats
    CInferenceConvert       // bytes to floats or back; blocked
};

/// A step over whole maps.
typedef struct {
    int32_t kind;
    CInferenceTensor source, second, destination;
    int32_t activation;
    int32_t kernel, stride, pad;      // CInferenceMaxPool
    int32_t factor, phase_channels;   // CInferenceUpsample, CInferenceShuffle
    int32_t channels, first_channel;  // CInferenceShuffle and CInferenceCopyChannels: real channels to write
} CInferenceMapStep;

/// destination = [summand +] sum over sources and taps of a 3x3 kernel of the tap's channels of the source, upsampled
/// (nearest) by the source's factor and shifted by the tap, zeros beyond its border.
///
/// With `convolution` the last source is the result of one that is 1x1, `quantized` and nothing else, and has no place;
/// the summand is bfloat16 then, and the destination Float32, bfloat16 or bytes, whatever the sources are.
typedef struct {
    CInferenceTensor sources[4];   // blocked, 9 times the destination's channels, tap-major
    int32_t factors[4];
    int32_t count;                 // of sources
    int32_t accumulates;           // there is a summand
    CInferenceTensor summand;      // blocked, may have the destination's place; elements of its type
    CInferenceTensor destination;  // blocked
    const CInferenceConvolution *convolution;  // or null; read during the call only
} CInferenceTapSum;

typedef struct CInferencePlan CInferencePlan;

/// Floats in a channel block on this machine: 16 with AVX-512, 8 elsewhere.
int32_t cinference_block(void);

/// The instruction set that oneDNN uses, a short name such as `avx512_core_bf16`.
const char *cinference_instruction_set(void);

/// Whether maps of `type` can be computed with here.
int32_t cinference_has_type(int32_t type);

/// Whether 1x1 convolutions of `type` take a second source here.
int32_t cinference_joins(int32_t type);

/// GFLOP/s of `threads` threads that do nothing but multiply and add in registers, measured in half a second; 0
/// where there are no instructions for `type`.
double cinference_peak(int32_t threads, int32_t type);

/// Whether oneDNN's compiled-in or environment limits leave it at AVX2 or better.
int32_t cinference_has_fast_kernels(void);

/// A plan without steps or memory, for `streams` images at once by `threads` threads each. `sharing` is null or a plan
/// whose arena the new one takes turns in; until the new one is finished none of them has an arena, and none can run.
int32_t cinference_plan_create(
    int32_t threads, int32_t streams, const CInferencePlan *sharing, CInferencePlan **plan,
    CInferenceMessage *message);
void cinference_plan_destroy(CInferencePlan *plan);

int32_t cinference_plan_add_convolution(
    CInferencePlan *plan, const CInferenceConvolution *step, CInferenceMessage *message);
int32_t cinference_plan_add_depthwise(CInferencePlan *plan, const CInferenceDepthwise *step, CInferenceMessage *message);
int32_t cinference_plan_add_expanded_depthwise(
    CInferencePlan *plan, const CInferenceExpandedDepthwise *step, CInferenceMessage *message);
int32_t cinference_plan_add_map_step(CInferencePlan *plan, const CInferenceMapStep *step, CInferenceMessage *message);
int32_t cinference_plan_add_tap_sum(CInferencePlan *plan, const CInferenceTapSum *step, CInferenceMessage *message);

/// The kernel that step `index` runs, such as `winograd_4x4:avx512`; valid while the plan lives.
const char *cinference_plan_implementation(const CInferencePlan *plan, int32_t index);

/// Bytes of scratchpad that step `index` needs while it runs.
int64_t cinference_plan_scratch(const CInferencePlan *plan, int32_t index);

/// Makes the arena of `bytes` bytes; no step is added afterwards. `places` are the tensors', `scratch` the offset of
/// each step's scratchpad in the arena, in bytes, a multiple of 64. A shared arena grows where it is smaller;
/// where that fails, no plan that shares it can run. `padding` is the colour of what surrounds images on their canvas,
/// in `channels` numbers: their maps there are computed once, the first time; where there are none, whole maps are
/// computed.
int32_t cinference_plan_finish(
    CInferencePlan *plan, const CInferencePlace *places, int32_t tensors, const int64_t *scratch, int64_t bytes,
    const float *padding, int32_t channels, CInferenceMessage *message);

/// Bytes of the arena, the prepared weights and, of a finished plan, the maps of padding.
int64_t cinference_plan_bytes(const CInferencePlan *plan);

/// Runs all steps on one image, as many at once as the plan has streams. `seconds` is null or has a place for each
/// step's time, and then `shares` one for how much of its result it computes. `CInferenceOverflowed` where step
/// `*overflowed` is the first to leave the range of a float, or of a bfloat16: the floating-point units say so, since a
/// ReLU can make a number of the result. Not told is a sum of bfloat16 numbers in oneDNN's own convolutions that a
/// sigmoid, or a ReLU to floats, makes a number of at once: no network here has one.
int32_t cinference_plan_execute(
    CInferencePlan *plan, const float *input, float *output, double *seconds, double *shares, int32_t *overflowed,
    CInferenceMessage *message);

/// In-place activation of `count` floats, on the calling thread.
void cinference_activate(float *values, int64_t count, int32_t activation);

/// Calls `body(context, i)` for each i below `count`, on up to `threads` threads, in no fixed order.
void cinference_parallel(int32_t threads, int64_t count, void *context, void (*body)(void *context, int64_t index));

#ifdef __cplusplus
}
#endif
#endif
