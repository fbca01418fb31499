// The kernels for x86-64 with AVX2.
#if defined(__x86_64__)
#include "CInference.h"
#include "Kernels.hpp"
#include "Parallel.hpp"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace cinference {
namespace avx2 {
constexpr int blockSize = 8;
using Element = float;
#include "Vectors.hpp"
#include "DepthwiseBodies.hpp"
#include "KernelBodies.hpp"
}  // namespace avx2
}  // namespace cinference
#pragma clang attribute pop

const cinference::Kernels cinference::avx2Kernels = {
    avx2::blockSize, "avx2", avx2::depthwise, avx2::expandDepthwise, nullptr, nullptr, nullptr, nullptr, avx2::maxPool,  avx2::mean,
    avx2::add,       avx2::scale,  avx2::upsample, avx2::tapSum,  avx2::activate, avx2::shuffle,
    avx2::scaleWeights, avx2::multiplyAdd, avx2::activateArray,
};
#endif
