// 3x3 convolutions of bytes by Winograd's algorithm: QuantizedWinogradBodies.hpp.
#include "Parallel.hpp"
#include "Plan.hpp"
#include "QuantizedOutput.hpp"
#include "Winograd.hpp"

using namespace cinference;

namespace {

template <typename Algorithm>
class QuantizedWinogradStep final : public Step {
public:
    QuantizedWinogradStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : step(step), output(step.destination, step.activation), bias(step.bias, step.destination.channels),
          threads(plan.threads), blocks(step.destination.channels / 16), inputs(step.source.channels),
          wide(PackedInputs(inputs).steps * 4) {
        if (!quantizedKernels()) throw Unsupported("no instructions for bytes");
        const std::string side = std::to_string(Algorithm::outputs);
        implementation = "winograd_" + side + "x" + side + ":" + quantizedKernels()->name;
        if (step.accumulates) output.add(step.summand);
        const bool addsBytes = step.accumulates && step.summand.type == CInferenceUint8;
        for (int o = 0; o < step.destination.channels; ++o) {
            if (addsBytes) bias.floats()[o] -= step.summand.scale * float(step.summand.zero);
            bias.floats()[o] = bias.floats()[o] * output.factor + output.offset;
        }
        const int64_t taps = int64_t(step.destination.channels) * inputs * 9;
        for (int64_t tap = 0; tap < taps; ++tap)
            if (step.weights[tap] != 0) channels = std::max(channels, int(tap / 9 % inputs) + 1);
        rounded = plan.arena->keep(transformed(), roundedBytes());
        this->step.weights = this->step.bias = nullptr;
    }

    void execute(const Run &run) override {
        QuantizedWinogradArguments a = arguments();
        a.source = run.at(step.source);
        if (step.accumulates) a.summand = run.at(step.summand);
        a.output = output;
        a.output.destination = run.at(step.destination);
        a.threads = threads;
        a.patches = reinterpret_cast<uint8_t *>(run.scratch);
        a.region = run.region;
        quantizedKernels()->winograd(a);
    }

    RegionUnit regionUnit() const override { return {Algorithm::outputs, Algorithm::outputs}; }
    size_t scratchBytes() const override {
        const QuantizedWinogradArguments a = arguments();
        return size_t(WinogradBlocking(matrices<Algorithm>, a, a.region, 1).scratchBytes(a, threads));
    }
    int64_t weightBytes() const override { return rounded->memory.bytes() + bias.bytes(); }

private:
    static constexpr int products = Algorithm::points * Algorithm::points;

    /// Bytes of all points, their scales, their bias.
    int64_t roundedBytes() const { return int64_t(products) * blocks * 16 * (wide + 2 * floatBytes); }
    QuantizedWeights weights(char *memory, int point) const {
        const int64_t outputs = int64_t(blocks) * 16, all = products * outputs;
        float *scales = reinterpret_cast<float *>(memory + all * wide) + point * outputs;
        return {reinterpret_cast<int8_t *>(memory) + point * outputs * wide, scales, scales + all};
    }

    /// The weights at all points as bytes; results are the output's factor times what they are.
    Buffer transformed() const {
        // A tile's factors count 1 / 32768.
        const float unit = step.source.scale * output.factor * (32768 / winogradUnit), none[16 * BlockGroups::most] = {};
        const BlockGroups groups(blocks);
        Buffer result(roundedBytes()), values(products * wide * 16 * BlockGroups::most * floatBytes);
        for (int group = 0; group < groups.count; ++group) {
            const int64_t first = groups.first(group) * 16, size = groups.size(group), apart = wide * size * 16;
            if (wide > inputs) std::memset(values.data(), 0, size_t(values.bytes()));
            kernels().winogradTaps({
                step.weights + first * inputs * 9, values.floats(), apart, int(size) * 16, inputs, step.stride, threads,
                true,
            });
            for (int point = 0; point < products; ++point) {
                const QuantizedWeights to = weights(result.data(), point);
                quantizedKernels()->quantize({
                    values.floats() + point * apart, nullptr, none, unit, 128, int(size), int(wide / 4),
                    const_cast<int8_t *>(to.bytes) + first * wide, const_cast<float *>(to.scales) + first,
                    const_cast<float *>(to.bias) + first, threads,
                });
            }
        }
        return result;
    }

    QuantizedWinogradArguments arguments() const {
        QuantizedWinogradArguments a{};
        static_cast<ConvolutionShape &>(a) = shapeOf(step);
        a.sourceZero = step.source.zero;
        if (rounded) a.weights = weights(rounded->memory.data(), 0);
        a.bias = bias.floats();
        a.summandType = step.summand.type;
        a.summandScale = step.summand.scale;
        a.inputs = inputs;
        a.channels = channels;
        a.blocks = blocks;
        return a;
    }

    CInferenceConvolution step;
    Output output;
    Buffer bias;
    int threads, blocks, inputs, channels = 0;
    int64_t wide;  // inputs with the places between
    std::shared_ptr<const Weights> rounded;
};

}  // namespace

std::unique_ptr<Step> cinference::makeQuantizedWinograd(const CInferenceConvolution &step, const CInferencePlan &plan) {
    return withWinograd(step.stride, [&](auto algorithm) -> std::unique_ptr<Step> {
        return std::make_unique<QuantizedWinogradStep<Even<decltype(algorithm)>>>(step, plan);
    });
}
