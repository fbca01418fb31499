// 3x3 convolutions by Winograd's algorithm, by our own kernels.
#include "Winograd.hpp"

#include "Parallel.hpp"
#include "Plan.hpp"

using namespace cinference;

namespace {

int elementBytes(const CInferenceConvolution &step) { return step.source.type == CInferenceFloat32 ? 4 : 2; }

class WinogradStep final : public Step {
public:
    WinogradStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : step(step), own(kernelsFor(step.source)), bias(step.bias, step.destination.channels), threads(plan.threads) {
        withWinograd(step.stride, [&](auto algorithm) {
            const std::string side = std::to_string(algorithm.outputs);
            implementation = "winograd_" + side + "x" + side + ":" + own.name;
            weights = plan.arena->keep(transformed(algorithm), weightCount(algorithm) * elementBytes(step));
        });
        this->step.weights = this->step.bias = nullptr;
    }

    void execute(const Run &run) override {
        WinogradArguments a = arguments();
        a.source = run.at(step.source);
        a.destination = run.at(step.destination);
        a.scratch = run.scratch;
        a.region = run.region;
        own.winograd(a);
    }

    RegionUnit regionUnit() const override {
        return withWinograd(
            step.stride, [](auto algorithm) { return RegionUnit{algorithm.outputs, algorithm.outputs}; });
    }

    size_t scratchBytes() const override {
        return withWinograd(step.stride, [&](auto algorithm) {
            const WinogradArguments a = arguments();
            const WinogradBlocking blocking(algorithm, a, a.region, elementBytes(step));
            return size_t(blocking.scratchBytes(a, threads));
        });
    }
    int64_t weightBytes() const override { return weights->memory.bytes() + bias.bytes(); }

private:
    template <typename Algorithm>
    int64_t weightCount(const Algorithm &) const {
        return int64_t(Algorithm::points) * Algorithm::points * step.source.channels * step.destination.channels;
    }

    /// The weights at all points, group by group of output blocks.
    template <typename Algorithm>
    Buffer transformed(const Algorithm &algorithm) const {
        constexpr int products = Algorithm::points * Algorithm::points;
        const int64_t inputs = step.source.channels, outputs = step.destination.channels;
        const bool areFloats = step.source.type == CInferenceFloat32;
        const BlockGroups groups(int(outputs / 16));
        Buffer result(weightCount(algorithm) * elementBytes(step));
        Buffer values(areFloats ? 0 : products * inputs * 16 * BlockGroups::most * int64_t(sizeof(float)));
        for (int group = 0; group < groups.count; ++group) {
            const int64_t first = groups.first(group) * 16, size = groups.size(group) * 16;
            float *const to = areFloats ? result.floats() + first * inputs : values.floats();
            const int64_t apart = inputs * (areFloats ? outputs : size);
            kernels().winogradTaps({
                step.weights + first * inputs * 9, to, apart, int(size), int(inputs), step.stride, threads, false,
            });
            for (int64_t p = 0; p < products && !areFloats; ++p)
                own.scaleWeights({
                    to + p * apart, nullptr, result.data() + (p * outputs + first) * inputs * elementBytes(step),
                    int(size / 16), int(inputs / 16), true, threads,
                });
        }
        return result;
    }

    WinogradArguments arguments() const {
        const auto &from = step.source, &to = step.destination;
        return {
            nullptr, weights->memory.data(), bias.floats(), nullptr, nullptr, step.accumulates != 0, from.channels,
            to.channels / 16, from.height, from.width, to.height, to.width, step.stride, step.pad_top, step.pad_left,
            step.activation, threads, whole(to),
        };
    }

    CInferenceConvolution step;
    const Kernels &own;
    Buffer bias;
    int threads;
    std::shared_ptr<const Weights> weights;
};

}  // namespace

bool cinference::isWinograd(const CInferenceConvolution &step) {
    const auto &from = step.source, &to = step.destination;
    const Kernels *own = kernels(from.type);
    const bool hasKernel = step.quantized || (own && own->winograd && to.type == from.type);
    if (!hasKernel || !from.blocked || step.gated || step.groups != 1 || step.kernel_height != 3 || step.kernel_width != 3
        || step.stride > 2)
        return false;
    // Fewer channels do not pay for the transforms, as measured.
    const int least = from.type == CInferenceFloat32 ? 16 : step.stride == 1 ? 32 : from.type == CInferenceBfloat16 ? 64 : 128;
    return std::min(from.channels, to.channels) >= least
        && withWinograd(step.stride, [&](auto algorithm) {
               auto tiles = [&](int size) { return int64_t((size + algorithm.outputs - 1) / algorithm.outputs); };
               const int64_t products = tiles(to.height) * tiles(to.width) * algorithm.points * algorithm.points;
               return products * 4 <= int64_t(to.height) * to.width * 9 * 3;
           });
}

std::unique_ptr<Step> cinference::makeWinograd(const CInferenceConvolution &step, const CInferencePlan &plan) {
    return std::make_unique<WinogradStep>(step, plan);
}
