// Steps over whole maps without weights, by our own kernels.
#include "Plan.hpp"
#include "Quantized.hpp"

using namespace cinference;

namespace {

Strides stridesOf(const CInferenceTensor &t) {
    const int64_t area = int64_t(t.height) * t.width, block = kernels().block;
    return t.blocked ? Strides{area * block, 1, block} : Strides{area * block, area, 1};
}

class MapStep final : public Step {
public:
    explicit MapStep(const CInferenceMapStep &step)
        : step(step), own(kernelsFor(step.source.type == CInferenceFloat32 ? step.destination : step.source)) {
        static const char *const names[] = {"max_pool", "mean", "add", "scale", "upsample", "activate", "shuffle", "copy", "convert"};
        if (step.kind < CInferenceMaxPool || step.kind > CInferenceConvert) throw Unsupported("unknown map step");
        const bool moves = step.kind == CInferenceMaxPool || step.kind == CInferenceUpsample || step.kind >= CInferenceShuffle;
        if (step.source.type == CInferenceUint8 && !moves) throw Unsupported("bytes stand for other numbers here");
        implementation = std::string(names[step.kind]) + ":" + own.name;
    }

    void execute(const Run &run) override {
        const auto &from = step.source, &to = step.destination;
        const bool binary = step.kind == CInferenceAdd || step.kind == CInferenceScale;
        const MapArguments map{
            run.at(from), binary ? run.at(step.second) : nullptr, run.at(to), from.channels / kernels().block, from.height,
            from.width, to.height, to.width, step.kernel, step.stride, step.pad, step.factor, step.activation, run.threads, run.region,
        };
        switch (step.kind) {
            case CInferenceMaxPool: return own.maxPool(map);
            case CInferenceMean: return own.mean(map);
            case CInferenceAdd: return own.add(map);
            case CInferenceScale: return own.scale(map);
            case CInferenceUpsample: return own.upsample(map);
            case CInferenceActivate: return own.activate(map);
            case CInferenceConvert: return convert(run);
            default: return shuffle(run);
        }
    }

    RegionUnit regionUnit() const override {
        const int unit = step.kind == CInferenceMaxPool;
        return {unit, unit};
    }

private:
    void convert(const Run &run) {
        const auto &from = step.source, &to = step.destination, &bytes = from.type == CInferenceUint8 ? from : to;
        const int64_t count = int64_t(from.channels) * from.height * from.width;
        quantizedKernels()->convert(
            {run.at(from), run.at(to), from.type, to.type, bytes.scale, float(bytes.zero), count, run.threads});
    }

    void shuffle(const Run &run) {
        const bool copies = step.kind == CInferenceCopyChannels;
        // Lanes after the last real channel of a blocked destination become zero.
        const int block = kernels().block, end = step.first_channel + step.channels;
        const int fill = step.destination.blocked ? (end + block - 1) / block * block - step.first_channel : step.channels;
        own.shuffle({
            run.at(step.source), run.at(step.destination), step.source.type == CInferenceFloat32,
            step.destination.type == CInferenceFloat32, stridesOf(step.source), stridesOf(step.destination),
            step.source.height, step.source.width, step.channels, fill, step.first_channel, copies ? 1 : step.factor,
            copies ? 0 : step.phase_channels, run.threads,
        });
    }

    CInferenceMapStep step;
    const Kernels &own;
};

class TapSumStep final : public Step {
public:
    TapSumStep(const CInferenceTapSum &step, const CInferencePlan &plan)
        : step(step), own(kernelsFor(step.destination)), threads(plan.threads) {
        if (step.count < 1 || step.count > mostTapSources) throw Unsupported("a sum of more sources than there is room for");
        implementation = std::string("tap_sum:") + own.name;
    }

    void execute(const Run &run) override {
        const auto &to = step.destination;
        TapSumArguments arguments{
            {}, {}, step.count, step.accumulates ? run.at(step.summand) : nullptr, run.at(to),
            reinterpret_cast<float *>(run.scratch), to.channels / own.block, to.height, to.width, run.threads};
        for (int s = 0; s < step.count; ++s) {
            arguments.sources[s] = run.at(step.sources[s]);
            arguments.factors[s] = step.factors[s];
        }
        own.tapSum(arguments);
    }

    size_t scratchBytes() const override {
        return sizeof(float) * size_t(step.destination.width) * size_t(own.block) * size_t(threads);
    }

private:
    CInferenceTapSum step;
    const Kernels &own;
    int threads;
};

}  // namespace

std::unique_ptr<Step> cinference::makeTapSum(const CInferenceTapSum &step, const CInferencePlan &plan) {
    return std::make_unique<TapSumStep>(step, plan);
}

std::unique_ptr<Step> cinference::makeMapStep(const CInferenceMapStep &step) {
    return std::make_unique<MapStep>(step);
}
