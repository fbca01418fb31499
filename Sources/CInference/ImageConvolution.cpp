// Convolutions of an image as it is, by our own kernels: ImageBodies.hpp.
#include "Plan.hpp"

using namespace cinference;

namespace {

class ImageStep final : public Step {
public:
    ImageStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : step(step), own(kernelsFor(step.source)), bias(step.bias, step.destination.channels) {
        implementation = std::string("image:") + own.name;
        const int64_t taps = int64_t(step.source.channels) * step.kernel_height * step.kernel_width;
        const int64_t outputs = step.destination.channels;
        Buffer packed(taps * outputs * int64_t(sizeof(float)));
        for (int64_t o = 0; o < outputs; ++o) {
            // Pairs of blocks, and the last one that is left over.
            const int64_t first = o / 32 * 32, size = std::min<int64_t>(outputs - first, 32);
            for (int64_t tap = 0; tap < taps; ++tap)
                packed.floats()[first * taps + tap * size + o - first] = step.weights[o * taps + tap];
        }
        weights = plan.arena->keep(std::move(packed), taps * outputs * int64_t(sizeof(float)));
        this->step.weights = this->step.bias = nullptr;
    }

    void execute(const Run &run) override {
        const auto &from = step.source, &to = step.destination;
        own.image({
            static_cast<const float *>(run.at(from)), weights->memory.floats(), bias.floats(),
            static_cast<float *>(run.at(to)), from.channels, to.channels / 16, from.height, from.width, to.height, to.width,
            step.kernel_height, step.kernel_width, step.stride, step.pad_top, step.pad_left, step.activation, run.threads,
            run.region,
        });
    }

    RegionUnit regionUnit() const override { return {imagePixelsTogether, 1}; }
    int64_t weightBytes() const override { return weights->memory.bytes() + bias.bytes(); }

private:
    CInferenceConvolution step;
    const Kernels &own;
    Buffer bias;
    std::shared_ptr<const Weights> weights;
};

}  // namespace

bool cinference::isImage(const CInferenceConvolution &step) {
    const auto &from = step.source, &to = step.destination;
    const Kernels *own = kernels(from.type);
    return own && own->image && !from.blocked && from.channels <= mostImageInputs && to.blocked && to.type == from.type
        && step.groups == 1 && std::max(step.kernel_height, step.kernel_width) <= mostImageKernel && step.stride <= 2
        && !step.accumulates && !step.gated && !step.joins && !step.quantized;
}

std::unique_ptr<Step> cinference::makeImage(const CInferenceConvolution &step, const CInferencePlan &plan) {
    return std::make_unique<ImageStep>(step, plan);
}
