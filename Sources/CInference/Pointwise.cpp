// 1x1 convolutions by our own kernels: oneDNN's do not keep the multipliers as busy.
#include "Plan.hpp"

using namespace cinference;

namespace {

class PointwiseStep final : public Step {
public:
    PointwiseStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : step(step), own(kernelsFor(step.source)), bias(step.bias, step.destination.channels) {
        implementation = std::string("pointwise:") + own.name;
        const int64_t inputs = this->inputs(), outputs = step.destination.channels;
        Buffer packed(count() * int64_t(sizeof(float)));
        const BlockGroups groups(int(outputs / 16));
        for (int group = 0; group < groups.count; ++group) {
            const int64_t first = groups.first(group), size = groups.size(group);
            for (int64_t o = first * 16; o < (first + size) * 16; ++o)
                for (int64_t i = 0; i < inputs; ++i)
                    packed.floats()[(first * inputs + i * size + o / 16 - first) * 16 + o % 16] = step.weights[o * inputs + i];
        }
        int64_t bytes = count() * int64_t(sizeof(float));
        if (!step.gated && step.source.type != CInferenceFloat32) {
            Buffer rounded(scaledBytes());
            scale(packed.floats(), nullptr, rounded.data(), plan.threads);
            packed = std::move(rounded);
            bytes = scaledBytes();
        }
        weights = plan.arena->keep(std::move(packed), bytes);
        this->step.weights = this->step.bias = nullptr;
    }

    void execute(const Run &run) override {
        if (step.gated)
            scale(weights->memory.floats(), static_cast<const float *>(run.at(step.gate)), run.scratch, run.threads);
        const auto &from = step.source, &to = step.destination;
        own.pointwise({
            run.at(from), step.joins ? run.at(step.second) : nullptr,
            step.gated ? run.scratch : weights->memory.data(), bias.floats(), run.at(to), to.type == CInferenceFloat32,
            step.accumulates != 0, from.channels, inputs() - from.channels, to.channels / 16, from.height, from.width,
            to.height, to.width, step.stride, step.activation, run.threads, run.region,
        });
    }

    // Whole tiles of the pixels that are multiplied together. Weights that wait for a gate wait for the whole map.
    RegionUnit regionUnit() const override {
        return step.gated ? RegionUnit{} : RegionUnit{24 / BlockGroups(step.destination.channels / 16).size(0), 1};
    }

    size_t scratchBytes() const override { return step.gated ? size_t(scaledBytes()) : 0; }
    int64_t weightBytes() const override { return weights->memory.bytes() + bias.bytes(); }

private:
    int inputs() const { return step.source.channels + (step.joins ? step.second.channels : 0); }
    int64_t count() const { return int64_t(inputs()) * step.destination.channels; }
    int64_t scaledBytes() const { return count() * (step.source.type == CInferenceFloat32 ? 4 : 2); }
    void scale(const float *from, const float *gate, void *to, int threads) const {
        own.scaleWeights({from, gate, to, step.destination.channels / 16, inputs() / 16, true, threads});
    }

    CInferenceConvolution step;
    const Kernels &own;
    Buffer bias;
    std::shared_ptr<const Weights> weights;
};

}  // namespace

bool cinference::isPointwise(const CInferenceConvolution &step) {
    const Kernels *own = kernels(step.source.type);
    return own && own->pointwise && step.source.blocked && step.groups == 1 && step.kernel_height == 1
        && step.kernel_width == 1 && (step.stride == 1 || step.stride == 2) && step.pad_top == 0 && step.pad_left == 0
        && step.pad_bottom == 0 && step.pad_right == 0;
}

std::unique_ptr<Step> cinference::makePointwise(const CInferenceConvolution &step, const CInferencePlan &plan) {
    return std::make_unique<PointwiseStep>(step, plan);
}
