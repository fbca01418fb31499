// The kernels for any machine.
#include "CInference.h"
#include "Kernels.hpp"
#include "Parallel.hpp"

namespace cinference {
namespace baseline {
constexpr int blockSize = 8;
using Element = float;
#include "Vectors.hpp"
#include "DepthwiseBodies.hpp"
#include "KernelBodies.hpp"
}  // namespace baseline
}  // namespace cinference

const cinference::Kernels cinference::baselineKernels = {
    baseline::blockSize, "baseline", baseline::depthwise, baseline::expandDepthwise, nullptr, nullptr, nullptr, nullptr, baseline::maxPool,  baseline::mean,
    baseline::add,       baseline::scale,  baseline::upsample, baseline::tapSum,  baseline::activate, baseline::shuffle,
    baseline::scaleWeights, baseline::multiplyAdd, baseline::activateArray,
};
