// The kernels for maps of bytes, x86-64 with AVX512-VNNI.
#if defined(__x86_64__)
#include <cstring>
#include <immintrin.h>

#include "CInference.h"
#include "Kernels.hpp"
#include "Parallel.hpp"
#include "Quantized.hpp"
#include "Winograd.hpp"

#define CINFERENCE_AVX512
#define CINFERENCE_BYTE
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#pragma clang diagnostic ignored "-Wunused-function"
namespace cinference {
namespace vnni {
constexpr int blockSize = 16;
using Element = Byte;
#include "Vectors.hpp"
#include "KernelBodies.hpp"
#include "QuantizedBodies.hpp"
#include "QuantizedTapSumBodies.hpp"
#include "WinogradTransforms.hpp"
#include "QuantizedWinogradBodies.hpp"
}  // namespace vnni
}  // namespace cinference
#pragma clang attribute pop

// The rest would need to know what the bytes stand for.
const cinference::Kernels cinference::byteKernels = {
    vnni::blockSize, "avx512_vnni", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, vnni::maxPool, nullptr, nullptr, nullptr,
    vnni::upsample,  nullptr,       nullptr, vnni::shuffle, nullptr, vnni::multiplyAdd, nullptr,
};
const cinference::QuantizedKernels cinference::vnniKernels = {
    "avx512_vnni",         vnni::convolution, vnni::quantizedWinograd, vnni::quantizedDepthwise,
    vnni::quantizedTapSum, vnni::quantize,    vnni::convert,
};
#endif
