// Dense convolutions of bytes, by our own kernels.
#include "Parallel.hpp"
#include "Plan.hpp"
#include "Quantized.hpp"

using namespace cinference;

namespace {

constexpr int64_t floatBytes = sizeof(float);

class QuantizedConvolutionStep final : public Step {
public:
    QuantizedConvolutionStep(const CInferenceConvolution &step, const CInferencePlan &plan)
        : step(step), threads(plan.threads), blocks(step.destination.channels / 16),
          steps(step.kernel_height * step.kernel_width * ((step.source.channels + 3) / 4)), bias(step.bias, step.destination.channels) {
        if (!quantizedKernels()) throw Unsupported("no instructions for bytes");
        const bool isImage = !step.source.blocked, fits = isImage ? step.source.channels <= 4 && step.stride == 2 : step.stride <= 2;
        if (!fits || step.groups != 1 || step.kernel_height * step.kernel_width > mostQuantizedTaps)
            throw Unsupported("a convolution that no kernel for bytes is made for");
        implementation = std::string("quantized:") + quantizedKernels()->name;
        packed = Buffer(int64_t(blocks) * steps * 64 * floatBytes);
        pack();
        if (step.accumulates && step.summand.type == CInferenceUint8)
            for (int o = 0; o < step.destination.channels; ++o)
                bias.floats()[o] -= step.summand.scale * float(step.summand.zero);
        if (step.gated) return;
        Buffer all(roundedBytes());
        quantize(all.data(), nullptr, plan.threads);
        rounded = plan.arena->keep(std::move(all), size_t(roundedBytes()));
        packed = Buffer();
    }

    void execute(const Run &run) override {
        if (step.gated) quantize(run.scratch, static_cast<const float *>(run.at(step.gate)), run.threads);
        const auto &from = step.source, &to = step.destination;
        QuantizedArguments a = arguments(step.gated ? run.scratch : rounded->data());
        (from.blocked ? a.source : reinterpret_cast<const void *&>(a.image)) = run.at(from);
        if (step.accumulates) a.summand = run.at(step.summand);
        a.destination = run.at(to);
        a.threads = run.threads;
        a.patches = reinterpret_cast<uint8_t *>(run.scratch) + gatedBytes();
        quantizedKernels()->convolution(a);
    }

    size_t scratchBytes() const override {
        QuantizedArguments a = arguments(nullptr);
        return size_t(gatedBytes() + QuantizedPatch(a, !step.source.blocked).bytes * threads);
    }
    int64_t weightBytes() const override { return packed.bytes() + bias.bytes() + (rounded ? rounded->bytes() : 0); }

private:
    /// Bytes, scales and bias, one after another.
    int64_t roundedBytes() const { return int64_t(blocks) * (int64_t(steps) * 64 + 2 * 16 * floatBytes); }
    int64_t gatedBytes() const { return step.gated ? (roundedBytes() + 63) / 64 * 64 : 0; }

    QuantizedWeights weights(char *memory) const {
        const int64_t bytes = int64_t(blocks) * steps * 64;
        float *scales = reinterpret_cast<float *>(memory + bytes);
        return {reinterpret_cast<int8_t *>(memory), scales, scales + blocks * 16};
    }

    void pack() {
        const int inputs = step.source.channels, taps = step.kernel_height * step.kernel_width, inputSteps = (inputs + 3) / 4;
        const QuantizedGroups groups(blocks);
        std::memset(packed.data(), 0, size_t(packed.bytes()));
        for (int group = 0; group < groups.count; ++group) {
            const int first = groups.first(group), size = groups.size(group);
            float *to = packed.floats() + int64_t(first) * steps * 64;
            for (int o = first * 16; o < (first + size) * 16; ++o)
                for (int i = 0; i < inputs; ++i)
                    for (int tap = 0; tap < taps; ++tap)
                        to[((int64_t(tap) * inputSteps + i / 4) * size + o / 16 - first) * 64 + o % 16 * 4 + i % 4] =
                            step.weights[(int64_t(o) * inputs + i) * taps + tap];
        }
        step.weights = step.bias = nullptr;
    }

    void quantize(char *memory, const float *gate, int threads) const {
        const QuantizedWeights to = weights(memory);
        quantizedKernels()->quantize({
            packed.floats(), gate, bias.floats(), step.source.scale, step.source.zero, blocks, steps,
            const_cast<int8_t *>(to.bytes), const_cast<float *>(to.scales), const_cast<float *>(to.bias), threads,
        });
    }

    QuantizedArguments arguments(char *memory) const {
        const auto &from = step.source, &to = step.destination;
        QuantizedArguments a{};
        a.weights = weights(memory);
        a.imageInverse = 1 / from.scale;
        a.sourceZero = from.zero;
        a.summandType = step.summand.type;
        a.summandScale = step.summand.scale;
        a.type = to.type;
        a.inverse = 1 / to.scale;
        a.zero = float(to.zero);
        a.inputs = from.channels;
        a.blocks = blocks;
        a.sourceHeight = from.height;
        a.sourceWidth = from.width;
        a.height = to.height;
        a.width = to.width;
        a.kernelHeight = step.kernel_height;
        a.kernelWidth = step.kernel_width;
        a.stride = step.stride;
        a.padTop = step.pad_top;
        a.padLeft = step.pad_left;
        a.activation = step.activation;
        return a;
    }

    CInferenceConvolution step;
    int threads, blocks, steps;
    /// The weights as floats in the bytes' order, while they are needed.
    Buffer packed, bias;
    std::shared_ptr<const Buffer> rounded;
};

}  // namespace

std::unique_ptr<Step> cinference::makeQuantizedConvolution(const CInferenceConvolution &step, const CInferencePlan &plan) {
    return std::make_unique<QuantizedConvolutionStep>(step, plan);
}
