// The kernels for x86-64 with AVX512.
#if defined(__x86_64__)
#include <cstring>
#include <immintrin.h>
#include <type_traits>

#include "CInference.h"
#include "Kernels.hpp"
#include "Parallel.hpp"
#include "Winograd.hpp"

#define CINFERENCE_AVX512
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
namespace cinference {
namespace avx512 {
constexpr int blockSize = 16;
using Element = float;
#include "Vectors.hpp"
#include "DepthwiseBodies.hpp"
#include "PointwiseBodies.hpp"
#include "ImageBodies.hpp"
#include "WinogradTransforms.hpp"
#include "WinogradBodies.hpp"
#include "WinogradTapBodies.hpp"
#include "KernelBodies.hpp"
}  // namespace avx512
}  // namespace cinference
#pragma clang attribute pop

const cinference::Kernels cinference::avx512Kernels = {
    avx512::blockSize, "avx512", avx512::depthwise, avx512::expandDepthwise, avx512::pointwise, avx512::winograd, avx512::image, avx512::winogradTaps, avx512::maxPool, avx512::mean,
    avx512::add,       avx512::scale,  avx512::upsample, avx512::tapSum,  avx512::activate, avx512::shuffle,
    avx512::scaleWeights, avx512::multiplyAdd, avx512::activateArray,
};
#endif
