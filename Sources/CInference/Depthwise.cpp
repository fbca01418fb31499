// Depthwise convolutions by our own kernels, alone or with the 1x1 convolution before them.
#include "Plan.hpp"

using namespace cinference;

namespace {

constexpr int64_t floatBytes = sizeof(float);

/// A depthwise convolution's weights, (blocks,kH,kW,block), and bias.
struct DepthwiseWeights {
    DepthwiseWeights(const CInferenceDepthwise &step, const CInferencePlan &plan)
        : bias(step.bias, step.source.channels) {
        const int block = kernels().block, taps = step.kernel_height * step.kernel_width;
        const int64_t bytes = int64_t(step.source.channels) * taps * floatBytes;
        Buffer blocked(bytes);
        for (int c = 0; c < step.source.channels; ++c)
            for (int tap = 0; tap < taps; ++tap)
                blocked.floats()[(c / block * taps + tap) * block + c % block] = step.weights[c * taps + tap];
        weights = plan.arena->keep(std::move(blocked), bytes);
    }

    int64_t bytes() const { return weights->memory.bytes() + bias.bytes(); }

    std::shared_ptr<const Weights> weights;
    Buffer bias;
};

DepthwiseArguments arguments(
    const CInferenceDepthwise &step, const DepthwiseWeights &weights, const Run &run, const void *source, float *partial) {
    const auto &from = step.source, &to = step.destination;
    return {
        source, run.at(to), weights.weights->memory.floats(), weights.bias.floats(),
        step.pools ? static_cast<float *>(run.at(step.pooled)) : nullptr, partial, from.channels / kernels().block,
        from.height, from.width, to.height, to.width, step.kernel_height, step.kernel_width, step.stride, step.pad_top,
        step.pad_left, step.activation, run.threads,
    };
}

class DepthwiseStep final : public Step {
public:
    DepthwiseStep(const CInferenceDepthwise &step, const CInferencePlan &plan)
        : step(step), own(kernelsFor(step.source)), weights(step, plan) {
        implementation = std::string("depthwise:") + own.name;
    }

    void execute(const Run &run) override {
        own.depthwise(arguments(step, weights, run, run.at(step.source), reinterpret_cast<float *>(run.scratch)));
    }

    size_t scratchBytes() const override {
        return step.pools ? sizeof(float) * size_t(depthwiseTiles(step.destination.height)) * size_t(step.source.channels)
                          : 0;
    }
    int64_t weightBytes() const override { return weights.bytes(); }

private:
    CInferenceDepthwise step;
    const Kernels &own;
    DepthwiseWeights weights;
};

class ExpandedDepthwiseStep final : public Step {
public:
    ExpandedDepthwiseStep(const CInferenceExpandedDepthwise &step, const CInferencePlan &plan)
        : step(step), own(kernelsFor(step.source)), weights(step.depthwise, plan), threads(plan.threads) {
        const auto &d = step.depthwise;
        if (d.kernel_height != d.kernel_width || (d.kernel_height != 3 && d.kernel_height != 5) || d.stride < 1
            || d.stride > 2)
            throw Unsupported("a depthwise convolution that no fused kernel is made for");
        const int64_t block = own.block, outputs = d.source.channels, inputs = step.source.channels;
        int64_t bytes = outputs * inputs * floatBytes;
        Buffer blocked(bytes);
        for (int64_t o = 0; o < outputs; ++o)
            for (int64_t i = 0; i < inputs; ++i)
                blocked.floats()[(o / block * inputs + i) * block + o % block] = step.weights[o * inputs + i];
        bias = Buffer(step.bias, outputs);
        if (step.source.type == CInferenceBfloat16) {
            bytes = outputs * inputs * 2;
            Buffer rounded(bytes);
            own.scaleWeights(
                {blocked.floats(), nullptr, rounded.data(), int(outputs / block), int(inputs / block), false, 1});
            blocked = std::move(rounded);
        }
        expansion = plan.arena->keep(std::move(blocked), bytes);
        implementation = std::string("expand_depthwise:") + own.name;
    }

    void execute(const Run &run) override {
        float *partial = reinterpret_cast<float *>(run.scratch);
        own.expandDepthwise({
            run.at(step.source), expansion->memory.data(), bias.floats(), step.inputs, step.activation,
            partial + partialFloats(), arguments(step.depthwise, weights, run, nullptr, partial),
        });
    }

    size_t scratchBytes() const override {
        const int64_t ring = tiling().ringFloats(shape(), own.block);
        return size_t((partialFloats() + ring * threads) * floatBytes);
    }
    int64_t weightBytes() const override {
        return weights.bytes() + expansion->memory.bytes() + bias.bytes();
    }

private:
    DepthwiseArguments shape() const {
        const auto &d = step.depthwise;
        DepthwiseArguments shape{};
        shape.height = d.destination.height;
        shape.width = d.destination.width;
        shape.kernelHeight = d.kernel_height;
        shape.kernelWidth = d.kernel_width;
        shape.stride = d.stride;
        return shape;
    }
    ExpandTiling tiling() const {
        return expandTiling(shape(), step.source.channels, step.source.type == CInferenceFloat32 ? 4 : 2);
    }
    int64_t partialFloats() const {
        return int64_t(tiling().down) * tiling().across * step.depthwise.source.channels;
    }

    CInferenceExpandedDepthwise step;
    const Kernels &own;
    DepthwiseWeights weights;
    int threads;
    std::shared_ptr<const Weights> expansion;
    Buffer bias;
};

}  // namespace

std::unique_ptr<Step> cinference::makeDepthwise(const CInferenceDepthwise &step, const CInferencePlan &plan) {
    return std::make_unique<DepthwiseStep>(step, plan);
}

std::unique_ptr<Step> cinference::makeExpandedDepthwise(
    const CInferenceExpandedDepthwise &step, const CInferencePlan &plan) {
    return std::make_unique<ExpandedDepthwiseStep>(step, plan);
}
