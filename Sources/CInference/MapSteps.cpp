// Steps that our own kernels do: depthwise convolutions, and whole-map steps without weights.
#include "Plan.hpp"

using namespace cinference;

namespace {

class DepthwiseStep final : public Step {
public:
    explicit DepthwiseStep(const CInferenceDepthwise &step) : step(step) {
        const int block = kernels().block, taps = step.kernel_height * step.kernel_width;
        weights = FloatBuffer(int64_t(step.source.channels) * taps);
        for (int c = 0; c < step.source.channels; ++c)
            for (int tap = 0; tap < taps; ++tap)
                weights.data()[(c / block * taps + tap) * block + c % block] = step.weights[c * taps + tap];
        bias = FloatBuffer(step.bias, step.source.channels);
        implementation = std::string("depthwise:") + kernels().name;
    }

    void execute(const Run &run) override {
        const auto &from = step.source, &to = step.destination;
        kernels().depthwise({
            run.at(from), run.at(to), weights.data(), bias.data(), step.pools ? run.at(step.pooled) : nullptr,
            run.scratch, from.channels / kernels().block, from.height, from.width, to.height,
            to.width, step.kernel_height, step.kernel_width, step.stride, step.pad_top, step.pad_left, step.activation,
            run.threads,
        });
    }

    size_t scratchBytes() const override {
        return step.pools ? sizeof(float) * size_t(depthwiseTiles(step.destination.height)) * size_t(step.source.channels)
                          : 0;
    }
    int64_t weightBytes() const override { return weights.bytes() + bias.bytes(); }

private:
    CInferenceDepthwise step;
    FloatBuffer weights, bias;
};

Strides stridesOf(const CInferenceTensor &t) {
    const int64_t area = int64_t(t.height) * t.width, block = kernels().block;
    return t.blocked ? Strides{area * block, 1, block} : Strides{area * block, area, 1};
}

class MapStep final : public Step {
public:
    explicit MapStep(const CInferenceMapStep &step) : step(step) {
        static const char *const names[] = {"max_pool", "mean", "add", "scale", "upsample", "activate", "shuffle", "copy"};
        if (step.kind < CInferenceMaxPool || step.kind > CInferenceCopyChannels) throw Unsupported("unknown map step");
        implementation = std::string(names[step.kind]) + ":" + kernels().name;
    }

    void execute(const Run &run) override {
        const auto &from = step.source, &to = step.destination;
        const bool binary = step.kind == CInferenceAdd || step.kind == CInferenceScale;
        const MapArguments map{
            run.at(from), binary ? run.at(step.second) : nullptr, run.at(to), from.channels / kernels().block, from.height,
            from.width, to.height, to.width, step.kernel, step.stride, step.pad, step.factor, step.activation, run.threads,
        };
        switch (step.kind) {
            case CInferenceMaxPool: return kernels().maxPool(map);
            case CInferenceMean: return kernels().mean(map);
            case CInferenceAdd: return kernels().add(map);
            case CInferenceScale: return kernels().scale(map);
            case CInferenceUpsample: return kernels().upsample(map);
            case CInferenceActivate: return kernels().activate(map);
            default: return shuffle(run);
        }
    }

private:
    void shuffle(const Run &run) {
        const bool copies = step.kind == CInferenceCopyChannels;
        // Lanes after the last real channel of a blocked destination become zero.
        const int block = kernels().block, end = step.first_channel + step.channels;
        const int fill = step.destination.blocked ? (end + block - 1) / block * block - step.first_channel : step.channels;
        kernels().shuffle({
            run.at(step.source), run.at(step.destination), stridesOf(step.source), stridesOf(step.destination),
            step.source.height, step.source.width, step.channels, fill, step.first_channel, copies ? 1 : step.factor,
            copies ? 0 : step.phase_channels, run.threads,
        });
    }

    CInferenceMapStep step;
};

class TapSumStep final : public Step {
public:
    explicit TapSumStep(const CInferenceTapSum &step) : step(step) {
        if (step.count < 1 || step.count > mostTapSources) throw Unsupported("a sum of more sources than there is room for");
        implementation = std::string("tap_sum:") + kernels().name;
    }

    void execute(const Run &run) override {
        const auto &to = step.destination;
        TapSumArguments arguments{{}, {}, step.count, run.at(to), to.channels / kernels().block, to.height, to.width,
                                  run.threads};
        for (int s = 0; s < step.count; ++s) {
            arguments.sources[s] = run.at(step.sources[s]);
            arguments.factors[s] = step.factors[s];
        }
        kernels().tapSum(arguments);
    }

private:
    CInferenceTapSum step;
};

}  // namespace

std::unique_ptr<Step> cinference::makeDepthwise(const CInferenceDepthwise &step) {
    return std::make_unique<DepthwiseStep>(step);
}

std::unique_ptr<Step> cinference::makeTapSum(const CInferenceTapSum &step) {
    return std::make_unique<TapSumStep>(step);
}

std::unique_ptr<Step> cinference::makeMapStep(const CInferenceMapStep &step) {
    return std::make_unique<MapStep>(step);
}
