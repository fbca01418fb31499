// Sums of taps of which one source is a 1x1 convolution of bytes: QuantizedTapSumBodies.hpp.
#include "Plan.hpp"
#include "QuantizedOutput.hpp"

using namespace cinference;

namespace {

class QuantizedTapSumStep final : public Step {
public:
    QuantizedTapSumStep(const CInferenceTapSum &sum, const CInferencePlan &plan)
        : sum(sum), source(sum.convolution->source), threads(plan.threads), blocks(sum.destination.channels / 16) {
        const CInferenceConvolution &convolution = *sum.convolution;
        if (!quantizedKernels()) throw Unsupported("no instructions for bytes");
        if (convolution.kernel_height * convolution.kernel_width * convolution.stride * convolution.groups != 1
            || convolution.activation != CInferenceIdentity || convolution.joins || convolution.gated
            || convolution.accumulates || sum.count < 1 || sum.count > mostTapSources
            || (sum.accumulates && sum.summand.type != CInferenceBfloat16))
            throw Unsupported("a sum of taps that no kernel for bytes is made for");
        implementation = std::string("quantized:") + quantizedKernels()->name;
        rounded = plan.arena->keep(packed(convolution), roundedBytes());
        this->sum.convolution = nullptr;
    }

    void execute(const Run &run) override {
        QuantizedTapSumArguments a = arguments();
        a.threads = run.threads;
        for (int s = 0; s < a.count; ++s) {
            a.sources[s] = run.at(sum.sources[s]);
            a.factors[s] = sum.factors[s];
        }
        a.source = run.at(source);
        if (sum.accumulates) a.summand = run.at(sum.summand);
        a.destination = run.at(sum.destination);
        a.rows = reinterpret_cast<float *>(run.scratch);
        a.weights = weights(rounded->memory.data());
        quantizedKernels()->tapSum(a);
    }

    size_t scratchBytes() const override { return size_t(arguments().rowFloats() * floatBytes * threads); }
    int64_t weightBytes() const override { return rounded->memory.bytes(); }

private:
    int64_t outputs() const { return int64_t(blocks) * 9 * 16; }
    /// Bytes, scales and bias, one after another.
    int64_t roundedBytes() const { return outputs() * (source.channels + 2 * floatBytes); }
    QuantizedWeights weights(char *memory) const {
        float *scales = reinterpret_cast<float *>(memory + outputs() * source.channels);
        return {reinterpret_cast<int8_t *>(memory), scales, scales + outputs()};
    }

    /// Weights and bias of each block's nine taps as a kernel of nine blocks wants them.
    Buffer packed(const CInferenceConvolution &convolution) const {
        const int64_t inputs = source.channels, channels = sum.destination.channels;
        const BlockGroups groups(9);
        Buffer result(roundedBytes()), values(9 * 16 * inputs * floatBytes), bias(9 * 16 * floatBytes);
        for (int64_t block = 0; block < blocks; ++block) {
            for (int group = 0; group < groups.count; ++group) {
                const int first = groups.first(group), size = groups.size(group);
                for (int64_t tap = first; tap < first + size; ++tap)
                    for (int64_t o = 0; o < 16; ++o) {
                        const int64_t output = tap * channels + block * 16 + o;
                        float *to = values.floats() + first * 16 * inputs + (tap - first) * 64 + o * 4;
                        for (int64_t i = 0; i < inputs; ++i)
                            to[i / 4 * size * 64 + i % 4] = convolution.weights[output * inputs + i];
                        bias.floats()[tap * 16 + o] = convolution.bias[output];
                    }
            }
            const QuantizedWeights all = weights(result.data());
            quantizedKernels()->quantize({
                values.floats(), nullptr, bias.floats(), source.scale, source.zero, 9, int(inputs / 4),
                const_cast<int8_t *>(all.bytes) + block * 9 * 16 * inputs, const_cast<float *>(all.scales) + block * 9 * 16,
                const_cast<float *>(all.bias) + block * 9 * 16, threads,
            });
        }
        return result;
    }

    QuantizedTapSumArguments arguments() const {
        QuantizedTapSumArguments a{};
        a.count = sum.count - 1;
        a.factor = sum.factors[a.count];
        a.blocks = blocks;
        a.height = sum.destination.height;
        a.width = sum.destination.width;
        a.inputs = source.channels;
        a.sourceType = a.count > 0 ? sum.sources[0].type : CInferenceFloat32;
        a.type = sum.destination.type;
        const bool areBytes = a.type == CInferenceUint8;
        a.scale = areBytes ? 1 / sum.destination.scale : 1;
        a.zero = areBytes ? float(sum.destination.zero) : 0;
        return a;
    }

    CInferenceTapSum sum;
    CInferenceTensor source;
    int threads, blocks;
    std::shared_ptr<const Weights> rounded;
};

}  // namespace

std::unique_ptr<Step> cinference::makeQuantizedTapSum(const CInferenceTapSum &step, const CInferencePlan &plan) {
    return std::make_unique<QuantizedTapSumStep>(step, plan);
}
