// The kernels for maps of bfloat16, x86-64 with AVX512-BF16.
#if defined(__x86_64__)
#include <cstring>
#include <immintrin.h>
#include <type_traits>

#include "CInference.h"
#include "Kernels.hpp"
#include "Parallel.hpp"
#include "Winograd.hpp"

#define CINFERENCE_AVX512
#define CINFERENCE_BFLOAT16
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), apply_to = function)
namespace cinference {
namespace bfloat16 {
constexpr int blockSize = 16;
using Element = Bfloat16;
#include "Vectors.hpp"
#include "DepthwiseBodies.hpp"
#include "PointwiseBodies.hpp"
#include "WinogradTransforms.hpp"
#include "WinogradBodies.hpp"
#include "KernelBodies.hpp"
}  // namespace bfloat16
}  // namespace cinference
#pragma clang attribute pop

const cinference::Kernels cinference::bfloat16Kernels = {
    bfloat16::blockSize, "avx512_bf16", bfloat16::depthwise, bfloat16::expandDepthwise, bfloat16::pointwise, bfloat16::winograd, nullptr, nullptr, bfloat16::maxPool, bfloat16::mean,
    bfloat16::add,       bfloat16::scale, bfloat16::upsample, bfloat16::tapSum, bfloat16::activate, bfloat16::shuffle,
    bfloat16::scaleWeights, bfloat16::multiplyAdd, bfloat16::activateArray,
};
#endif
